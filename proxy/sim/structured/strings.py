"""Strings: of the length, the patterns and the formats asked for, and as sensible as these allow."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from proxy.sim.structured.automaton import Condition, texts
from proxy.sim.structured.check import UNMATCHED
from proxy.sim.structured.formats import FORMATS, Format
from proxy.sim.structured.merge import Node
from proxy.sim.structured.pattern import PatternError, Tree, least_length, written
from proxy.sim.structured.place import Place

if TYPE_CHECKING:
    from proxy.sim.structured.search import Search

_LONGEST = 100_000
_TRIES = 12
_MOST_NUMBERED = 50
_MORE = (16, 256, 4096)  # characters beyond the shortest, in which other texts are looked for
_FILLER = " and more of the same"
_DIGITS = "abcdefghijklmnopqrstuvwxyz0123456789"


def strings(search: "Search", made: Node, place: Place) -> Iterator[str]:
    """Strings, the most sensible first."""
    least, most = made.sizes("minLength", "maxLength")
    if least > _LONGEST or (most is not None and least > most):
        limit = _LONGEST if least > _LONGEST else most
        search.fail(made, f"a string cannot have at least {least} and at most {limit} characters.")
        return
    forms = [FORMATS[name] for name in made.every("format") if name in FORMATS]
    sources = made.every("pattern")
    found = False
    if sources or len(forms) > 1 or made.every(UNMATCHED):
        every = [*sources, *(form.pattern for form in forms)]
        values = matching(search, every, least, most, made.every(UNMATCHED))
    elif forms:
        values = _formatted(search, forms[0], least, most)
    else:
        values = _free(search, made, place, least, most)
    for value in values:
        if all(form.check(value) for form in forms):
            found = True
            yield value
    if not found:
        asked = [
            f"{key} {value!r}" for key in ("pattern", "format", "minLength", "maxLength") for value in made.every(key)
        ]
        search.fail(made, f"no string was found that meets {', '.join(asked) or 'all keywords'}.")


def _written(search: "Search", tree: Tree) -> Iterator[str]:
    """A few strings by one pattern, until one comes to a class of no characters: ways around it `texts` finds."""
    with suppress(PatternError):
        for _ in range(_TRIES):
            yield written(tree, search.draw, search.work.spend)


def matching(
    search: "Search", sources: Sequence[str], least: int, most: int | None, never: Sequence[str] = ()
) -> Iterator[str]:
    """Strings in which all of the patterns are found, and none of `never`."""
    read = [search.grammar.patterns.read(source) for source in sources]
    asked = [condition for _, conditions in read for condition in conditions]
    for source in never:
        _, conditions = search.grammar.patterns.read(source)
        if len(conditions) == 1:  # of several, any may fail: that is left to the check of the value
            asked.append(Condition(conditions[0].automaton, wanted=not conditions[0].wanted))
    for text in _written(search, read[0][0].tree) if read else ():
        if least <= len(text) and (most is None or len(text) <= most) and all(each.holds(text) for each in asked):
            yield text
    shortest = max([least, *(least_length(pattern.tree) for pattern, _ in read)])
    for more in _MORE:
        limit = shortest + more if most is None else min(most, shortest + more)
        found = False
        for text in texts(asked, least, limit, search.draw, search.work.spend):
            found = True
            yield text
        if found or limit == most:
            return


def _formatted(search: "Search", form: Format, least: int, most: int | None) -> Iterator[str]:
    for _ in range(_TRIES):
        text = form.make(search.draw)
        if least <= len(text) and (most is None or len(text) <= most):
            yield text
    yield from matching(search, [form.pattern], least, most)


def _free(search: "Search", made: Node, place: Place, least: int, most: int | None) -> Iterator[str]:
    first = ""
    for text in search.meaning.texts(made, place):
        fitted = _fitted(text, least, most)
        first = first or fitted
        yield fitted
    room = least + 8 if most is None else most
    for number in range(2, _MOST_NUMBERED):
        text = f"{first} {number}"
        if len(text) <= room or most is None:
            yield text
    for number in count() if most != 0 else ():
        text = _counted(number).rjust(max(least, 1), _DIGITS[0])
        if len(text) > room:
            return
        yield text


def _fitted(text: str, least: int, most: int | None) -> str:
    """The text, cut after a word if it is too long and gone on with if it is too short."""
    if most is not None and len(text) > most:
        cut = text[:most]
        whole = cut.rpartition(" ")[0].rstrip(" ,.;:")
        text = whole if len(whole) >= max(least, most // 2) else cut.rstrip() if len(cut.rstrip()) >= least else cut
    if len(text) < least:
        text = (text + _FILLER * (1 + (least - len(text)) // len(_FILLER)))[
            : least if most is None else min(most, least)
        ]
        text = text[:-1] + "." if text.endswith(" ") else text
    return text


def _counted(number: int) -> str:
    text = _DIGITS[number % len(_DIGITS)]
    while number >= len(_DIGITS):
        number = number // len(_DIGITS) - 1
        text = _DIGITS[number % len(_DIGITS)] + text
    return text
