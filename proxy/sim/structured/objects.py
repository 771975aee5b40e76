"""Objects: which properties they have, and the values of these."""

from collections.abc import Iterator
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
_MOST_PROPERTIES = 10_000
_MOST_NAMES = 200  # names tried for a property that has none


def objects(search: "Search", made: Node, place: Place) -> Iterator[dict[str, Any]]:
    """Objects with all properties that are named, and then with as few as possible."""
    least, most = made.sizes("minProperties", "maxProperties")
    known = list(dict.fromkeys([name for each in made.every("properties") for name in each]))
    required = dict.fromkeys([name for each in made.every("required") for name in each])
    if most is not None and max(least, len(required)) > most:
        search.fail(made, f"an object cannot have at least {max(least, len(required))} and at most {most} properties.")
        return
    if least > _MOST_PROPERTIES:
        search.fail(made, f"'minProperties' {least} is more than {_MOST_PROPERTIES}.")
        return
    wrong = [name for name in required if not _named(search, made, name)]
    if wrong:
        search.fail(made, f"the required property {wrong[0]!r} is no name that 'propertyNames' allows.")
        return
    optional = [name for name in known if name not in required and _possible(search, made, name)]
    wanted = [name for name in optional if _small(search, made, name)] if search.lean(place) else optional
    if most is not None:
        wanted = wanted[: most - len(required)]
    open_ended = not known and (made.every("additionalProperties") or made.every("patternProperties"))
    free = 2 if open_ended and not search.lean(place) else 0
    order = [name for name in known if name in required or name in wanted]
    order += [name for name in required if name not in order]
    yield from _filled(search, made, place, order, required, max(least, free if most is None else min(free, most)))
    order = [name for name in order if name in required]
    rest = [name for name in optional if name not in required][: max(0, least - len(order))]
    if wanted or free:
        yield from _filled(search, made, place, [*order, *rest], required, least)


def _possible(search: "Search", made: Node, name: str) -> bool:
    return not search.grammar.node(search.grammar.member(made, name)).dead and _named(search, made, name)


def _small(search: "Search", made: Node, name: str) -> bool:
    member = search.grammar.node(search.grammar.member(made, name))
    return "object" not in member.types and not search.exhausted


def _named(search: "Search", made: Node, name: str) -> bool:
    return all(search.checker.valid(name, each) for each in made.every("propertyNames"))


def _filled(
    search: "Search", made: Node, place: Place, names: list[str], required: dict[str, None], least: int
) -> Iterator[dict[str, Any]]:
    """Objects of these properties, as far as they can be had, and of further ones up to `least`."""
    extra = _names(search, made, place, set(names))
    names = names + list(islice(extra, max(0, least - len(names))))
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
        candidates += [matching(search, [source], 1, None) for source in patterns]
    candidates.append(search.meaning.labels(place))
    candidates.append(f"property_{number}" for number in count(1))
    for name in chain.from_iterable(islice(each, _MOST_NAMES + len(taken)) for each in candidates):
        search.work.spend(1)
        if name not in taken and _possible(search, made, name):
            taken.add(name)
            yield name
