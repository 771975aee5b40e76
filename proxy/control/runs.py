"""`/_sim/runs`: which runs there are, and to begin one again."""

from typing import Any

from aiohttp import web

from proxy.runs.keys import RUNS
from proxy.runs.named import run_of
from proxy.runs.runs import Run


async def listed(request: web.Request) -> web.Response:
    """All runs, the one used last at the end."""
    return web.json_response({"object": "list", "data": [_shown(run) for run in request.app[RUNS].all()]})


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
        "requests": run.journal.begun,
        "faults": len(run.rules),
        "bytes": run.journal.bytes,
    }
