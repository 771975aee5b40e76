"""Embeddings without a model: unit vectors in which texts that share words, parts of words or subjects are near.

A pure function from a text to numbers. Every feature of a text (a word, its letters by three, what it is about, its
neighbours) is a row of signs drawn from its digest; a text is the weighted sum of its features. The sum is made of
whole numbers and divided once, so the vector is the same on every machine. Knows no grammar and no tokens.
"""

import math
import re
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from hashlib import shake_128
from itertools import pairwise

from proxy.sim.concepts import concepts
from proxy.sim.lexicon import FUNCTION_WORDS

VERSION = 1  # goes up whenever any vector changes
ENCODING = "cl100k_base"  # of OpenAI's embedding models

_LANE = 4  # bytes: room for the sum of all weights of the longest text
# The eight signs of a byte as lanes of 0 or 1, so that one addition of long numbers adds a whole row.
_LANES = tuple(b"".join((byte >> bit & 1).to_bytes(_LANE, "little") for bit in range(8)) for byte in range(256))
_WORDS = re.compile(
    r"[^\x00-/:-@\[-`{-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\xd7\xf7\u2000-\u206f\u3000-\u3004\u3008-\u3020]+"
)
_LAST_WITH_SPACES = "\u0e00"  # from Thai on, a run of letters may be a whole sentence
_LAST_TO_LOWER = "\u0530"  # what is a small letter does not change with Python's tables up to here
_WORD, _FUNCTION_WORD, _CONCEPT, _LETTERS, _NEIGHBOURS = 8, 1, 6, 2, 1  # weights
_MOST_REPEATS = 4  # a word that comes more often counts no more
_LONGEST_WITH_ORDER = 256  # words; in a longer text the order is left out
_LONGEST_WORD = 64  # characters
_ENDINGS = ("ational", "ations", "ingly", "ation", "ings", "ness", "ment", "edly", "ing", "ies", "ed", "es", "ly", "s")
_loading = threading.Lock()


def embed(text: str, dimensions: int) -> tuple[float, ...]:
    """The vector of a text, of length 1, in float32. A smaller one is the beginning of a larger one, scaled."""
    return _unit(Counter(dict(_features(text))), dimensions)


def embed_tokens(tokens: Sequence[int], dimensions: int) -> tuple[float, ...]:
    """The vector of token ids, near those of arrays that share ids; not near the text's, which cannot be known."""
    return _unit(Counter({f"token {token}": min(times, 4) for token, times in Counter(tokens).items()}), dimensions)


def count(text: str) -> int:
    """Tokens of a text, by the encoding of the embedding models; its tables load at the first count (0.15 s, 48 MB)."""
    return _truncate()(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"), 0, ENCODING)[1]


@cache
def _truncate() -> Callable[[str, int, str], tuple[str, int]]:
    with _loading:
        from toktok import truncate  # noqa: PLC0415 - 5 ms and 8 MB that an importer should not pay

    typed: Callable[[str, int, str], tuple[str, int]] = truncate
    return typed


def stem(word: str) -> str:
    """An English word without its common endings; any other word as it is."""
    if len(word) < 4 or not word.isascii():
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word[: -len(ending)] + ("y" if ending == "ies" else "")
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]  # running, run
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _features(text: str) -> Iterator[tuple[str, int]]:
    """Each feature of a text once, with its weight."""
    words = [word.lower() if max(word) < _LAST_TO_LOWER else word for word in _WORDS.findall(text)]
    total: Counter[str] = Counter()
    for word, times in Counter(words).items():
        for feature, weight in _of_word(word[:_LONGEST_WORD]):
            total[feature] += weight * min(times, _MOST_REPEATS)
        for at in range(_LONGEST_WORD, len(word), _LONGEST_WORD):
            total["word " + word[at : at + _LONGEST_WORD]] += _WORD
    if len(words) <= _LONGEST_WITH_ORDER:
        for one, next_one in pairwise(words):
            total[f"pair {one} {next_one}"] += _NEIGHBOURS
    if not total:
        total["text " + text] = _WORD
    yield from total.items()


@lru_cache(maxsize=4096)
def _of_word(word: str) -> tuple[tuple[str, int], ...]:
    if max(word) >= _LAST_WITH_SPACES:
        parts = [*word, *(word[at : at + 2] for at in range(len(word) - 1))]
        return tuple(("part " + part, _LETTERS * 2) for part in parts)
    if word in FUNCTION_WORDS:
        return (("word " + word, _FUNCTION_WORD),)
    root = stem(word)
    marked = f"<{root}>"
    letters = (("part " + marked[at : at + 3], _LETTERS) for at in range(len(marked) - 2))
    about = concepts()
    return (
        ("word " + root, _WORD),
        *((name, _CONCEPT) for name in about.get(word) or about.get(root) or _by_stem().get(root, ())),
        *letters,
    )


@cache
def _by_stem() -> dict[str, tuple[str, ...]]:
    return {stem(word): names for word, names in concepts().items()}


@lru_cache(maxsize=512)
def _row(feature: str, dimensions: int) -> int:
    """The signs of a feature as one long number, a lane for each; fewer dimensions are the first of more."""
    drawn = shake_128(f"{VERSION} {feature}".encode("utf-8", "surrogatepass")).digest(-(-dimensions // 8))
    return int.from_bytes(b"".join(map(_LANES.__getitem__, drawn))[: dimensions * _LANE], "little")


def _unit(features: Counter[str], dimensions: int) -> tuple[float, ...]:
    rows = sum([_row(feature, dimensions) * weight for feature, weight in features.items()])
    all_weights = sum(features.values())
    lanes = struct.unpack(f"<{dimensions}I", rows.to_bytes(dimensions * _LANE, "little"))
    # A lane holds the weights of its ones; the rest are minus ones. The half keeps every sum from being nothing.
    sums = [2 * lane - all_weights + 0.5 for lane in lanes]
    length = math.sqrt(math.fsum([value * value for value in sums]))
    packed = struct.pack(f"<{dimensions}f", *[value / length for value in sums])
    return struct.unpack(f"<{dimensions}f", packed)
