"""What each run has of its own beside its rules: the files, batches, chats and responses that its clients left here.

Parallel tests that send the same thing must not find, or delete, each other's.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from proxy.store import Bounds, Part, Store

if TYPE_CHECKING:
    from proxy.runs.runs import Run

T = TypeVar("T")


class Own(Generic[T]):
    """One thing for each run, made at first use; gone with the run, where it can, by its `clear`."""

    def __init__(self, make: "Callable[[Run], T]") -> None:
        self._make = make

    def of(self, run: "Run") -> T:
        """The run's."""
        thing: T | None = run.own.get(self)
        if thing is None:
            thing = run.own[self] = self._make(run)
        return thing


def parts(bounds: Bounds, clock: Callable[[], float]) -> "Own[Part[Any]]":
    """A store of each run, which share the bounds; `clock` is monotonic, in seconds."""
    store: Store[Any] = Store(bounds, clock)
    return Own(lambda run: store.part(run.owner))


def forget(own: dict[Own[Any], Any]) -> None:
    """End what a run had."""
    for thing in own.values():
        thing.clear()
    own.clear()
