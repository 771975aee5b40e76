"""More tries of one request than a client may make in a short time, or many of the same side by side."""

from collections.abc import Iterator, Sequence

from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake, span
from proxy.verdict.seen import Seen


def _find(history: History, limits: Limits) -> Iterator[Found]:
    for group in history.same.values():
        if len(group) <= limits.storm_tries:
            continue
        if most := _most(group, limits):
            failed = sum([seen.marks.failed for seen in most])
            took = span(most[-1].started - most[0].started)
            told = f"the same request came {len(most)} times within {took}, {failed} of them in vain"
            yield Found(
                f"{told}, from request {most[0].number} on",
                tuple([seen.number for seen in most]),
                certain=_in_spite(most) >= limits.storm_tries,
            )


def _in_spite(tries: Sequence[Seen]) -> int:
    """How many began although one of the same had failed.

    Official SDKs give up soon: many of theirs side by side are many callers with a few tries each.
    """
    failed = min([seen.ended for seen in tries if seen.marks.failed], default=float("inf"))
    one_by_one = _side_by_side(tries) == 1
    return sum([seen.started >= failed and (one_by_one or seen.marks.retry is None) for seen in tries])


def _most(group: Sequence[Seen], limits: Limits) -> Sequence[Seen]:
    """The most that came within the time, where they are too many and some failed, or were open side by side."""
    best: Sequence[Seen] = ()
    first = 0
    for last, seen in enumerate(group):
        while seen.started - group[first].started > limits.storm_s:
            first += 1
        if last - first + 1 > max(limits.storm_tries, len(best)):
            best = group[first : last + 1]
    if any(seen.marks.failed for seen in best) or _side_by_side(best) > limits.storm_tries:
        return best
    return ()


def _side_by_side(group: Sequence[Seen]) -> int:
    """How many of them were open at once."""
    changes = sorted([(seen.started, 1) for seen in group] + [(seen.ended, -1) for seen in group])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


MISTAKE = Mistake(_find, "Give up after a few tries, and let one request speak for all who want the same.")
