"""A bound on how long matching may take: a regular expression can go on for years, while nobody else is answered.

Python's engine looks for signals as it works, so an alarm ends it. It counts the time that this process computes, for
on a busy machine much more may pass. Only the main thread has alarms, and Windows has none: there is no bound then.
"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooSlowError(Exception):
    """It took longer than it may. `rule` is the one that was being looked at, where that is known."""

    rule = ""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Let what is done here compute for so long. Raises TooSlowError within it."""
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = True

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if waiting:
            raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, ring)
    others = signal.setitimer(signal.ITIMER_VIRTUAL, seconds)  # somebody else's alarm goes on afterwards
    try:
        yield
    finally:
        waiting = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        signal.setitimer(signal.ITIMER_VIRTUAL, *others)
