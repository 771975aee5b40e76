"""Lets one request's answer go wrong, as its fault header asks."""

from aiohttp import web

from proxy.faults import asked_for
from proxy.faults.fault import Fault
from proxy.gate import FAULT_HEADER
from proxy.keys import TIMES, Times
from proxy.relay import SHAPES, Answer, Shape


def misbehave(request: web.Request) -> None:
    """Note the faults for the way out. Raises ApiError for a header that is wrong, and where no answer is wanted."""
    faults = asked_for(request.headers[FAULT_HEADER])
    for fault in faults:
        fault.before()
    times = request.app[TIMES]
    request[SHAPES] = tuple([_shape(fault, times) for fault in faults])


def _shape(fault: Fault, times: Times) -> Shape:
    def shape(answer: Answer) -> Answer:
        return fault.shape(answer, times)

    return shape
