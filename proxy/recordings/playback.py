"""A recorded answer goes out again: at once, or at the speed at which it came."""

from base64 import b64decode

from proxy import sse
from proxy.keys import Times
from proxy.pace import on_schedule, until
from proxy.relay import Answer
from proxy.scenarios.format import Replay


def events_of(replay: Replay) -> list[tuple[int, bytes]]:
    """A stream's events with their milliseconds."""
    found = []
    for ms, *texts in replay.events or ():
        assert isinstance(ms, int), "the check of the scenario saw to it"
        text = f"event: {texts[0]}\ndata: {texts[1]}" if len(texts) == 2 else texts[0]
        found.append((ms, f"{text}\n\n".encode()))
    return found


def body_of(replay: Replay) -> bytes:
    """All its bytes."""
    if replay.events is not None:
        return b"".join([event for _, event in events_of(replay)])
    return b64decode(replay.base64) if replay.base64 is not None else (replay.body or "").encode()


async def played_back(replay: Replay, speed: float, times: Times) -> Answer:
    """The answer; a speed of 0 is at once, and 2 twice as fast as it was."""
    streamed = replay.content_type.startswith(sse.CONTENT_TYPE.partition(";")[0])
    headers = {"Content-Type": replay.content_type, **(sse.HINTS if streamed else {})}
    begun = times.clock()
    if not speed:
        return Answer(body_of(replay), headers, replay.status)
    if replay.events is not None:
        timed = [(ms / 1000 / speed, event) for ms, event in events_of(replay)]
        return Answer(on_schedule(timed, times.clock, times.sleep, begun), headers, replay.status)
    await until(begun + (replay.ms or 0) / 1000 / speed, times.clock, times.sleep)
    return Answer(body_of(replay), headers, replay.status)
