"""A token bucket: so much within a minute or a day, given back evenly as time passes.

That OpenAI's limits are such buckets shows in its messages: Limit 10000, Used 6701, Requested 4497 is told to wait
for 7.188 s, which is (6701 + 4497 - 10000) / 10000 of a minute.
"""

import math
from typing import Literal

Kind = Literal["requests", "tokens", "images"]
_TOLERANCE = 1e-6  # a float's last bits must not cost one


class Bucket:
    """What was used of a limit and is not given back yet. Times are those of one clock, in seconds."""

    def __init__(self, kind: Kind, window: Literal["min", "day"], limit: int) -> None:
        self.kind = kind
        self.window = window
        self.limit = limit
        self._seconds = 60 if window == "min" else 86_400
        self._used = 0.0
        self._at = 0.0

    def used(self, now: float) -> float:
        """How much is used."""
        return max(0.0, self._used - (now - self._at) * self.limit / self._seconds)

    def take(self, amount: int, now: float) -> None:
        """Use so much of it."""
        self._used = self.used(now) + amount
        self._at = now

    def wait(self, amount: int, now: float) -> float:
        """Seconds until so much is there; infinite where it is more than the limit."""
        if amount > self.limit:
            return math.inf
        missing = self.used(now) + amount - self.limit
        return missing * self._seconds / self.limit if missing > _TOLERANCE else 0.0

    def remaining(self, now: float) -> int:
        """How much may be used."""
        return max(0, int(self.limit - self.used(now) + _TOLERANCE))

    def full_in(self, now: float) -> float:
        """Seconds until nothing is used."""
        return self.used(now) * self._seconds / self.limit
