"""A request came again sooner than the error before it had said."""

from collections.abc import Iterator

from proxy.verdict.again import slack
from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake, many, span


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    for group in history.same.values():
        early = []
        for seen in group:
            after, wait = history.again.get(seen.number), seen.marks.wait
            if after is not None and wait is not None and after.started < seen.due - slack(wait):
                early.append((seen, after))
        if not early:
            continue
        seen, after = early[0]
        told = (
            f"request {after.number} came {span(after.started - seen.ended)} after request {seen.number}, whose "
            f"{seen.entry.status} said to wait {span(seen.marks.wait or 0)}"
        )
        more = f", and {many(len(early) - 1, 'more time')} too soon" if len(early) > 1 else ""
        numbers = {each.number for pair in early for each in pair}
        yield Found(told + more, tuple(sorted(numbers)))


MISTAKE = Mistake(_find, "Wait as long as retry-after-ms or retry-after says before the request is sent again.")
