"""`/_sim/assertions`: whether the requests of a run are those that a test expects."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from proxy import wording
from proxy.errors import BadRequestError
from proxy.keys import TIMES
from proxy.runs.journal import Entry
from proxy.runs.named import run_of
from proxy.scenarios.patience import TooSlowError, at_most
from proxy.verdict.assertions import AssertionsError, Wish, checked, wish_of

_LONGEST_MATCHING = 1.0  # seconds


async def asserted(request: web.Request) -> web.Response:
    """What holds, at once or as soon as all does, but no later than `wait_s`. Raises BadRequestError."""
    wish = _wish(await request.read())
    clock = request.app[TIMES].clock
    until = clock() + wish.wait_s
    while True:
        journal = run_of(request).journal
        change = asyncio.create_task(journal.change())
        await asyncio.sleep(0)  # it listens now, so that nothing is missed while the journal is read
        try:
            answer = await _checked(wish, list(journal))
            if answer["passed"] or clock() >= until:
                return web.json_response(answer)
            await asyncio.wait([change], timeout=until - clock())
        finally:
            change.cancel()


async def _checked(wish: Wish, entries: list[Entry]) -> dict[str, Any]:
    """What holds. Raises BadRequestError where a regex does not come to an end."""
    if b'"regex":"' not in msgspec.json.encode(wish):
        return await asyncio.to_thread(checked, wish, entries)
    try:
        with at_most(_LONGEST_MATCHING):  # which bounds the main thread alone
            return checked(wish, entries)
    except TooSlowError:
        raise BadRequestError(
            f"The assertions could not be matched within {_LONGEST_MATCHING:g} s. A regex may try too many ways: write "
            "it without a repeat inside a repeat, such as (a+)+.",
            param="assertions",
            code="assertion_too_slow",
        ) from None


def _wish(body: bytes) -> Any:
    try:
        return wish_of(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise wording.malformed(problem) from None
    except AssertionsError as problem:
        raise BadRequestError(str(problem), param="assertions", code="invalid_assertion") from None
