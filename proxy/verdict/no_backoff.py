"""Three or more tries of one request whose waits do not grow, though no error said how long to wait."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import fmean

from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake, span
from proxy.verdict.seen import Seen

_FEWEST = 2  # waits
_GROWS = 1.3  # the official SDKs' second wait is at least 1.5 times the first
_NOISE = 0.01  # seconds
_SAME, _SAME_BY = 1.1, 0.02  # waits that differ by less are the same: a part, and seconds
_AT_ONCE = 0.1  # seconds


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    for group in history.same.values():
        for chain in history.tries(group):
            for part in _untold(chain):
                waits = [after.started - before.ended for before, after in pairwise(part)]
                if len(waits) >= _FEWEST and not _is_good(waits):
                    yield _found(part, waits)


def _untold(chain: Sequence[Seen]) -> Iterator[list[Seen]]:
    """The parts of a chain between errors that said when to come again, or must not be tried again at all."""
    part: list[Seen] = []
    for seen in chain:
        part.append(seen)
        if seen.marks.wait is not None:
            yield part
            part = []
    yield part


def _is_good(waits: Sequence[float]) -> bool:
    """Waits that grow, or that differ by jitter."""
    if fmean(waits[1:]) >= _GROWS * waits[0] + _NOISE:
        return True
    return max(waits) >= _AT_ONCE and max(waits) > min(waits) * _SAME + _SAME_BY


def _found(part: Sequence[Seen], waits: Sequence[float]) -> Found:
    shown = ", ".join([span(wait) for wait in waits[:5]]) + (", ..." if len(waits) > 5 else "")
    numbers = tuple([seen.number for seen in part])
    return Found(f"{len(part)} tries of one request, from request {numbers[0]} on, with waits of {shown}", numbers)


MISTAKE = Mistake(
    _find, "Wait longer from try to try, with jitter: half a second doubled each time, up to some seconds."
)
