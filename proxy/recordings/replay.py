"""Answers one request with what was recorded, and tells in a header how exactly it fits."""

from msgspec.structs import replace

from proxy.endpoints.call import Call, Endpoint
from proxy.errors import NotFoundError
from proxy.keys import SETTINGS, TIMES
from proxy.recordings.likeness import in_digits
from proxy.recordings.playback import played_back
from proxy.recordings.said import said
from proxy.relay import Answer
from proxy.scenarios.player import Taken

HEADER = "x-sim-replay"


async def replayed(call: Call, endpoint: Endpoint, taken: Taken) -> Answer:
    """The recorded answer, or one in the generator's types where it was recorded in the other mode. Raises ApiError."""
    header = _name(taken)
    if taken.hit is not None and taken.hit.changes:
        header += f";similarity={in_digits(taken.hit.similarity):g}"
    if taken.answer.replay is None:
        answer = await endpoint(call)
    elif taken.hit is not None and taken.hit.other_mode and taken.answer.replay.status == 200:
        header += ";mode=other"
        answer = await endpoint(_told(call, taken))
    else:
        # A run with a latency has its times from there.
        speed = 0.0 if call.run is not None and call.run.latency is not None else call.app[SETTINGS].replay_speed
        answer = await played_back(taken.answer.replay, speed, call.app[TIMES])
    return Answer(answer.body, {**answer.headers, HEADER: header}, answer.status)


def _told(call: Call, taken: Taken) -> Call:
    """The call with what was recorded as a script. Raises NotFoundError."""
    asked, replay = taken.values.asked, taken.answer.replay
    script = None if replay is None else said(asked.endpoint, replay, f"{taken.placed.key} {taken.values.number}")
    if script is None:
        was, wanted = ("plain", "a stream") if asked.stream else ("streamed", "a plain answer")
        raise NotFoundError(
            f"The recording '{taken.placed.label}' was {was}, and cannot be made {wanted}: record this request too.",
            code="no_rule",
        )
    return replace(call, script=script, simulated=True)


def _name(taken: Taken) -> str:
    """What the rule is called, as a header can say it."""
    label = taken.placed.label.encode("ascii", "replace").decode()
    return "".join([letter if letter.isprintable() and letter != ";" else "?" for letter in label])
