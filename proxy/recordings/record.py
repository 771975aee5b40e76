"""Asks the upstream what no rule answers, and records it. Only here recordings meet HTTP."""

from asyncio import CancelledError
from collections.abc import Callable

from aiohttp import web

from proxy.endpoints.call import Call, Endpoint
from proxy.errors import ANTHROPICS, ApiError
from proxy.keys import SETTINGS, TIMES
from proxy.recordings.capture import Sink, captured, is_worth_it
from proxy.recordings.question import Question
from proxy.recordings.recorder import Recorder, in_memory
from proxy.recordings.sources import SOURCES
from proxy.recordings.steady import Steady
from proxy.relay import Answer
from proxy.runs.keys import RUNS
from proxy.runs.redaction import secrets_of
from proxy.runs.runs import Run
from proxy.scenarios.asked import Asked

_NAMED = "x-sim-recorded"  # the rule that an answer is recorded as


def recorder_of(app: web.Application, run: Run) -> Recorder:
    """That of a run; one in memory where it has none yet."""
    if run.recorder is None:
        run.recorder = begun(app, None, wins=False)
    return run.recorder


def begun(app: web.Application, base: str | None, *, wins: bool = True) -> Recorder:
    """A recorder in memory; without a base URL it is the server's."""
    runs = app[RUNS]
    return in_memory(base or app[SETTINGS].record_from, wins, lambda: [run.recorder for run in runs.all()])


async def recorded(
    path: str, call: Call, endpoint: Endpoint, asked: Asked, recorder: Recorder, tell: Callable[[str], None]
) -> Answer:
    """The upstream's answer, made steady, and recorded when it is whole: `tell` then gets its name. Raises ApiError.

    `call` is as the real model would get it; `asked` as the client asked.
    """
    try:
        return await _recorded(path, call, endpoint, asked, recorder, tell)
    except ApiError as error:
        recorder.tape.skip(f"its status was {error.status}")
        raise
    except CancelledError:
        recorder.tape.skip("its client left")
        raise


async def _recorded(
    path: str, call: Call, endpoint: Endpoint, asked: Asked, recorder: Recorder, tell: Callable[[str], None]
) -> Answer:
    clock, settings = call.app[TIMES].clock, call.app[SETTINGS]
    begun = clock()
    tape = recorder.tape
    secrets = secrets_of(call.headers) + ((settings.record_api_key,) if settings.record_api_key else ())
    slot = tape.begin(Question.of(asked.endpoint, asked.document, secrets))
    answer = await _answered(path, call, endpoint, recorder)
    if not is_worth_it(answer.status):
        tape.skip(f"its status was {answer.status}")
        return answer
    sink = Sink(tape, slot, lambda: tell(slot.name))
    answer = await captured(answer, sink, Steady(slot.key, secrets), lambda: round((clock() - begun) * 1000))
    return Answer(answer.body, {**answer.headers, _NAMED: slot.name}, answer.status)


async def _answered(path: str, call: Call, endpoint: Endpoint, recorder: Recorder) -> Answer:
    if recorder.base is None:
        try:
            return await endpoint(call)
        except ApiError as error:
            if not is_worth_it(error.status):
                raise
            is_anthropics = path.startswith(ANTHROPICS)
            body = error.anthropic_body(None) if is_anthropics else error.body()
            return Answer(body, {"Content-Type": "application/json"}, error.status)
    return await call.app[SOURCES].ask(recorder.base, path, call.body, call.headers)
