"""Arrays: how long they are, and what stands where."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from proxy.sim.structured.combinations import Source, combinations, distinct
from proxy.sim.structured.document import Schema
from proxy.sim.structured.merge import Node
from proxy.sim.structured.place import Place

if TYPE_CHECKING:
    from proxy.sim.structured.search import Search

_MOST_ITEMS = 10_000
_MORE_LENGTHS = 8  # lengths tried besides the first


def arrays(search: "Search", made: Node, place: Place) -> Iterator[list[Any]]:
    """Arrays of a natural length, then of others."""
    wanted = [(part["contains"], int(part.get("minContains", 1))) for part in made.parts if "contains" in part]
    number = sum([number for _, number in wanted])
    prefix = max([len(each) for each in made.every("prefixItems")], default=0)
    least, most = _bounds(search, made, prefix)
    if max(least, number) > _MOST_ITEMS:
        search.fail(made, f"an array of more than {_MOST_ITEMS} elements is too long.")
        return
    if most is not None and least > most:
        search.fail(made, f"an array cannot have at least {least} and at most {most} elements.")
        return
    found = False
    for length in _lengths(search, made, place, (least, most), max(prefix, number)):
        for positions in _placings(length, prefix, wanted):
            for value in _filled(search, made, place, length, prefix, positions):
                found = True
                yield value
    if not found and made.first("uniqueItems"):
        search.fail(made, f"there are not {least} different elements.")


def _bounds(search: "Search", made: Node, prefix: int) -> tuple[int, int | None]:
    least, most = made.sizes("minItems", "maxItems")
    for at in range(prefix + 1):
        if search.grammar.node(made.items(at)).dead:  # no element can stand here, so the array ends before
            return least, at if most is None else min(at, most)
    return least, most


def _lengths(search: "Search", made: Node, place: Place, bounds: tuple[int, int | None], natural: int) -> Iterator[int]:
    least, most = bounds
    if not natural:
        element = search.grammar.node(made.items(0))
        natural = 0 if search.lean(place) or element.dead else search.meaning.length(place, element)
    first = max(least, natural if most is None else min(natural, most))
    yield first
    highest = least + _MORE_LENGTHS if most is None else min(most, least + _MORE_LENGTHS)
    yield from [length for length in range(least, highest + 1) if length != first]


def _placings(length: int, prefix: int, wanted: list[tuple[Schema, int]]) -> Iterator[dict[int, tuple[Schema, ...]]]:
    """Where the elements that `contains` asks for stand: each on its own behind the prefix, all together, anywhere."""
    if not wanted:
        yield {}
        return
    total = sum([number for _, number in wanted])
    most = max([number for _, number in wanted])
    if prefix + total <= length:
        places: dict[int, tuple[Schema, ...]] = {}
        for schema, number in wanted:
            for _ in range(number):
                places[prefix + len(places)] = (schema,)
        yield places
    for start in range(min(prefix, length - most), -1, -1):
        together: dict[int, tuple[Schema, ...]] = {}
        for schema, number in wanted:
            for at in range(start, start + number):
                together[at] = (*together.get(at, ()), schema)
        yield together


def _filled(
    search: "Search", made: Node, place: Place, length: int, prefix: int, contained: dict[int, tuple[Schema, ...]]
) -> Iterator[list[Any]]:
    unique = any(made.every("uniqueItems"))
    below = place.below(search.meaning.singular(place.name), place.owner, many=True)
    behind = max([prefix, *(at + 1 for at in contained)])
    shared: list[
        Iterator[Any]
    ] = []  # the places behind differ in nothing, so one run through the values serves them all

    def source(at: int) -> Source:
        schemas = (*made.items(at), *contained.get(at, ()))
        if not unique or at < behind:
            return lambda: search.values(schemas, below)

        def again() -> Iterator[Any]:
            if at == behind:
                shared[:] = [search.values(schemas, below)]
            return shared[0]

        return again

    sources = [source(at) for at in range(length)]
    yield from (distinct if unique else combinations)(sources, search.work.spend)
