"""Lets one request's answer go wrong, as its run and its fault header ask."""

from collections.abc import Sequence

from aiohttp import web

from proxy import relay
from proxy.endpoints.arriving import body_of
from proxy.errors import BadRequestError
from proxy.faults.fault import Fault
from proxy.faults.table import asked_for, name_of
from proxy.gate import FAULT_HEADER, Handler
from proxy.keys import TIMES, Times
from proxy.relay import Answer, Shape
from proxy.runs.keys import EXCHANGE, Exchange
from proxy.runs.view import decoded, model_of

MOST = 10  # for one answer: each goes through all that those before it made, and some double it


async def misbehaved(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The handler's response with its faults, the run's first.

    Raises ApiError for a header that is wrong, and where a fault wants no answer at all.
    """
    exchange = request[EXCHANGE]
    body = await body_of(request)
    exchange.entry.asked(body)  # here, because a fault may end it before anybody else reads it
    add(request, [*_of_the_run(request, exchange, body), *asked_for(request.headers.get(FAULT_HEADER, ""))])
    response = await handler(request)
    if not exchange.shapes or not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    # It has not come through relay.send, as lists and files do not.
    return await relay.send(request, Answer(response.body, response.headers, response.status))


def add(request: web.Request, faults: Sequence[Fault]) -> None:
    """Note more faults for the way out. Raises ApiError where one of them wants no answer at all, or for too many."""
    exchange, times = request[EXCHANGE], request.app[TIMES]
    exchange.entry.faults = (*exchange.entry.faults, *[name_of(fault) for fault in faults])
    if len(exchange.entry.faults) > MOST:
        raise BadRequestError(
            f"{len(exchange.entry.faults)} faults are too many for one answer: at most {MOST}.",
            param=FAULT_HEADER,
            code="too_many_faults",
        )
    for fault in faults:
        fault.before()
    exchange.shapes = (*exchange.shapes, *[_shape(fault, times) for fault in faults])


def _of_the_run(request: web.Request, exchange: Exchange, body: bytes) -> list[Fault]:
    run = exchange.run
    if not run.rules:
        return []
    model = model_of(decoded(body)) or ""
    return [rule.fault for rule in run.rules.values() if rule.strikes(model, request.path, run.seed)]


def _shape(fault: Fault, times: Times) -> Shape:
    def shape(answer: Answer) -> Answer:
        return fault.shape(answer, times)

    return shape
