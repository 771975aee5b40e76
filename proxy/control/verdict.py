"""`/_sim/verdict`: what the client of a run did wrong."""

import asyncio
import difflib
from typing import Any

from aiohttp import web

from proxy.errors import BadRequestError
from proxy.keys import TIMES
from proxy.runs.journal import Entry
from proxy.runs.named import run_of
from proxy.verdict.history import History
from proxy.verdict.mistake import Limits
from proxy.verdict.table import MISTAKES, verdict

_KNOWN = ("timeout_s", "storm_tries", "storm_s", "ignore")
_USUAL = Limits()
_MOST_SECONDS = 86_400


async def given(request: web.Request) -> web.Response:
    """The verdict on the journal as it is now. Raises BadRequestError for a parameter that makes no sense."""
    for name in request.query:
        if name not in _KNOWN:
            raise _wrong(f"Unknown parameter: '{name}'.{_nearest(name, _KNOWN)}", name, "unknown_parameter")
    limits = Limits(
        timeout_s=_number(request, "timeout_s", _USUAL.timeout_s),
        storm_tries=int(_number(request, "storm_tries", _USUAL.storm_tries)),
        storm_s=_number(request, "storm_s", _USUAL.storm_s),
    )
    ignored = [name.strip() for name in request.query.get("ignore", "").split(",") if name.strip()]
    for name in ignored:
        if name not in MISTAKES:
            raise _wrong(f"There is no mistake '{name}'.{_nearest(name, MISTAKES)}", "ignore", "unknown_mistake")
    entries = list(run_of(request).journal)
    return web.json_response(await asyncio.to_thread(_judged, entries, request.app[TIMES].clock(), limits, ignored))


def _judged(entries: list[Entry], now: float, limits: Limits, ignored: list[str]) -> dict[str, Any]:
    return verdict(History(entries, now), limits, ignored)


def _number(request: web.Request, name: str, usual: float) -> float:
    text = request.query.get(name)
    if text is None:
        return usual
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= _MOST_SECONDS:
        raise _wrong(
            f"Invalid '{name}': expected a number above 0 and up to {_MOST_SECONDS}, but got '{text[:80]}'.",
            name,
            "invalid_value",
        )
    return value


def _nearest(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{near[0]}'?" if near else f" There are {', '.join(known)}."


def _wrong(message: str, param: str, code: str) -> BadRequestError:
    return BadRequestError(message, param=param, code=code)
