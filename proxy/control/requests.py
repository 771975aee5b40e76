"""`/_sim/requests`: the journal of a run."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from proxy.errors import BadRequestError, NotFoundError
from proxy.keys import TIMES
from proxy.runs import view
from proxy.runs.journal import Entry
from proxy.runs.named import run_of
from proxy.runs.paths import usual

_MOST, _USUAL = 1_000, 100
_LONGEST_WAIT = 300.0
_FILTERS: dict[str, Callable[[Entry, str], bool]] = {  # what is quickly told comes first
    "path": lambda entry, wanted: usual(entry.url.path) == usual(wanted),
    "method": lambda entry, wanted: entry.method == wanted.upper(),
    "status": lambda entry, wanted: str(entry.status) == wanted,
    "end": lambda entry, wanted: entry.end == wanted,
    "fault": lambda entry, wanted: wanted in entry.faults,
    "model": lambda entry, wanted: view.model_of(view.decoded(entry.body)) == wanted,
}


async def listed(request: web.Request) -> web.Response:
    """The exchanges that fit the filters, oldest first; `wait_for` waits until so many of them are over.

    Raises BadRequestError for a parameter that makes no sense.
    """
    asked = request.query
    if unknown := set(asked) - {*_FILTERS, "after", "limit", "wait_for", "timeout", "full"}:
        raise BadRequestError(f"Unknown parameter: '{min(unknown)}'.", param=min(unknown), code="unknown_parameter")
    _check(asked)
    after, limit = _number(request, "after", 0, 2**63), _number(request, "limit", _USUAL, _MOST)
    fitting = await _waited(request, after, _number(request, "wait_for", 0, _MOST))
    page = fitting[:limit]
    is_full = asked.get("full") in ("1", "true")
    data = await _told(request, await _whole(page) if is_full else [view.summary(each) for each in page])
    return web.json_response(
        {"object": "list", "data": data, "matched": len(fitting), "has_more": len(fitting) > len(data)}
    )


async def one(request: web.Request) -> web.Response:
    """One exchange, whole. Raises NotFoundError."""
    number = request.match_info["number"]
    for entry in run_of(request).journal:
        if str(entry.number) == number:
            return web.json_response((await _told(request, await _whole([entry])))[0])
    raise NotFoundError(f"The journal of this run has no request {number}.", param="number", code="request_not_found")


async def clear(request: web.Request) -> web.Response:
    """Forget them."""
    run_of(request).journal.clear()
    return web.json_response({"object": "list", "data": [], "deleted": True})


async def _whole(entries: list[Entry]) -> list[dict[str, Any]]:
    from proxy.runs.whole import whole  # noqa: PLC0415 - for those who look

    return await asyncio.to_thread(lambda: [whole(entry) for entry in entries])  # a second for megabytes of texts


async def _told(request: web.Request, shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each with how the client went on after it, which other entries tell."""
    from proxy.verdict.history import History  # noqa: PLC0415 - for those who look

    entries, now = list(run_of(request).journal), request.app[TIMES].clock()
    after = await asyncio.to_thread(lambda: History(entries, now).after()) if shown else {}
    return [each | {"after": after.get(each["number"])} for each in shown]


async def _waited(request: web.Request, after: int, wanted: int) -> list[Entry]:
    """What fits, at once or when there is enough of it, but no later than the time-out."""
    clock = request.app[TIMES].clock
    until = clock() + _number(request, "timeout", 10, int(_LONGEST_WAIT))
    while True:
        journal = run_of(request).journal  # another one where the run has begun again meanwhile
        fitting = [entry for entry in journal if entry.number > after and _fits(entry, request.query)]
        left = until - clock()
        if len([entry for entry in fitting if entry.end != "open"]) >= wanted or left <= 0:
            return fitting
        try:
            await asyncio.wait_for(journal.change(), left)
        except TimeoutError:
            continue


def _check(asked: Mapping[str, str]) -> None:
    """Raises BadRequestError for a filter that lets nothing through, ever."""
    from proxy.verdict.conditions import why_never  # noqa: PLC0415 - for those who look

    for name, value in asked.items():
        if why := why_never(name, value):
            raise BadRequestError(f"'{name}' {why}", param=name, code="invalid_value")


def _fits(entry: Entry, wanted: Mapping[str, str]) -> bool:
    return all(fits(entry, wanted[name]) for name, fits in _FILTERS.items() if name in wanted)


def _number(request: web.Request, name: str, usual: int, most: int) -> int:
    given = request.query.get(name)
    if given is None:
        return usual
    if not given.isascii() or not given.isdigit() or int(given) > most:
        raise BadRequestError(
            f"Invalid '{name}': expected a whole number from 0 to {most}, but got '{given}'.",
            param=name,
            code="invalid_value",
        )
    return int(given)
