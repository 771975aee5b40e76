"""Finds values that meet a schema: tries alternatives in turn, the most sensible first, and steps back from what fails.

All generators here are lazy and yield only values that meet everything asked of them: whoever needs another one asks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from proxy.sim.structured.arrays import arrays
from proxy.sim.structured.check import Checker
from proxy.sim.structured.document import DEEPEST, Schema
from proxy.sim.structured.draw import Draw
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.grammar import Grammar
from proxy.sim.structured.hints import Hints
from proxy.sim.structured.meaning import Meaning
from proxy.sim.structured.merge import Choice, Node
from proxy.sim.structured.numbers import numbers
from proxy.sim.structured.objects import objects
from proxy.sim.structured.place import Place
from proxy.sim.structured.strings import strings
from proxy.sim.structured.work import Work

_MOST_LOOPS = 2  # how often the way comes back to a definition before it takes the shortest way out
_ENOUGH = 8000  # steps, after which all take the shortest way out
_MOST_MISSES = 12  # values in a row that fail what can only be checked
_LEANEST = {"null": 0, "boolean": 1, "integer": 2, "fraction": 2, "string": 3, "array": 4, "object": 5}


class Search:
    """One search for one value."""

    def __init__(self, grammar: Grammar, draw: Draw, hints: Hints, *, bare: bool = False) -> None:
        self.grammar = grammar
        self.draw = draw
        self.bare = bare  # nothing that can be left out
        self.work = Work(len(grammar.document.parts))
        self.checker = Checker(grammar.document, grammar.patterns, self.work)
        self.meaning = Meaning(hints, draw)
        self._failure: tuple[tuple[str, ...], str] = ((), "no value meets the schema.")

    def first(self) -> Any:
        """The most sensible value. Raises SchemaError."""
        root = self.grammar.document.root
        for value in self.values((root,), Place(trail=frozenset((id(root),)))):
            return value
        raise SchemaError(*self._failure)

    def values(self, schemas: tuple[Schema, ...], place: Place) -> Iterator[Any]:
        """Every value that is found for all of these schemas; the same one may come again."""
        made = self.grammar.node(schemas)
        self.work.spend(8 + len(made.parts))
        if made.dead or place.depth > DEEPEST:
            self.fail(made, made.dead or f"a value has to be nested more than {DEEPEST} levels deep.")
            return
        for value in self._suggested(made, place):
            if self.meets(value, made):
                yield value
        yield from self._resolved(made, place)

    def meets(self, value: Any, made: Node) -> bool:
        """Whether the value meets every part."""
        return all(self.checker.valid(value, part) for part in made.parts)

    def lean(self, place: Place) -> bool:
        """Whether to leave out what can be left out."""
        return place.loops >= _MOST_LOOPS or self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether the value is large enough by now."""
        return self.bare or self.work.spent > _ENOUGH

    def fail(self, made: Node, reason: str) -> None:
        """Remember why there is no value for these parts."""
        paths = (self.grammar.document.path(part) for part in made.parts)
        self._failure = next(filter(None, paths), ()), reason

    def _suggested(self, made: Node, place: Place) -> Iterator[Any]:
        if made.types[0] not in ("object", "array") and made.values is None:
            yield from self.meaning.told(made, place)
        if made.suggestions and not self.lean(place):
            yield from made.suggestions[:1]
            yield from self.draw.shuffled(made.suggestions[1:])

    def _resolved(self, made: Node, place: Place) -> Iterator[Any]:
        self.work.spend(1 + len(made.parts))
        if made.dead:
            self.fail(made, made.dead)
            return
        if not made.choices:
            yield from self._plain(made, place.through(made.references) if made.references else place)
            return
        choice = made.choices[0]
        settled = made.settled | {choice.key}
        for option in chain(self._ordered(made, choice, place), choice.harder):
            yield from self._resolved(self.grammar.node((*made.schemas, *option), settled), place)

    def _ordered(self, made: Node, choice: Choice, place: Place) -> Sequence[tuple[Schema, ...]]:
        options = choice.options
        if not choice.ranked or len(options) == 1:
            return options
        if self.lean(place.through(made.references)):
            return sorted(options, key=self._leanness)
        return sorted(self.draw.shuffled(options), key=lambda option: self.meaning.rank(self.grammar.node(option)))

    def _leanness(self, option: tuple[Schema, ...]) -> tuple[float, int]:
        types = self.grammar.node(option).types
        return self.grammar.document.height(option[0]), min([_LEANEST[each] for each in types], default=0)

    def _plain(self, made: Node, place: Place) -> Iterator[Any]:
        if made.values is not None:
            yield from self._listed(made)
            return
        for kind in self._types(made, place):
            found = _KINDS[kind](self, made, place)
            yield from self._checked(made, found) if made.checked else found

    def _listed(self, made: Node) -> Iterator[Any]:
        values = made.values or []
        found = False
        for value in values if len(values) == 1 else self.meaning.ordered(values):
            if self.meets(value, made):
                found = True
                yield value
        if not found:
            self.fail(made, "no value of 'enum' or 'const' meets the other keywords.")

    def _types(self, made: Node, place: Place) -> list[str]:
        types = made.types
        if len(types) == 1:
            return list(types)
        if self.lean(place):
            types = tuple(sorted(types, key=_LEANEST.__getitem__))
        else:
            types = (*[each for each in types if each != "null"], *(["null"] if "null" in types else ()))
        if "integer" in types and "fraction" in types:  # which of them it is, the numbers decide
            return [each for each in types if each != "fraction"]
        return list(types)

    def _checked(self, made: Node, values: Iterable[Any]) -> Iterator[Any]:
        misses = 0
        for value in values:
            if self.meets(value, made):
                misses = 0
                yield value
                continue
            misses += 1
            if misses > _MOST_MISSES:
                break
        if misses:
            keywords = [
                key for key in ("not", "oneOf", "if", "contains", "propertyNames", "multipleOf") if made.every(key)
            ]
            self.fail(
                made, f"no value was found that also meets {' and '.join(map(repr, keywords)) or 'all keywords'}."
            )


def _booleans(search: Search, *_: Any) -> Iterator[Any]:
    first = search.meaning.truth()
    yield from (first, not first)


def _null(*_: Any) -> Iterable[Any]:
    return (None,)


_KINDS: dict[str, Callable[[Search, Node, Place], Iterable[Any]]] = {
    "string": strings,
    "integer": numbers,
    "fraction": numbers,
    "boolean": _booleans,
    "null": _null,
    "object": objects,
    "array": arrays,
}
