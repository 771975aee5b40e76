"""A bounded memory of what clients left here: the newest entries, for a while, up to a size.

Knows nothing of what it keeps; what it keeps is gone with the process.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many entries, how many bytes of them, and for how many seconds after an entry was put or put again."""

    entries: int
    bytes: int
    seconds: float


class Store(Generic[T]):
    """Entries by id, oldest first. The oldest make room for new ones; `clock` is monotonic, in seconds."""

    def __init__(self, bounds: Bounds, clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[T, int, float]] = OrderedDict()
        self._bytes = 0

    def put(self, name: str, entry: T, size: int) -> None:
        """Keep an entry of about `size` bytes as the newest. Raises ValueError for one above the bound."""
        if size > self._bounds.bytes:
            raise ValueError(f"{size} bytes are more than {self._bounds.bytes}")
        self.pop(name)
        self._kept[name] = (entry, size, self._clock() + self._bounds.seconds)
        self._bytes += size
        while len(self._kept) > self._bounds.entries or self._bytes > self._bounds.bytes:
            self.pop(next(iter(self._kept)))

    def get(self, name: str) -> T | None:
        """The entry, or None where it never was, had to go, or was kept long enough."""
        self._expire()
        kept = self._kept.get(name)
        return kept[0] if kept else None

    def pop(self, name: str) -> T | None:
        """Take the entry out."""
        self._expire()
        kept = self._kept.pop(name, None)
        if kept is None:
            return None
        self._bytes -= kept[1]
        return kept[0]

    def items(self) -> list[tuple[str, T]]:
        """All that is kept, oldest first."""
        self._expire()
        return [(name, kept[0]) for name, kept in self._kept.items()]

    def part(self, owner: str) -> "Part[T]":
        """What one owner keeps here: nobody else sees it, and all share the bounds."""
        return Part(self, owner)

    def _expire(self) -> None:
        now = self._clock()
        while self._kept:
            name, (_, size, until) = next(iter(self._kept.items()))
            if until > now:
                return
            del self._kept[name]
            self._bytes -= size


class Part(Generic[T]):
    """A `Store` of one owner within another one."""

    def __init__(self, store: Store[T], owner: str) -> None:
        self._store = store
        self._prefix = f"{owner}\n"

    def put(self, name: str, entry: T, size: int) -> None:
        """Keep an entry of about `size` bytes as the newest. Raises ValueError for one above the bound."""
        self._store.put(self._prefix + name, entry, size)

    def get(self, name: str) -> T | None:
        """The entry, or None where it never was, had to go, or was kept long enough."""
        return self._store.get(self._prefix + name)

    def pop(self, name: str) -> T | None:
        """Take the entry out."""
        return self._store.pop(self._prefix + name)

    def clear(self) -> None:
        """Forget them."""
        for name, _ in list(self.items()):
            self.pop(name)

    def items(self) -> list[tuple[str, T]]:
        """All that the owner keeps, oldest first."""
        start = len(self._prefix)
        return [(name[start:], entry) for name, entry in self._store.items() if name.startswith(self._prefix)]
