"""How alike two texts are, word by word, and what two requests differ in. Deterministic; knows no HTTP and no files."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import pairwise
from typing import Any

_WORD = re.compile(r"\w+(?:'\w+)*|[^\w\s]")
# What changes from one day, or one run, to the next says little about what is asked.
_PASSING = re.compile(
    r"(?ix) \b\d{4}-\d\d-\d\d (?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)? \b"
    r"| \b\d\d?:\d\d(?::\d\d)? (?:\s?[ap]m)? \b"
    r"| \b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"| \b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b"
)
_LARGEST = 250_000  # pairs of words that are compared one by one
MOST_CHANGES = 20
_SHOWN = 200  # characters of a value


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs; a value that is not there is None."""

    path: str
    was: Any
    now: Any

    def shown(self) -> dict[str, Any]:
        """For the report."""
        return {"path": self.path, "was": _shown(self.was), "is": _shown(self.now)}


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The words and marks of a text; dates, times, weekdays and UUIDs are all the same."""
    return tuple(_WORD.findall(_PASSING.sub(" # ", text)))


@lru_cache(maxsize=4096)
def _bag(given: tuple[str, ...]) -> Counter[str]:
    return Counter(given)


def at_most(one: Sequence[str], other: Sequence[str]) -> float:
    """No less than how alike they are, and soon found: as if their words had no order."""
    return min([_unordered(words(a), words(b)) for a, b in zip(one, other, strict=True)], default=1.0)


def alike(one: Sequence[str], other: Sequence[str]) -> float:
    """How alike the texts are that differ most, from 0 to 1: a long text that stays must not outweigh a short one."""
    return min([_ratio(words(a), words(b)) for a, b in zip(one, other, strict=True)], default=1.0)


def _unordered(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    if one == other:
        return 1.0
    return 2 * sum((_bag(one) & _bag(other)).values()) / (len(one) + len(other))


def _ratio(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """The ratio that difflib knows; what both begin and end with, mostly nearly all, need not be searched."""
    if one == other:
        return 1.0
    begin = _common(one, other)
    end = _common(one[begin:][::-1], other[begin:][::-1])
    left, right = one[begin : len(one) - end], other[begin : len(other) - end]
    if len(left) * len(right) > _LARGEST:
        inside = _unordered(_pairs(left), _pairs(right))
    else:
        inside = SequenceMatcher(None, left, right, autojunk=False).ratio() if left or right else 1.0
    return (2 * (begin + end) + inside * (len(left) + len(right))) / (len(one) + len(other))


def _pairs(given: tuple[str, ...]) -> tuple[str, ...]:
    """Its neighbours: as a bag they still know of the order."""
    return tuple(map(" ".join, pairwise(("", *given, ""))))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def in_digits(similarity: float) -> float:
    """With three digits; only what is quite the same is 1."""
    return int(similarity * 1000) / 1000


def changes(was: Any, now: Any, path: str = "$") -> Iterator[Change]:
    """The places that differ, in order."""
    if isinstance(was, dict) and isinstance(now, dict):
        for name in dict.fromkeys([*was, *now]):
            yield from changes(was.get(name), now.get(name), f"{path}.{name}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (before, after) in enumerate(zip(was, now, strict=True)):
            yield from changes(before, after, f"{path}[{index}]")
    elif was != now or isinstance(was, bool) is not isinstance(now, bool):
        yield Change(path, was, now)


def _shown(value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value)
    return value if len(text) <= _SHOWN else text[:_SHOWN] + "..."
