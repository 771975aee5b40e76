"""Answers one request as its run's scenario says. Only here scenarios meet HTTP."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web
from msgspec.structs import replace

from proxy.dispatch import NANOCHAT, is_real
from proxy.endpoints.call import Call, Endpoint
from proxy.errors import BadRequestError, NotFoundError
from proxy.faults.fault import Fault
from proxy.faults.on_request import add
from proxy.faults.status import Status
from proxy.keys import REAL_MODEL, TIMES
from proxy.relay import Answer
from proxy.runs.keys import EXCHANGE
from proxy.runs.paths import usual
from proxy.runs.rules import drawn
from proxy.runs.runs import Run
from proxy.runs.view import decoded
from proxy.scenarios.asked import ENDPOINTS, Asked
from proxy.scenarios.checks import faults_of
from proxy.scenarios.format import Answer as Wish
from proxy.scenarios.format import Error
from proxy.scenarios.patience import TooSlowError, at_most
from proxy.scenarios.player import Player, Taken
from proxy.scenarios.script import script
from proxy.scenarios.template import MOST, TooLongError

_LONGEST_MATCHING = 0.2  # seconds, in which nobody else is answered


@dataclass(frozen=True, slots=True)
class _Findings:
    """What is done with what is found out about a request."""

    faults: Callable[[Sequence[Fault]], None]
    taken: Callable[[Taken], None]
    recorded: Callable[[str], None]


async def played(request: web.Request, call: Call, endpoint: Endpoint, player: Player) -> Answer:
    """The answer of the first rule that fits, or of what answers where none does. Raises ApiError."""
    entry = request[EXCHANGE].entry

    def tell(taken: Taken) -> None:
        entry.rule = taken.placed.label
        if taken.hit is not None:
            from proxy.recordings.report import told  # noqa: PLC0415 - who replays nothing need not load it

            entry.notes = {**entry.notes, "replay": told(taken.hit)}

    def note(name: str) -> None:
        entry.notes = {**entry.notes, "recorded": name}

    findings = _Findings(lambda faults: add(request, faults), tell, note)
    return await _played(usual(request.path), call, endpoint, player, findings)


async def played_line(path: str, call: Call, endpoint: Endpoint, player: Player) -> Answer:
    """`played` for a line of a batch, which only faults harm that are an error from the start. Raises ApiError."""
    return await _played(path, call, endpoint, player, _Findings(_fail_at_once, _untold, _untold))


def _untold(_finding: object) -> None:
    """A batch tells of no such things."""


async def _played(path: str, call: Call, endpoint: Endpoint, player: Player, findings: _Findings) -> Answer:
    api = ENDPOINTS.get(path)
    document = decoded(call.body) if api else None
    if api is None or not isinstance(document, dict):
        return await endpoint(call)  # which says what is wrong
    asked = Asked(api, call.headers, document)
    if (taken := _taken(player, asked)) is not None:
        findings.taken(taken)
        directed = await _directed(call, taken, findings)
        if taken.answer.replay is None and taken.hit is None:
            return await endpoint(directed)
        from proxy.recordings.replay import replayed  # noqa: PLC0415 - who replays nothing need not load it

        return await replayed(directed, endpoint, taken)
    recorder = call.run and call.run.recorder
    if call.run is not None and ((recorder and recorder.wins) or player.on_miss == "record"):
        return await _recorded(path, call, endpoint, asked, call.run, findings)
    if player.on_miss == "fail":
        raise _missed(asked, player.nearest)
    return await endpoint(_passed(call, document) if player.on_miss == "pass" else call)


async def _recorded(path: str, call: Call, endpoint: Endpoint, asked: Asked, run: Run, findings: _Findings) -> Answer:
    from proxy.recordings.record import recorded, recorder_of  # noqa: PLC0415 - as above

    recorder = recorder_of(call.app, run)
    asking = call if recorder.base else _passed(call, dict(asked.document))
    return await recorded(path, asking, endpoint, asked, recorder, findings.recorded)


def _fail_at_once(faults: Sequence[Fault]) -> None:
    for fault in faults:
        fault.before()


def _taken(player: Player, asked: Asked) -> Taken | None:
    try:
        with at_most(_LONGEST_MATCHING):
            return player.take(asked)
    except TooSlowError as problem:
        if not problem.rule:
            raise BadRequestError(
                f"The recordings of this run's scenario could not be compared with this request within "
                f"{_LONGEST_MATCHING:g} s: there are too many long ones that are not the same.",
                code="rule_too_slow",
            ) from None
        raise BadRequestError(
            f"The rule '{problem.rule}' of this run's scenario could not be matched within {_LONGEST_MATCHING:g} s. "
            "Its regex tries too many ways on this text: write it without a repeat inside a repeat, such as (a+)+.",
            code="rule_too_slow",
        ) from None


async def _directed(call: Call, taken: Taken, findings: _Findings) -> Call:
    """The call with who answers it and what, after the delay; faults are noted for the way out. Raises ApiError."""
    wish = taken.answer
    if wish.delay:
        await call.app[TIMES].sleep(wish.delay)
    _fail(wish)
    if wish.fault is not None and _happens(wish, call, taken):
        findings.faults(faults_of(wish.fault))
    if wish.pass_:
        return _passed(call, dict(taken.values.asked.document))
    try:
        said = script(wish, taken.values, taken.placed.key)
    except TooLongError:
        raise BadRequestError(
            f"The answer of the rule '{taken.placed.label}' is too long: the values of this request take more than "
            f"{MOST} characters in it.",
            code="answer_too_long",
        ) from None
    return replace(call, script=said, simulated=True) if said or wish.simulate else call


def _happens(wish: Wish, call: Call, taken: Taken) -> bool:
    """Whether the fault does: the same requests meet it again."""
    if wish.probability is None:
        return True
    return drawn(call.server_seed, taken.placed.key, taken.values.number) < wish.probability


def _fail(wish: Wish) -> None:
    if wish.error is None:
        return
    error = Error(status=wish.error) if isinstance(wish.error, int) else wish.error
    Status(status=error.status, message=error.message, code=error.code, retry_after=error.retry_after).before()


def _passed(call: Call, document: dict[str, Any]) -> Call:
    """The call under the real model's name."""
    model = call.app[REAL_MODEL]
    name = document.get("model")
    if isinstance(name, str) and name in model.names:
        return call
    document["model"] = next(iter(model.names), NANOCHAT)
    is_real(document["model"], model)  # says clearly that there is no real model
    return replace(call, body=msgspec.json.encode(document))


def _missed(asked: Asked, nearest: str) -> NotFoundError:
    return NotFoundError(
        f"No rule of this run's scenario answers this request: {asked.endpoint}, model '{asked.model}', turn "
        f"{asked.turn}, last user text {asked.user_in_short!r}.{nearest} GET /_sim/scenario shows the rules; on_miss "
        "says what happens here.",
        code="no_rule",
    )
