"""What there is under `/_sim/`, for the run that the request names."""

from aiohttp import web

from proxy.control import faults, requests, runs
from proxy.gate import Handler

Route = tuple[str, str, Handler]


async def home(_request: web.Request) -> web.Response:
    """The list of what there is."""
    return web.json_response({"object": "list", "data": [f"{method} {path}" for method, path, _ in ROUTES]})


ROUTES: tuple[Route, ...] = (
    ("GET", "/_sim", home),
    ("GET", "/_sim/runs", runs.listed),
    ("DELETE", "/_sim/runs", runs.reset),
    ("GET", "/_sim/faults", faults.listed),
    ("POST", "/_sim/faults", faults.add),
    ("DELETE", "/_sim/faults", faults.clear),
    ("DELETE", "/_sim/faults/{id}", faults.remove),
    ("GET", "/_sim/requests", requests.listed),
    ("DELETE", "/_sim/requests", requests.clear),
    ("GET", "/_sim/requests/{number}", requests.one),
)
