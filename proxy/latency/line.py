"""The line before a number of slots: who comes when all are taken waits, first come, first served.

How long an answer takes is known when it begins, so all times are computed on arrival and nobody has to be woken.
"""

from dataclasses import dataclass

MOST = 10_000  # places that are remembered; of more, those that end first are forgotten


@dataclass(slots=True)
class Place:
    """One answer's time in a slot, in seconds of the line's clock."""

    start: float
    end: float


class Line:
    """Without `slots` nobody waits, without `queue` anybody may."""

    def __init__(self, slots: int | None, queue: int | None) -> None:
        self._slots = slots
        self._queue = queue
        self._places: list[Place] = []

    def is_full(self, now: float) -> bool:
        """Whether so many wait already that nobody else may."""
        self._forget(now)
        if self._slots is None or self._queue is None or len(self._places) < self._slots:
            return False
        return len([place for place in self._places if place.start > now and place.end > place.start]) >= self._queue

    def start(self, now: float) -> float:
        """When who comes now has a slot."""
        self._forget(now)
        if self._slots is None or len(self._places) < self._slots:
            return now
        return sorted([place.end for place in self._places])[len(self._places) - self._slots]

    def beside(self, start: float) -> int:
        """How many others are in their slots when one begins."""
        return len([place for place in self._places if place.start <= start < place.end])

    def take(self, start: float, seconds: float) -> Place:
        """Have a slot for so long."""
        place = Place(start, start + seconds)
        if len(self._places) >= MOST:  # on a virtual clock that does not go on
            self._places.remove(min(self._places, key=lambda each: each.end))
        self._places.append(place)
        return place

    def leave(self, place: Place, now: float) -> None:
        """Give a slot back before its time, or leave the queue; who waits already keeps the time that was given."""
        place.end = min(place.end, max(now, place.start))

    def _forget(self, now: float) -> None:
        self._places = [place for place in self._places if place.end > now]
