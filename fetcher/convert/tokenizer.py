"""nanochat's tokenizer.pkl as the vocabulary of a GGUF file: tokens, their types, merges, special tokens.

The file is a pickled tiktoken.Encoding: byte strings with ranks, and no merges. They are found again by
splitting each token with the tokens that came before it. The split pattern is GPT-4's with numbers cut
into two digits; llama.cpp's `llama-bpe` cuts them into three and agrees otherwise. Its byte-pair encoder
drops a byte that has no token of its own, but still splits there: so the token of U+0001 gets another
name here, and whoever builds the prompt puts U+0001 after every second digit of a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.pickles import Arguments, Instance, unpickle

MAX_FILE: Final = 16 << 20
MAX_WORK: Final = 1 << 26
"""Finding a token's merge takes time in proportion to the square of its length."""

SPECIAL_TOKENS: Final = (
    "<|bos|>",
    "<|user_start|>",
    "<|user_end|>",
    "<|assistant_start|>",
    "<|assistant_end|>",
    "<|python_start|>",
    "<|python_end|>",
    "<|output_start|>",
    "<|output_end|>",
)
SPLIT_PATTERN: Final = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,2}| ?[^\s\p{L}\p{N}]++[\r\n]*"
    r"|\s*[\r\n]|\s+(?!\S)|\s+"
)
DIGIT_SEPARATOR: Final = "\x01"
DIGITS_PER_GROUP: Final = 2

_NORMAL, _CONTROL, _UNUSED = 1, 3, 5
"""llama_token_type in llama.cpp's include/llama.h"""

_Key = TypeVar("_Key", bytes, str)


@dataclass(frozen=True)
class Tokenizer:
    """Everything that a GGUF file says of a vocabulary, by token id where it is a list."""

    tokens: list[str]
    types: list[int]
    merges: list[str]
    special: dict[str, int]


def read_tokenizer(path: Path) -> Tokenizer:
    """Raises UnsupportedCheckpoint for anything but a whole vocabulary of nanochat's kind."""
    label = path.name
    if path.stat().st_size > MAX_FILE:
        raise UnsupportedCheckpoint(f"{label} is larger than {MAX_FILE:,} bytes, which no tokenizer is")
    state = _encoding_state(path.read_bytes(), label)
    if state.get("pat_str") != SPLIT_PATTERN:
        raise UnsupportedCheckpoint(f"{label} splits text in another way (pat_str) than nanochat")
    ranks = _ids(state, "mergeable_ranks", bytes, label)
    special = _ids(state, "special_tokens", str, label)
    if sorted(ranks.values()) != list(range(len(ranks))):
        raise UnsupportedCheckpoint(f"{label} has gaps or duplicates among its token ids (mergeable_ranks)")
    if sorted(special.values()) != list(range(len(ranks), len(ranks) + len(SPECIAL_TOKENS))):
        raise UnsupportedCheckpoint(f"{label} does not have its special tokens last (special_tokens)")
    if set(special) != set(SPECIAL_TOKENS):
        raise UnsupportedCheckpoint(f"{label} has other special tokens than nanochat (special_tokens)")
    return _vocabulary(ranks, special, label)


def _encoding_state(data: bytes, label: str) -> Mapping[object, object]:
    def encoding(arguments: Arguments) -> Instance:
        if arguments:
            raise UnsupportedCheckpoint(f"{label} builds its encoding in an odd way")
        return Instance()

    found = unpickle(data, label, {"tiktoken.core.Encoding": encoding})
    if not isinstance(found, Instance):
        raise UnsupportedCheckpoint(f"{label} holds something else than a tiktoken encoding")
    return found.state


def _ids(state: Mapping[object, object], field: str, kind: type[_Key], label: str) -> dict[_Key, int]:
    table = state.get(field)
    if not isinstance(table, dict) or not table:
        raise UnsupportedCheckpoint(f"{label} has no {field}")
    for key, number in table.items():
        if not isinstance(key, kind) or not key or type(number) is not int:
            raise UnsupportedCheckpoint(f"{label} has an odd entry in {field}")
    return table


def _vocabulary(ranks: dict[bytes, int], special: dict[str, int], label: str) -> Tokenizer:
    if any(bytes([byte]) not in ranks for byte in range(256)):
        raise UnsupportedCheckpoint(f"{label} lacks a token for some byte (mergeable_ranks)")
    if sum(len(token) ** 2 for token in ranks) > MAX_WORK:
        raise UnsupportedCheckpoint(f"{label} has tokens of absurd length (mergeable_ranks)")
    ordered = sorted(ranks, key=ranks.__getitem__)
    tokens = [_printable(token) for token in ordered] + sorted(special, key=special.__getitem__)
    types = [_NORMAL] * len(ordered) + [_CONTROL] * len(special)
    separator = ranks[DIGIT_SEPARATOR.encode()]
    tokens[separator] = "<|byte_01|>"
    types[separator] = _UNUSED
    if len(set(tokens)) != len(tokens):
        raise UnsupportedCheckpoint(f"{label} has an ordinary token that reads like a special one")
    merges = [_merge(token, ranks, label) for token in ordered if len(token) > 1]
    return Tokenizer(tokens, types, merges, special)


def _merge(token: bytes, ranks: dict[bytes, int], label: str) -> str:
    """The last step of byte-pair encoding `token`: what remains when only earlier tokens may be used."""
    limit = ranks[token]
    parts = [token[i : i + 1] for i in range(len(token))]
    while len(parts) > 2:
        best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], limit))
        if ranks.get(parts[best] + parts[best + 1], limit) >= limit:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    if len(parts) != 2:
        raise UnsupportedCheckpoint(f"{label} has a token (id {limit}) that no two earlier tokens make")
    return " ".join(map(_printable, parts))


def _byte_names() -> list[str]:
    """A printable character for each byte, as GPT-2 chose them: itself, or the next one from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = iter(range(0x100, 0x200))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


_BYTE_NAMES: Final = _byte_names()


def _printable(token: bytes) -> str:
    return "".join(map(_BYTE_NAMES.__getitem__, token))
