"""Numbers within bounds, as round as the bounds allow."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from proxy.sim.structured.check import is_multiple
from proxy.sim.structured.merge import Node, Range
from proxy.sim.structured.place import Place

if TYPE_CHECKING:
    from proxy.sim.structured.search import Search

_MOST_VALUES = 2000  # tried one after another when several are asked for
_FINEST = 12  # decimals
_ONE = Fraction(1)


def numbers(search: "Search", made: Node, place: Place) -> Iterator[float]:
    """Numbers that the name suggests as far as the bounds allow, then the rest in order."""
    span = made.range
    found = False
    for step in _steps(search, made, place, span):
        for count in _counts(search, place, span, step):
            value = _plain(count * step)
            if value is not None and all(is_multiple(value, each) for each in made.every("multipleOf")):
                found = True
                yield value
        if found:
            return
    search.fail(made, _reason(made))


def _steps(search: "Search", made: Node, place: Place, span: Range) -> list[Fraction]:
    """Distances between the numbers to choose from: the first that leaves any is taken."""
    whole = "fraction" not in made.types
    if whole or span.step is not None:
        step = span.step or _ONE
        if not whole:
            return [step]
        # Whole multiples of p/q are the multiples of p.
        return [Fraction(step.numerator)]
    finest = [Fraction(1, 10**digits) for digits in range(1, _FINEST + 1)]
    return [Fraction(1, 10 ** search.meaning.decimals(place)), *finest, *_middle(span)]


def _middle(span: Range) -> list[Fraction]:
    if span.low is None or span.high is None:
        return []
    middle = (span.low + span.high) / 2
    return [abs(middle)] if middle else []


def _counts(search: "Search", place: Place, span: Range, step: Fraction) -> Iterator[int]:
    least, most = span.multiples(step)
    if least is not None and most is not None and least > most:
        return
    low, high = search.meaning.range(place)
    nice_low, nice_high = Range(Fraction(low), False, Fraction(high), False, None).multiples(step)
    assert nice_low is not None
    assert nice_high is not None
    first, last = _overlap(least, most, nice_low, max(nice_low, nice_high))
    for _ in range(4):
        yield first + search.draw.below(last - first + 1)
    yield from range(first, min(last, first + _MOST_VALUES) + 1)
    if least is not None:
        yield from range(least, min(first, least + _MOST_VALUES))
    yield from range(last + 1, last + 1 + _MOST_VALUES if most is None else min(most, last + _MOST_VALUES) + 1)
    if least is None:
        yield from range(first - 1, first - _MOST_VALUES, -1)


def _overlap(least: int | None, most: int | None, low: int, high: int) -> tuple[int, int]:
    """The part of low..high that is within least..most, or what there is nearest to it."""
    if least is not None and high < least:
        return least, least + (high - low) if most is None else min(most, least + (high - low))
    if most is not None and low > most:
        return (most - (high - low) if least is None else max(least, most - (high - low))), most
    return (low if least is None else max(low, least)), (high if most is None else min(high, most))


def _plain(number: Fraction) -> float | None:
    if number.denominator == 1:
        return int(number)
    try:
        value = float(number)
    except OverflowError:
        return None
    return value if Fraction(repr(value)) == number or value != 0 else None


def _reason(made: Node) -> str:
    keys = ("type", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf")
    asked = [f"{key} {value}" for part in made.parts for key, value in part.items() if key in keys]
    return f"no number meets {', '.join(asked)}."
