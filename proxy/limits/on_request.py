"""Holds a request to the limits of its run, and charges its answer to the run's budget."""

from collections.abc import Mapping

from aiohttp import web

from proxy.endpoints.arriving import body_of
from proxy.errors import RejectedError
from proxy.faults.status import LIMIT
from proxy.gate import Handler
from proxy.limits.ask import Ask, is_metered, read
from proxy.limits.bill import Usage, billed
from proxy.limits.meter import Meter, release
from proxy.relay import Answer
from proxy.runs.keys import EXCHANGE, Exchange

_LIMIT = "x-ratelimit-limit-requests"


async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's response, if there is room for it. Raises RejectedError."""
    exchange = request[EXCHANGE]
    meter = exchange.run.meter
    if meter is None or not is_metered(request.method, request.path):
        return await handler(request)
    body = await body_of(request)
    exchange.entry.asked(body)
    ask = read(request.path, request.headers, body)
    try:
        tallies = meter.admit(ask)
    finally:
        exchange.told = meter.told(ask)
    if meter.plan.budget is not None:
        _charge(exchange, meter, ask)
    try:
        return await handler(request)
    except RejectedError as error:
        _agree(error, exchange.told)
        raise
    finally:
        release(tallies)


def _agree(error: RejectedError, told: Mapping[str, str]) -> None:
    """Let a 429 that a fault or a scenario made tell the run's limit, used up, where requests have one."""
    limit = told.get(_LIMIT)
    if limit is not None and error.headers.get(_LIMIT) == LIMIT:
        error.headers = {**told, **error.headers, _LIMIT: limit}
        error.message = error.message.replace(f"Limit {LIMIT}, Used {LIMIT},", f"Limit {limit}, Used {limit},")


def _charge(exchange: Exchange, meter: Meter, ask: Ask) -> None:
    entry = exchange.entry

    def charge(usage: Usage) -> str:
        cost = meter.spend(ask, usage.prompt, usage.cached, usage.completion)
        entry.notes = {**entry.notes, "cost_usd": cost}
        return dollars(cost)

    async def look(answer: Answer) -> Answer:
        return await billed(answer, Usage(ask.prompt_tokens), charge)

    exchange.looks += (look,)


def dollars(amount: float) -> str:
    """As a number without an exponent."""
    return f"{amount:.10f}".rstrip("0").rstrip(".")
