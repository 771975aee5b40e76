"""What a proxy must know of a model's vocabulary to build its prompts (`tokenization` of Contract 1).

It is read from the GGUF file itself, so it is known of every model, wherever the file comes from. It knows no file.
"""

import re
from dataclasses import dataclass
from typing import Final

# llama_token_type in llama.cpp's include/llama.h
_UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED = 2, 3, 4, 5
ODD_TYPES: Final = frozenset({_UNKNOWN, _CONTROL, _USER_DEFINED, _UNUSED})

# llama.cpp takes user-defined tokens for what they are in any text, as the models' own tokenizers do: blank lines,
# <think>, <table>. Only those that look like markers of a turn are kept from users.
_TURN_MARKER: Final = re.compile(r"<[|\uff5c].*>|<.*[|\uff5c]>", re.DOTALL)

# How fetcher/convert/tokenizer.py leaves the token of U+0001 in nanochat's vocabulary: out of reach, so that
# llama.cpp drops U+0001 and still splits there. nanochat cuts numbers after two digits.
_UNREACHABLE: Final = "<|byte_01|>"
_SEPARATOR: Final = "\x01"
_DIGITS: Final = 2


@dataclass(frozen=True)
class Vocabulary:
    """The tokens that are no plain text: (text, type) by id, and the ids that the file names (bos, eos, ...)."""

    odd: dict[int, tuple[str, int]]
    named: frozenset[int]


@dataclass(frozen=True)
class Tokenization:
    """`tokenization` of the manifest."""

    special_tokens: list[str]
    digit_separator: str | None
    digits_per_group: int | None


def tokenization_of(vocabulary: Vocabulary) -> Tokenization:
    """The tokens that llama-server reads as control where a prompt spells them, and how numbers are cut."""
    cuts = (_UNREACHABLE, _UNUSED) in vocabulary.odd.values()
    return Tokenization(
        special_tokens=[
            text
            for index, (text, kind) in vocabulary.odd.items()
            if kind in (_UNKNOWN, _CONTROL)
            or (kind == _USER_DEFINED and (index in vocabulary.named or _TURN_MARKER.fullmatch(text)))
        ],
        digit_separator=_SEPARATOR if cuts else None,
        digits_per_group=_DIGITS if cuts else None,
    )
