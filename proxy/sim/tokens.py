"""Exact o200k_base token counts, the encoding of GPT-4o and later.

Knows nothing of messages or answers. The tables come inside the toktok package and are loaded at the first
count (0.3 s, about 65 MB), so that importing this module stays cheap.
"""

import threading
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

ENCODING = "o200k_base"
_loading = threading.Lock()


@cache
def _truncate() -> Callable[[str, int, str], tuple[str, int]]:
    with _loading:  # two first counts at once would otherwise load two sets of tables
        from toktok import truncate  # noqa: PLC0415 - 5 ms and 8 MB that an importer should not pay

        truncate("", 0, ENCODING)
    typed: Callable[[str, int, str], tuple[str, int]] = truncate
    return typed


def warm_up() -> None:
    """Load the tables now. Safe beside a concurrent `count`, which waits for the same tables.

    toktok holds the interpreter's lock while it loads: other threads stand still for those 0.3 s.
    """
    _truncate()


def count(text: str) -> int:
    """How many tokens `text` has; that of a special token such as <|endoftext|> is ordinary text."""
    # A truncation to nothing reports the total too, and costs 0.3 µs where toktok's batch_count costs 25.
    try:
        return _truncate()(text, 0, ENCODING)[1]
    except UnicodeEncodeError:
        return _truncate()(without_lone_surrogates(text), 0, ENCODING)[1]


def cut(text: str, max_tokens: int) -> tuple[str, int, bool]:
    """The first `max_tokens` tokens of `text`, their count, and whether anything was left out.

    Never ends in half a character: where a token boundary lies inside one, that character goes too
    and the count is smaller than `max_tokens`.
    """
    # No text has more tokens than bytes, and toktok takes no numbers of any size.
    kept, total = _truncate()(text, min(max_tokens, 4 * len(text)), ENCODING)
    if total <= max_tokens:
        return text, total, False
    return kept, count(kept), True


def encode(text: str) -> list[int]:
    """The ids of the tokens of `text`."""
    ids: list[int] = _table().encode_ordinary(without_lone_surrogates(text))
    return ids


def token_bytes(ids: Iterable[int]) -> list[bytes]:
    """What each token stands for, which can be a part of a character; nothing for an id that no token has."""
    return [_bytes_of(each) for each in ids]


@lru_cache(maxsize=4096)
def _bytes_of(token: int) -> bytes:
    try:
        spelled: bytes = _table().decode_single_token_bytes(token)
    except (KeyError, OverflowError):
        return b""
    return spelled


@cache
def _table() -> Any:
    """The same tables, with ids."""
    _truncate()
    from toktok import _encoding  # noqa: PLC0415 - as above; toktok's own word for "who needs ids"

    return _encoding(ENCODING)


def without_lone_surrogates(text: str) -> str:
    """The text as UTF-8 can carry it: U+FFFD for a half of a pair."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
