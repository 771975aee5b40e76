"""The client waited longer for an answer, or for the next event of a stream, than anybody should."""

from collections.abc import Iterator
from itertools import pairwise

from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake, span
from proxy.verdict.seen import Seen


def _find(history: History, limits: Limits) -> Iterator[Found]:
    for seen in history.seen:
        if seen.entry.end == "left":
            continue
        silence, what = max(_silences(seen, history.now))
        if silence > limits.timeout_s:
            yield Found(f"request {seen.number} {what} {span(silence)}, and the client stayed", (seen.number,))
        elif (virtual := _virtual(seen)) > limits.timeout_s:
            told = f"request {seen.number} would have waited {span(virtual)} (virtual clock), and the client stayed"
            yield Found(told, (seen.number,), certain=False)


def _silences(seen: Seen, now: float) -> Iterator[tuple[float, str]]:
    """The seconds in which nothing came."""
    took = now - seen.started if seen.is_open else seen.entry.seconds
    offsets = [offset for offset, _ in list(seen.entry.pieces)]
    if len(offsets) < 2:
        yield took, "waited"
        return
    yield offsets[0], "waited"
    yield took - offsets[-1], "saw a silence of"
    yield from [(after - before, "saw a silence of") for before, after in pairwise(offsets)]


def _virtual(seen: Seen) -> float:
    timing = seen.entry.notes.get("timing")
    if not timing or not timing["virtual"]:
        return 0.0
    return float(timing["ttft_ms" if seen.said.streamed else "total_ms"]) / 1000


MISTAKE = Mistake(
    _find, "Set a time-out for the answer and for the silence between two events, and leave when it is over."
)
