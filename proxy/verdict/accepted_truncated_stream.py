"""A stream ended without its end, and what had come of it was taken for the answer."""

from collections.abc import Iterator

from proxy.verdict.carried import carried
from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake
from proxy.verdict.seen import Seen


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    last = history.seen[-1] if history.seen else None
    for seen in history.seen:
        if not seen.marks.truncated or seen.number in history.again:
            continue
        following, taken = history.continued.get(seen.number), carried(history, seen)
        if taken is not None and following is not None and following.at >= 0:
            how = f"request {taken.number} carries its half text on as the assistant's"
            yield Found(f"{_how_it_ended(seen)}, and {how}", (seen.number, taken.number))
        elif following is None and last is not None and last.started > seen.ended:
            yield Found(f"{_how_it_ended(seen)}, and nothing was sent again", (seen.number,), certain=False)


def _how_it_ended(seen: Seen) -> str:
    begin = f"the stream of request {seen.number}"
    if seen.said.error is not None:
        return f"{begin} ended with an error event"
    if seen.entry.end == "broken":
        return f"{begin} broke off"
    return f"{begin} ended without a finish_reason" + ("" if seen.said.ended else " and without its last event")


MISTAKE = Mistake(
    _find,
    "Take a streamed answer for whole only with its finish_reason; otherwise ask again, or say that it broke off.",
)
