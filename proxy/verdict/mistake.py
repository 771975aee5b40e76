"""What a mistake is: a way to find it in the history of a run, and what to do instead."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proxy.verdict.history import History


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is a mistake."""

    timeout_s: float = 120.0  # an answer, or a silence in a stream, that nobody should wait for longer
    storm_tries: int = 10  # more tries of one request than these
    storm_s: float = 10.0  # within so many seconds


@dataclass(frozen=True, slots=True)
class Found:
    """One time that it was made. Where it is not `certain`, a good client may look the same from here."""

    message: str
    requests: tuple[int, ...]
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, by the function that finds it; `advice` is one sentence."""

    find: Callable[[History, Limits], Iterator[Found]]
    advice: str


def many(number: int, noun: str, more: str = "s") -> str:
    """A number with its noun."""
    return f"{number} {noun}{'' if number == 1 else more}"


def span(seconds: float) -> str:
    """A time for people."""
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"
