"""Tries again after a passing failure: for how long, how often, and when to give up.

Tries are counted since the last real progress, so a bad line that still moves gets the file in the end.
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import tenacity

from fetcher.errors import OutOfReach, Transient
from fetcher.settings import Patience

LONGEST_WAIT: Final = 60.0
LONGEST_RETRY_AFTER: Final = 300.0
TRIES_WHEN_NOBODY_ANSWERS: Final = 3
REAL_PROGRESS: Final = 64 * 1024

Result = TypeVar("Result")


class Persistence:
    """Runs one action until it succeeds or its patience ends."""

    def __init__(
        self,
        patience: Patience,
        *,
        sleep: Callable[[float], None],
        note: Callable[[str], None],
        reached: Callable[[], int] = lambda: 0,
    ) -> None:
        """`reached` says how many bytes have arrived so far; `note` is told of every wait."""
        self._patience = patience
        self._sleep = sleep
        self._note = note
        self._reached = reached
        self._fruitless = 0
        self._last_reached = reached()

    def run(self, action: Callable[[], Result], what: str, advice: str) -> Result:
        """Do `action`; raises OutOfReach with the last reason (`what` names the thing) when patience ends."""
        self._fruitless, self._last_reached = 0, self._reached()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Transient),
            stop=self._give_up,
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=self._tell,
            reraise=True,
        )

        def counted() -> Result:
            try:
                return action()
            except Transient:
                self._count()
                raise

        try:
            return retrying(counted)
        except Transient as failure:
            raise OutOfReach(f"{what} is out of reach: {failure.reason}", advice) from failure

    def _count(self) -> None:
        reached = self._reached()
        moved = reached - self._last_reached >= REAL_PROGRESS
        self._last_reached = reached
        self._fruitless = 1 if moved else self._fruitless + 1

    def _give_up(self, state: tenacity.RetryCallState) -> bool:
        failure = _failure(state)
        tries = self._patience.tries
        if failure.hopeless_soon and not self._last_reached:
            tries = min(tries, TRIES_WHEN_NOBODY_ANSWERS)
        return self._fruitless >= tries or (failure.retry_after or 0.0) > LONGEST_RETRY_AFTER

    def _wait(self, state: tenacity.RetryCallState) -> float:
        asked = _failure(state).retry_after
        if asked is not None:
            return asked
        return float(min(LONGEST_WAIT, self._patience.backoff_seconds * 2.0 ** (self._fruitless - 1)))

    def _tell(self, state: tenacity.RetryCallState) -> None:
        seconds = state.next_action.sleep if state.next_action else 0.0
        self._note(f"{_failure(state).reason}; trying again in {seconds:g} s")


def _failure(state: tenacity.RetryCallState) -> Transient:
    failure = state.outcome.exception() if state.outcome else None
    assert isinstance(failure, Transient)
    return failure


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """The Retry-After header (RFC 9110, 10.2.3: seconds or a date) as seconds from `now`; None when it says nothing."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None
