"""`/_sim/scenario`: what a run's conversations are answered. What reads scenarios is imported when one is asked for."""

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from proxy.errors import BadRequestError, NotFoundError, TooLargeError
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of

if TYPE_CHECKING:
    from proxy.scenarios.load import Loaded

_LARGEST = 256 * 2**10  # bytes: a thousand runs may have one each


async def one(request: web.Request) -> web.Response:
    """The run's scenario, with how often each rule has answered. Raises NotFoundError where it has none."""
    player = run_of(request).player
    if player is None:
        raise NotFoundError(
            "This run has no scenario. POST one here, or start the server with --scenario FILE.", code="no_scenario"
        )
    return web.json_response(player.shown())


async def give(request: web.Request) -> web.Response:
    """Give the run a scenario of its own, as JSON or YAML, from its beginning. Raises BadRequestError."""
    from proxy.scenarios.player import Given, Player  # noqa: PLC0415 - see above

    body = await request.read()
    if len(body) > _LARGEST:
        raise TooLargeError(
            f"A scenario that is posted has at most {_LARGEST} bytes; larger ones go into files (--scenario).",
            code="scenario_too_large",
        )
    run = run_of(request)
    run.player = Player(Given(await asyncio.to_thread(_loaded, body, _name(request, body))))
    return web.json_response(run.player.shown(), status=201)


async def drop(request: web.Request) -> web.Response:
    """Take the run's own scenario away: that of the server's files, if any, begins again."""
    run = run_of(request)
    run.player = request.app[RUNS].usual_player()
    return web.json_response({"object": "sim.scenario", "deleted": True})


async def schema(_request: web.Request) -> web.Response:
    """The JSON Schema of the format, for editors."""
    from proxy.scenarios.schema import published  # noqa: PLC0415 - see above

    return web.Response(text=published(), content_type="application/schema+json")


def _name(request: web.Request, body: bytes) -> str:
    """What the body is called in messages; YAML by its type, or because JSON does not begin so."""
    yaml = "yaml" in request.content_type or not body.lstrip().startswith(b"{")
    return "scenario.yaml" if yaml else "scenario.json"


@lru_cache(maxsize=32)  # parallel tests give the same scenario to run after run
def _loaded(body: bytes, name: str) -> "Loaded":
    from proxy.scenarios.load import ScenarioError, load  # noqa: PLC0415 - see above

    try:
        loaded = load([(name, body.decode())])
        _ = loaded.warnings  # looked for in this thread, which nobody waits for
        return loaded
    except UnicodeDecodeError:
        raise BadRequestError("The scenario is not UTF-8.", code="invalid_scenario") from None
    except ScenarioError as error:
        raise BadRequestError(str(error), param="scenario", code="invalid_scenario") from None
