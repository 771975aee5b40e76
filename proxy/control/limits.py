"""`/_sim/limits`: the limits and the budget of a run, what is used of them, and what was spent."""

from typing import Any

import msgspec
from aiohttp import web

from proxy.endpoints.call import called, decode
from proxy.errors import BadRequestError
from proxy.keys import TIMES
from proxy.limits.meter import Meter, Tally
from proxy.limits.plan import Plan, PlanError, checked
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of

_decoder = msgspec.json.Decoder(Plan)
_WINDOWS = {"min": "minute", "day": "day"}
_SHOWN_OF_A_KEY = 4  # characters at its end


async def shown(request: web.Request) -> web.Response:
    """The limits as they are now."""
    return web.json_response(_shown(run_of(request).meter, request.app[TIMES].clock()))


async def put(request: web.Request) -> web.Response:
    """Other limits, of which nothing is used yet. Raises BadRequestError."""
    plan = decode(_decoder, (await called(request)).body)
    try:
        checked(plan)
    except PlanError as problem:
        raise BadRequestError(str(problem), param="limits", code="invalid_limits") from None
    run = run_of(request)
    request.app[RUNS].limit(run, plan)
    return web.json_response(_shown(run.meter, request.app[TIMES].clock()))


async def clear(request: web.Request) -> web.Response:
    """No limits, not even those of --limits."""
    run = run_of(request)
    request.app[RUNS].limit(run, None)
    return web.json_response(_shown(run.meter, request.app[TIMES].clock()) | {"deleted": True})


def _shown(meter: Meter | None, now: float) -> dict[str, Any]:
    plan = Plan() if meter is None else meter.plan
    budget = plan.budget
    spent = [] if meter is None or budget is None else meter.spent
    return {
        "object": "sim.limits",
        "preset": plan.preset,
        "limits": [_given(limit) for limit in plan.all_limits()],
        "used": [] if meter is None else [_used(tally, now) for tally in meter.tallies],
        "budget": None if budget is None else {"usd": budget.usd, "per": list(budget.per)},
        "spent_usd": sum([usd for _, usd in spent]),
        "spent": [_named(budget.per if budget else (), who) | {"usd": usd} for who, usd in spent],
    }


def _given(limit: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(limit).items() if value is not None}


def _used(tally: Tally, now: float) -> dict[str, Any]:
    used = {f"{bucket.kind}_per_{_WINDOWS[bucket.window]}": round(bucket.used(now), 3) for bucket in tally.buckets}
    if tally.limit.concurrent is not None:
        used["concurrent"] = tally.running
    return _named(tally.limit.per, tally.who) | used


def _named(scopes: tuple[str, ...], who: tuple[str, ...]) -> dict[str, Any]:
    """Who it is, of a key only its end."""
    named = dict(zip(scopes, who, strict=True))
    if "key" in named:
        key = named["key"]
        named["key"] = "…" + (key[-_SHOWN_OF_A_KEY:] if len(key) > 2 * _SHOWN_OF_A_KEY else "")
    return named
