"""Lets one request's answer go wrong, as its run and its fault header ask."""

from collections.abc import Sequence

from aiohttp import web

from proxy.endpoints.arriving import body_of
from proxy.faults.fault import Fault
from proxy.faults.table import asked_for, name_of
from proxy.gate import FAULT_HEADER
from proxy.keys import TIMES, Times
from proxy.relay import Answer, Shape
from proxy.runs.keys import EXCHANGE, Exchange
from proxy.runs.view import decoded, model_of


async def misbehave(request: web.Request) -> None:
    """Note the faults for the way out, the run's first.

    Raises ApiError for a header that is wrong, and where a fault wants no answer at all.
    """
    exchange = request[EXCHANGE]
    body = await body_of(request)
    exchange.entry.asked(body)  # here, because a fault may end it before anybody else reads it
    add(request, [*_of_the_run(request, exchange, body), *asked_for(request.headers.get(FAULT_HEADER, ""))])


def add(request: web.Request, faults: Sequence[Fault]) -> None:
    """Note more faults for the way out. Raises ApiError where one of them wants no answer at all."""
    exchange, times = request[EXCHANGE], request.app[TIMES]
    exchange.entry.faults = (*exchange.entry.faults, *[name_of(fault) for fault in faults])
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
