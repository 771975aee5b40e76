"""What a run's recordings were used for: requests that were the recorded ones, nearly so, or not at all. Bounded."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from proxy.recordings.library import Hit, Miss
from proxy.recordings.likeness import in_digits
from proxy.scenarios.asked import Asked

_MOST = 100


@dataclass(slots=True)
class Report:
    """One run's, for `GET /_sim/scenario`."""

    exact: int = 0
    edited: int = 0
    missed: int = 0
    _edited: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST))
    _missed: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_MOST))

    def note(self, asked: Asked, found: Hit | Miss) -> None:
        """Count a request and what was found for it."""
        if isinstance(found, Miss):
            self.missed += 1
            self._missed.append(_missed(asked, found))
        elif found.changes:
            self.edited += 1
            self._edited.append(told(found))
        else:
            self.exact += 1

    def shown(self) -> dict[str, Any]:
        """The newest of it."""
        return {
            "exact": self.exact,
            "edited": self.edited,
            "missed": self.missed,
            "edits": list(self._edited),
            "misses": list(self._missed),
        }


def told(hit: Hit) -> dict[str, Any]:
    """A hit for people and programs: what it was asked, and what is asked now."""
    shown: dict[str, Any] = {"recording": hit.placed.label, "similarity": in_digits(hit.similarity)}
    if hit.other_mode:
        shown["mode"] = "made of the recorded one"
    return shown | {"changes": [change.shown() for change in hit.changes]}


def _missed(asked: Asked, miss: Miss) -> dict[str, Any]:
    nearest = miss.nearest and {"recording": miss.nearest.label, "similarity": in_digits(miss.similarity)}
    return {"endpoint": asked.endpoint, "model": asked.model, "user": asked.user_in_short, "nearest": nearest}
