"""`/health`: the process is alive. `/ready`: how each model is. `/`: what this is."""

import dataclasses
from typing import Any

import msgspec
from aiohttp import web

from proxy import VERSION
from proxy.dispatch import SIMULATED
from proxy.keys import LISTED, REAL_MODEL

UNNAMED = "real model"  # until the status file or llama-server says its name
SIMULATOR_STATE = {
    "state": "ready",
    "phase": "ready",
    "message": "The simulator answers.",
    "percent": None,
    "detail": None,
    "eta_seconds": None,
    "retry_at": None,
}


async def health(_request: web.Request) -> web.Response:
    """Alive, whatever the models do."""
    return _json({"status": "ok"})


async def ready(request: web.Request) -> web.Response:
    """200 when every model that is set up answers, else 503; either way each model's state."""
    model = request.app[REAL_MODEL]
    await model.refresh()
    models: dict[str, Any] = {SIMULATED: SIMULATOR_STATE}
    for name in [UNNAMED] if model.awaited else model.names:
        models[name] = dataclasses.asdict(model.state(name))
    all_ready = all(each["state"] == "ready" for each in models.values())
    return _json({"ready": all_ready, "models": models}, 200 if all_ready else 503)


async def home(request: web.Request) -> web.Response:
    """A short word to whoever opens the address in a browser or probes it."""
    return _json(
        {
            "name": "OpenAI API Simulator",
            "version": VERSION,
            "message": "An OpenAI-compatible endpoint. Set your client's base URL to this address plus /v1.",
            "endpoints": request.app[LISTED],
        }
    )


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
