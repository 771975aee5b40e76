"""`GET /v1/models` and `GET /v1/models/{id}`: OpenAI's fields, and what a local model has beside them."""

from pathlib import PurePath
from typing import Any

import msgspec
from aiohttp import web

from proxy.dispatch import CONTEXT, SIMULATED
from proxy.errors import no_such_model
from proxy.keys import REAL_MODEL
from proxy.real_model import RealModel

_RELEASED = 1795392000  # 2026-11-23, when gpt-sim-1 first answered


async def listing(request: web.Request) -> web.Response:
    """Every model."""
    return _json({"object": "list", "data": await _cards(request.app[REAL_MODEL])})


async def one(request: web.Request) -> web.Response:
    """One model; ids may hold slashes. Raises NotFoundError."""
    name = request.match_info["id"].rstrip("/")
    for card in await _cards(request.app[REAL_MODEL]):
        if card["id"] == name:
            return _json(card)
    raise no_such_model(name)


async def _cards(model: RealModel) -> list[dict[str, Any]]:
    if not model.names or any(model.state(name).state != "ready" for name in model.names):
        await model.refresh()  # it may have become ready since the last look
    simulated = {
        "id": SIMULATED,
        "object": "model",
        "created": _RELEASED,
        "owned_by": "openai-api-simulator",
        "context_length": CONTEXT,
        "quantization": None,
        "size": None,
        "state": "ready",
    }
    return [simulated, *(_real_card(name, model) for name in model.names)]


def _real_card(name: str, model: RealModel) -> dict[str, Any]:
    known = model.manifest(name)
    state = model.state(name)
    return {
        "id": name,
        "object": "model",
        "created": known.created or _RELEASED,
        "owned_by": known.owner or "llama.cpp",
        "context_length": known.context_length,
        "quantization": known.quantization,
        "size": known.size,
        "parameters": known.parameters,
        "license": known.license,
        "source": _told(known.source),
        "sha256": known.sha256,
        "state": state.phase if state.state == "loading" else state.state,
    }


def _told(source: dict[str, str | None] | None) -> dict[str, str | None] | None:
    """Where a model comes from; of a file only its name, for clients need not know this machine's folders."""
    if source is None or source.get("kind") != "file":
        return source
    return source | {"ref": PurePath(source.get("ref") or "").name}


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
