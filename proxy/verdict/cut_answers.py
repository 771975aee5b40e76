"""Answers whose end says that they are not whole, and that were taken for whole all the same."""

from collections.abc import Iterator

from proxy.verdict.carried import carried
from proxy.verdict.history import History
from proxy.verdict.mistake import Found


def taken_for_whole(history: History, end: str, because: str) -> Iterator[Found]:
    """Those that ended so."""
    for seen in history.seen:
        if end not in seen.marks.ends or (taken := carried(history, seen)) is None:
            continue
        if taken.tool is not None:
            how = f"the tool {taken.tool} was run with half its arguments: request {taken.number} has its result"
        else:
            how = f"request {taken.number} carries its text on as whole"
        yield Found(f"the answer to request {seen.number} {because}, and {how}", (seen.number, taken.number))
