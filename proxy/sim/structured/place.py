"""Where in a value the search is, and what surrounds it."""

from collections.abc import Iterable
from typing import NamedTuple


class Place(NamedTuple):
    """The property's name and its owner's, the level, and the definitions passed on the way.

    `loops` counts how often the way came back to a definition; `many` tells whether there are others like this one.
    """

    name: str = ""
    owner: str = ""
    depth: int = 0
    loops: int = 0
    trail: frozenset[int] = frozenset()
    many: bool = False

    def through(self, references: Iterable[int]) -> "Place":
        """The same place, having followed references."""
        again = not self.trail.isdisjoint(references)
        return self._replace(loops=self.loops + again, trail=self.trail.union(references))

    def below(self, name: str, owner: str, *, many: bool = False) -> "Place":
        """One level deeper."""
        return Place(name, owner, self.depth + 1, self.loops, self.trail, self.many or many)
