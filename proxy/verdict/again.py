"""Which request is the next try of which, among requests that are the same.

The official SDKs number their tries. Of others it is not known whether a request is another try or somebody else's
first one: whoever can have waited as long as he was told is taken to have done so.
"""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush

from proxy.verdict.seen import Seen

# Clocks and timers are not exact: so much sooner is not sooner.
_LEAST_SLACK, _SLACK = 0.02, 0.05  # seconds, and a part of the wait
_MOST_SLACK = 0.5  # a part of the wait


def slack(wait: float) -> float:
    """The seconds by which a wait may be shorter than it should."""
    return min(max(_LEAST_SLACK, _SLACK * wait), _MOST_SLACK * wait)


def pairs(group: Sequence[Seen]) -> dict[int, Seen]:
    """The next try of each that failed, by its number, and the repetition of each that did not."""
    paired: dict[int, Seen] = {}
    taken: set[int] = set()
    failed = [seen for seen in group if seen.marks.failed]
    for number in sorted({seen.marks.retry for seen in group if seen.marks.retry}):
        _pair(
            [seen for seen in failed if seen.marks.retry == number - 1],
            [seen for seen in group if seen.marks.retry == number],
            paired,
            taken,
        )
    _pair(failed, [seen for seen in group if not seen.marks.retry], paired, taken)
    _pair([seen for seen in group if not seen.marks.failed and not seen.is_open], group, paired, taken)
    return paired


def _pair(before: Iterable[Seen], after: Iterable[Seen], paired: dict[int, Seen], taken: set[int]) -> None:
    """Adds to `paired` and `taken`: first those who waited as told, then of the others each to the next that came."""
    ended = sorted([seen for seen in before if seen.number not in paired], key=lambda seen: seen.ended)
    starts = [seen for seen in after if seen.number not in taken]
    early = _patient(ended, starts, paired, taken)
    at = 0
    for seen in ended:
        if seen.number in paired:
            continue
        while at < len(early) and early[at].started < seen.ended:
            at += 1
        if at == len(early):
            break
        _join(seen, early[at], paired, taken)
        at += 1


def _patient(ended: Sequence[Seen], starts: Sequence[Seen], paired: dict[int, Seen], taken: set[int]) -> list[Seen]:
    """Pairs each that came with the one that was due last; gives back those that came before any was due."""
    waiting: list[tuple[float, int, Seen]] = []
    due: list[Seen] = []
    early, at = [], 0
    for start in starts:
        while at < len(ended) and ended[at].ended <= start.started:
            seen = ended[at]
            heappush(waiting, (seen.due - slack(seen.marks.wait or 0.0), seen.number, seen))
            at += 1
        while waiting and waiting[0][0] <= start.started:
            due.append(heappop(waiting)[2])
        if due:
            _join(due.pop(), start, paired, taken)
        else:
            early.append(start)
    return early


def _join(seen: Seen, start: Seen, paired: dict[int, Seen], taken: set[int]) -> None:
    paired[seen.number] = start
    taken.add(start.number)
