"""Every way to take one value from each of several sources."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from proxy.sim.structured.check import identity

Source = Callable[[], Iterator[Any]]


def combinations(sources: Sequence[Source], spend: Callable[[int], None]) -> Iterator[list[Any]]:
    """Lists of one value from each source, the last varying fastest."""
    taken: list[Any] = []
    opened: list[Iterator[Any]] = []
    if not sources:
        yield []
        return
    opened.append(sources[0]())
    while opened:
        spend(1)
        again = len(taken) == len(opened)
        del taken[len(opened) - 1 :]
        for value in opened[-1]:
            taken.append(value)
            break
        else:
            opened.pop()
            if not again:
                return  # it has no value at all, whatever the others are
            continue
        if len(taken) == len(sources):
            yield taken.copy()
        else:
            opened.append(sources[len(taken)]())


def distinct(sources: Sequence[Source], spend: Callable[[int], None]) -> Iterator[list[Any]]:
    """The same without lists in which two values are equal."""
    taken: dict[Any, Any] = {}
    opened: list[Iterator[Any]] = []
    if not sources:
        yield []
        return
    opened.append(sources[0]())
    while opened:
        if len(taken) == len(opened):
            taken.popitem()
        for value in opened[-1]:
            spend(1)
            key = identity(value)
            if key not in taken:
                taken[key] = value
                break
        else:
            opened.pop()
            continue
        if len(taken) == len(sources):
            yield list(taken.values())
        else:
            opened.append(sources[len(taken)]())
