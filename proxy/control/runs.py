"""`/_sim/runs`: which runs there are, to begin one again, and to give one a seed and a time of its own."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.endpoints.call import called, decode
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of
from proxy.runs.runs import Run

_LAST_SECOND = 253_402_300_799  # of the year 9999


class Wish(Struct, forbid_unknown_fields=True):
    """What is to be another one: the Unix time `now` goes on, or stands still where it is `frozen`."""

    seed: Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    now: Annotated[float, Meta(ge=0, le=_LAST_SECOND)] | None = None
    frozen: bool | None = None


_decoder = msgspec.json.Decoder(Wish)


async def listed(request: web.Request) -> web.Response:
    """All runs, the one used last at the end."""
    return web.json_response({"object": "list", "data": [_shown(run) for run in request.app[RUNS].all()]})


async def change(request: web.Request) -> web.Response:
    """Give the request's run a seed, a time, or both. Raises BadRequestError."""
    wish = decode(_decoder, (await called(request)).body)
    runs, run = request.app[RUNS], run_of(request)
    if wish.seed is not None:
        runs.seed(run, wish.seed)
    if wish.now is not None or wish.frozen not in (None, run.frozen):
        runs.set_clock(run, run.now() if wish.now is None else wish.now, frozen=bool(wish.frozen))
    return web.json_response(_shown(run))


async def reset(request: web.Request) -> web.Response:
    """Forget what the request's run was asked, and its rules."""
    run = run_of(request)
    request.app[RUNS].reset(run.name)
    return web.json_response({"object": "sim.run", "name": run.name, "reset": True})


def _shown(run: Run) -> dict[str, Any]:
    return {
        "object": "sim.run",
        "name": run.name,
        "created": run.created,
        "seed": run.seed,
        "now": run.now(),
        "frozen": run.frozen,
        "requests": run.journal.begun,
        "faults": len(run.rules),
        "bytes": run.journal.bytes,
    }
