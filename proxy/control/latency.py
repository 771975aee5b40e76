"""`/_sim/latency`: how long the simulated models of a run take."""

from typing import Any

import msgspec
from aiohttp import web

from proxy.endpoints.call import called, decode
from proxy.errors import BadRequestError
from proxy.latency.profile import Profile, ProfileError
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of
from proxy.runs.runs import Run

_decoder = msgspec.json.Decoder(Profile)


async def shown(request: web.Request) -> web.Response:
    """The profile, and how many answers took their time from it."""
    return web.json_response(_shown(run_of(request)))


async def put(request: web.Request) -> web.Response:
    """Another profile, from the beginning of its draws. Raises BadRequestError."""
    wish = decode(_decoder, (await called(request)).body)
    try:
        profile = wish.whole()
    except ProfileError as problem:
        raise BadRequestError(str(problem), param="preset", code="unknown_preset") from None
    run = run_of(request)
    request.app[RUNS].time(run, profile)
    return web.json_response(_shown(run))


async def clear(request: web.Request) -> web.Response:
    """None, not even that of --latency."""
    run = run_of(request)
    request.app[RUNS].time(run, None)
    return web.json_response(_shown(run) | {"deleted": True})


def _shown(run: Run) -> dict[str, Any]:
    latency = run.latency
    if latency is None:
        return {"object": "sim.latency", "profile": None, "answers": 0}
    given = {name: value for name, value in msgspec.to_builtins(latency.profile).items() if value is not None}
    virtual = {"virtual_now_ms": round(latency.virtual_now * 1000, 3)} if latency.profile.virtual else {}
    return {"object": "sim.latency", "profile": given, "answers": latency.answers, **virtual}
