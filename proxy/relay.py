"""The way out: writes an answer, whole or as an iterator of bytes, until it is done or the client leaves.

Both sources, the simulator and llama-server, leave through `send`, so whatever changes an answer on its way
(a fault) is a transform of that iterator. Knows nothing of models.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from typing import Protocol

from aiohttp import web
from aiohttp.client_exceptions import ClientConnectionResetError
from aiohttp.http import HttpVersion11
from msgspec import Struct

from proxy import sse
from proxy.errors import ApiError
from proxy.runs.keys import EXCHANGE


class Body(Protocol):
    """Bytes as they come, such as an asynchronous generator."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces, which need not be whole events."""

    async def aclose(self) -> None:
        """End the source, whether it has begun or not."""


class Answer(Struct, frozen=True):
    """Status, headers, and the body: whole, or the bytes as they come."""

    body: bytes | Body
    headers: Mapping[str, str]
    status: int = 200


def content_type(headers: Mapping[str, str]) -> str:
    """The value of that header, however its name is written; nothing where there is none."""
    return next((value for name, value in headers.items() if name.lower() == "content-type"), "")


# What happens to an answer on its way out: faults.
Shape = Callable[[Answer], Answer]
# What sees an answer before faults do, and may wait for the whole of it: its time, its cost.
Look = Callable[[Answer], Awaitable[Answer]]


class BrokenOff(Exception):  # noqa: N818 - not an error: what a source raises to end the connection without an end
    """The connection is to close in the middle of the answer, with a TCP reset or without one."""

    def __init__(self, *, reset: bool) -> None:
        super().__init__()
        self.reset = reset


async def send(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Write the answer. A client that leaves closes the source, and so ends the generation upstream."""
    if request.method == "HEAD":
        return await _without_body(answer)
    exchange = request.get(EXCHANGE)
    if exchange is not None:
        for look in exchange.looks:
            answer = await look(answer)
        if exchange.shapes:
            shapes, exchange.shapes = exchange.shapes, ()  # once
            answer = await _shaped(answer, shapes)
    if isinstance(answer.body, bytes):
        return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    if request.version < HttpVersion11:
        response.force_close()  # its client knows no chunks: the end of the connection is the end of the answer
    async with aclosing(answer.body) as source:
        with suppress(ClientConnectionResetError):  # gone: the server sees it too, and the access log says 499
            await response.prepare(request)
            if exchange is not None:  # now: who leaves the stream cancels this
                exchange.entry.answers(response.status, response.headers)
            await _pump(source, request, response)
    return response


async def _without_body(answer: Answer) -> web.StreamResponse:
    """The answer to HEAD: nothing happens to what is not sent."""
    if isinstance(answer.body, bytes):
        return web.Response(body=answer.body, status=answer.status, headers=answer.headers)  # for its length
    await answer.body.aclose()
    return web.Response(status=answer.status, headers=answer.headers)


async def _shaped(answer: Answer, shapes: tuple[Shape, ...]) -> Answer:
    """The answer as it goes out. Raises ApiError where a shape makes an error of it; its source is closed then."""
    try:
        for shape in shapes:
            answer = shape(answer)
    except ApiError:
        if not isinstance(answer.body, bytes):
            await answer.body.aclose()
        raise
    return answer


async def _pump(source: Body, request: web.Request, response: web.StreamResponse) -> None:
    tail = b"\n\n"
    exchange = request.get(EXCHANGE)
    entry = exchange and exchange.entry
    try:
        async for piece in source:
            await response.write(piece)
            if entry is not None:
                entry.sent(piece)
            tail = piece if len(piece) > 3 else tail[-4:] + piece
    except ApiError as error:
        if response.content_type == "text/event-stream":
            event = sse.error_event(error, request.path, tail)
            last = event if sse.at_boundary(tail) else b"\n\n" + event
            await response.write(last)
            if entry is not None:
                entry.sent(last)
        elif request.transport is not None:
            # Half a JSON document cannot carry an error: break off, so that nobody takes it for whole.
            request.transport.close()
            return
    except BrokenOff as how:
        await _break_off(request, reset=how.reset)
        return
    await response.write_eof()


async def _break_off(request: web.Request, *, reset: bool) -> None:
    transport = request.transport
    if transport is None:
        return
    if exchange := request.get(EXCHANGE):
        exchange.entry.end = "broken"
    if reset:
        await asyncio.sleep(0)  # what was written goes out in this turn of the loop
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
