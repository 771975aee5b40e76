"""`/_sim/scenario`: what a run's conversations are answered. What reads scenarios is imported when one is asked for."""

import asyncio
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from aiohttp import web

from proxy.errors import BadRequestError, NotFoundError, TooLargeError
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of

if TYPE_CHECKING:
    from proxy.runs.runs import Run, Runs
    from proxy.scenarios.load import Loaded
    from proxy.scenarios.player import Given

_LARGEST = 2 * 2**20  # bytes
_MOST = 32 * 2**20  # of all runs together; those that give the same one share it


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

    body, run = await request.read(), run_of(request)
    if len(body) > _LARGEST:
        raise _too_large(f"A scenario that is posted has at most {_LARGEST} bytes")
    given = Given(await asyncio.to_thread(_loaded, body, _name(request, body)), len(body))
    others = {id(each.loaded): each.size for each in _given(request.app[RUNS], run) if each.loaded is not given.loaded}
    if sum(others.values()) + given.size > _MOST:
        raise _too_large(f"The scenarios that were posted have at most {_MOST} bytes together")
    run.player = Player(given)
    return web.json_response(run.player.shown(), status=201)


async def drop(request: web.Request) -> web.Response:
    """Take the run's own scenario away: that of the server's files, if any, begins again."""
    run = run_of(request)
    run.player = request.app[RUNS].usual_player()
    if run.recorder is not None and run.player is None:
        from proxy.scenarios.player import Nothing, Player  # noqa: PLC0415 - see above

        run.player = Player(Nothing())  # it goes on being recorded
    return web.json_response({"object": "sim.scenario", "deleted": True})


async def schema(_request: web.Request) -> web.Response:
    """The JSON Schema of the format, for editors."""
    from proxy.scenarios.schema import published  # noqa: PLC0415 - see above

    return web.Response(text=published(), content_type="application/schema+json")


def _given(runs: "Runs", but: "Run") -> "Iterator[Given]":
    """The scenarios that were posted to the other runs."""
    from proxy.scenarios.player import Given  # noqa: PLC0415 - see above

    for run in runs.all():
        if run is not but and run.player is not None and isinstance(run.player.source, Given):
            yield run.player.source


def _too_large(why: str) -> TooLargeError:
    return TooLargeError(f"{why}; larger ones go into files (--scenario).", code="scenario_too_large")


def _name(request: web.Request, body: bytes) -> str:
    """What the body is called in messages; YAML by its type, or because JSON does not begin so."""
    yaml = "yaml" in request.content_type or not body.lstrip().startswith(b"{")
    return "scenario.yaml" if yaml else "scenario.json"


@lru_cache(maxsize=16)  # parallel tests give the same scenario to run after run
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
