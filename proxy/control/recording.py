"""`/_sim/recording`: what a run is recorded as. What records is imported when it is asked for."""

from typing import Any

import msgspec
from aiohttp import web

from proxy import wording
from proxy.errors import BadRequestError, NotFoundError
from proxy.runs.keys import RUNS
from proxy.runs.named import run_of
from proxy.runs.runs import Run


async def begin(request: web.Request) -> web.Response:
    """Record in memory what no rule of this run answers, from `from` or the server's usual upstream.

    Raises BadRequestError.
    """
    from proxy.recordings.record import begun  # noqa: PLC0415 - see above
    from proxy.scenarios.player import Nothing, Player  # noqa: PLC0415

    base = _base(await request.read())
    run = run_of(request)
    run.recorder = begun(request.app, base)
    if run.player is None:
        run.player = Player(Nothing())
    return web.json_response(_shown(run), status=201)


async def one(request: web.Request) -> web.Response:
    """The scenario so far, as YAML; to who accepts JSON, how much there is. Raises NotFoundError."""
    recorder = run_of(request).recorder
    if recorder is None:
        raise NotFoundError(
            "This run is not recorded. POST to this path, or start the server with --record FILE.", code="no_recording"
        )
    if "application/json" in request.headers.get("Accept", ""):
        return web.json_response(recorder.shown())
    return web.Response(text=recorder.tape.text(), content_type="application/yaml")


async def end(request: web.Request) -> web.Response:
    """Stop recording this run; a recording in memory is forgotten."""
    run = run_of(request)
    run.recorder = None
    if run.player is not None and run.player.is_empty:
        run.player = request.app[RUNS].usual_player()
    return web.json_response({"object": "sim.recording", "deleted": True})


def _base(body: bytes) -> str | None:
    from proxy.settings import base_url  # noqa: PLC0415 - see above

    if not body.strip():
        return None
    try:
        given = msgspec.json.decode(body, type=dict[str, Any])
        unknown = set(given) - {"from"}
        if unknown:
            raise ValueError(f"unknown key '{min(unknown)}'")
        return base_url(given.get("from") or "")
    except RecursionError as problem:
        raise wording.malformed(problem) from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, AttributeError) as problem:
        raise BadRequestError(
            f'Invalid body: expected {{"from": URL}} or nothing, but {problem}.', param="from", code="invalid_value"
        ) from None


def _shown(run: Run) -> dict[str, Any]:
    assert run.recorder is not None, "it has just begun"
    return run.recorder.shown()
