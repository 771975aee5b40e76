"""Writes every request and its answer into the journal of its run: the outermost middleware."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from proxy.errors import ApiError
from proxy.gate import render
from proxy.runs.keys import EXCHANGE, RUNS, Exchange
from proxy.runs.named import run_of

_NOT_RECORDED = ("/_sim", "/health", "/ready")  # the beginnings of paths


@web.middleware
async def recorded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The handler's response, noted. Without a response the client had left: of a stream its beginning is noted."""
    if request.path.startswith(_NOT_RECORDED):
        return await handler(request)
    try:
        run = run_of(request)
    except ApiError as error:
        return render(error)
    exchange = request[EXCHANGE] = Exchange(run, run.journal.begin(request.method, request.rel_url, request.headers))
    response = None
    try:
        response = await handler(request)
        return response
    finally:
        _finish(request, exchange, response)


def _finish(request: web.Request, exchange: Exchange, response: web.StreamResponse | None) -> None:
    entry = exchange.entry
    if response is not None:
        entry.answers(response.status, response.headers)
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            entry.sent(response.body)
    transport = request.transport
    exchange.run.journal.finish(entry, here=transport is not None and not transport.is_closing())
    request.app[RUNS].ended()
