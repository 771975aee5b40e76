"""Objects: which properties they have, and the values of these."""

from collections.abc import Container, Iterator, Sequence
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

from proxy.sim.structured.combinations import Source, combinations
from proxy.sim.structured.merge import Node
from proxy.sim.structured.place import Place
from proxy.sim.structured.strings import matching

if TYPE_CHECKING:
    from proxy.sim.structured.search import Search

_MISSING = object()
_STRING = {"type": "string"}
_MOST_NAMES = 200  # names tried for a property that has none


def objects(search: "Search", made: Node, place: Place) -> Iterator[dict[str, Any]]:
    """Objects with all properties that are named, and then with as few as possible."""
    outline = search.grammar.outline(made)
    if outline.wrong:
        search.fail(made, outline.wrong)
        return
    least, most, required = outline.least, outline.most, outline.required
    lean = search.lean(place)
    wanted = outline.optional
    if lean:
        wanted = () if search.exhausted else outline.small
    if most is not None:
        wanted = wanted[: most - len(required)]
    free = 0 if lean else outline.free
    names = outline.names if wanted is outline.optional else outline.ordered(wanted)
    yield from _filled(search, made, place, names, required, max(least, free))
    if wanted or free:
        few = outline.optional[: max(0, least - len(required))]
        yield from _filled(search, made, place, outline.ordered(few), required, least)


def _filled(
    search: "Search", made: Node, place: Place, names: Sequence[str], required: Container[str], least: int
) -> Iterator[dict[str, Any]]:
    """Objects of these properties, as far as they can be had, and of further ones up to `least`."""
    extra = _names(search, made, place, set(names))
    names = [*names, *islice(extra, max(0, least - len(names)))]
    owner = made.title or place.name or place.owner

    def source(name: str) -> Source:
        schemas = search.grammar.member(made, name)
        if name in required:
            return lambda: search.values(schemas, place.below(name, owner))
        return lambda: _or_missing(search.values(schemas, place.below(name, owner)))

    while True:
        sources = [source(name) for name in names]
        short = len(names) < least
        for values in combinations(sources, search.work.spend):
            found = {name: value for name, value in zip(names, values, strict=True) if value is not _MISSING}
            short = len(found) < least
            if short:
                break  # as some of them cannot be had, others have to stand in
            yield found
        more = next(extra, None) if short else None
        if more is None:
            break
        names.append(more)
    if short:
        search.fail(made, f"an object cannot have as many as {least} properties.")


def _or_missing(values: Iterator[Any]) -> Iterator[Any]:
    first = next(values, _MISSING)
    yield first
    yield from values


def _names(search: "Search", made: Node, place: Place, taken: set[str]) -> Iterator[str]:
    """Names of further properties, as far as such may be."""
    named = tuple(made.every("propertyNames"))
    candidates: list[Iterator[str]] = []
    if named:
        candidates.append(search.values((*named, _STRING), place.below("key", place.name)))
    for patterns in made.every("patternProperties"):
        candidates += [matching(search, [source], 0, None) for source, each in patterns.items() if each is not False]
    candidates.append(search.meaning.labels(place))
    candidates.append(f"property_{number}" for number in count(1))
    for name in chain.from_iterable(islice(each, _MOST_NAMES + len(taken)) for each in candidates):
        search.work.spend(1)
        if name not in taken and search.grammar.possible(made, name):
            taken.add(name)
            yield name
