"""What there is under `/_sim/`, for the run that the request names."""

from importlib import import_module

from aiohttp import web

from proxy.control import faults, requests, runs
from proxy.control.caller import checked
from proxy.gate import Handler

Route = tuple[str, str, Handler]


def _later(module: str, name: str) -> Handler:
    """A handler of a module of this package, which is imported at the first request."""

    async def handler(request: web.Request) -> web.StreamResponse:
        loaded: Handler = getattr(import_module(f"proxy.control.{module}"), name)
        return await loaded(request)

    return handler


async def home(_request: web.Request) -> web.Response:
    """The list of what there is."""
    return web.json_response({"object": "list", "data": [f"{method} {path}" for method, path, _ in ROUTES]})


_ROUTES: tuple[Route, ...] = (
    ("GET", "/_sim", home),
    ("GET", "/_sim/runs", runs.listed),
    ("POST", "/_sim/runs", runs.change),
    ("DELETE", "/_sim/runs", runs.reset),
    ("GET", "/_sim/faults", faults.listed),
    ("POST", "/_sim/faults", faults.add),
    ("DELETE", "/_sim/faults", faults.clear),
    ("DELETE", "/_sim/faults/{id}", faults.remove),
    ("GET", "/_sim/latency", _later("latency", "shown")),
    ("POST", "/_sim/latency", _later("latency", "put")),
    ("DELETE", "/_sim/latency", _later("latency", "clear")),
    ("GET", "/_sim/limits", _later("limits", "shown")),
    ("POST", "/_sim/limits", _later("limits", "put")),
    ("DELETE", "/_sim/limits", _later("limits", "clear")),
    ("GET", "/_sim/recording", _later("recording", "one")),
    ("POST", "/_sim/recording", _later("recording", "begin")),
    ("DELETE", "/_sim/recording", _later("recording", "end")),
    ("GET", "/_sim/scenario", _later("scenario", "one")),
    ("POST", "/_sim/scenario", _later("scenario", "give")),
    ("DELETE", "/_sim/scenario", _later("scenario", "drop")),
    ("GET", "/_sim/scenario.schema.json", _later("scenario", "schema")),
    ("GET", "/_sim/requests", requests.listed),
    ("DELETE", "/_sim/requests", requests.clear),
    ("GET", "/_sim/requests/{number}", requests.one),
    ("GET", "/_sim/verdict", _later("verdict", "given")),
    ("POST", "/_sim/assertions", _later("assertions", "asserted")),
)
ROUTES: tuple[Route, ...] = tuple([(method, path, checked(handler)) for method, path, handler in _ROUTES])
