"""The way out: what happens to the source, and to the client, when something ends early."""

import asyncio
import time
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest
from aiohttp import web

from proxy import relay
from proxy.errors import UnreachableError
from proxy.gate import Gate
from proxy.server import Connection

STREAM = {"Content-Type": "text/event-stream"}


class Source:
    """Pieces, then perhaps an error; remembers that it was closed."""

    def __init__(self, *pieces, error=None):
        self.pieces, self.error, self.closed = list(pieces), error, False

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.pieces:
            return self.pieces.pop(0)
        raise self.error or StopAsyncIteration

    async def aclose(self):
        self.closed = True


@asynccontextmanager
async def served(answer, before=None):
    """The address of a server that relays this answer."""

    async def handler(request):
        if before:
            before(request)
        return await relay.send(request, answer)

    app = web.Application()
    app.router.add_get("/", handler)
    Gate(("*",), 1000, access_log=False, clock=time.monotonic).install(app)
    runner = web.AppRunner(app)
    await runner.setup()
    # The production connection, not the test server's.
    assert runner.server
    connection = partial(Connection, runner.server, loop=asyncio.get_running_loop())
    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()
        await runner.cleanup()


async def get(url):
    async with httpx.AsyncClient() as client:
        return await client.get(url)


async def test_pieces_are_written_and_the_source_is_closed():
    source = Source(b"data: 1\n\n", b"data: 2\n\n")

    async with served(relay.Answer(source, STREAM)) as url:
        answer = await get(url)

    assert answer.content == b"data: 1\n\ndata: 2\n\n"
    assert source.closed


async def test_an_answer_to_head_has_no_body_and_its_source_is_closed():
    source = Source(b"data: 1\n\n")

    async with served(relay.Answer(source, STREAM)) as url, httpx.AsyncClient() as client:
        first, second = [await client.head(url) for _ in range(2)]  # on one connection, which a body would break

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["content-type"] == STREAM["Content-Type"]
    assert source.closed


@pytest.mark.parametrize(
    ("pieces", "before"),
    [
        ((), b""),
        ((b"data: 1\n\n",), b"data: 1\n\n"),
        ((b"data: 1\r\n\r", b"\n"), b"data: 1\r\n\r\n"),
        ((b"data: 1\n\nda",), b"data: 1\n\nda\n\n"),
        ((b"data: 1\n", b"\n"), b"data: 1\n\n"),
    ],
)
async def test_an_error_is_an_event_of_its_own_wherever_the_source_stopped(pieces, before):
    source = Source(*pieces, error=UnreachableError("gone", code="upstream_unreachable"))

    async with served(relay.Answer(source, STREAM)) as url:
        answer = await get(url)

    error = b'{"error":{"message":"gone","type":"server_error","param":null,"code":"upstream_unreachable"}}'
    assert answer.content == before + b"data: " + error + b"\n\n"
    assert source.closed


async def test_a_source_is_closed_that_never_began_because_the_client_had_left():
    source = Source(b"never asked for")

    async with served(relay.Answer(source, STREAM), before=lambda request: request.transport.close()) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            await get(url)

    assert source.closed
    assert source.pieces  # nothing was read


@pytest.mark.parametrize("kind", [STREAM, {"Content-Type": "application/json"}])
async def test_a_defect_in_the_middle_breaks_the_answer_off(kind, caplog):
    source = Source(b"data: 1\n\n", error=ZeroDivisionError("a defect"))

    async with served(relay.Answer(source, kind)) as url:
        with pytest.raises(httpx.RemoteProtocolError):
            await get(url)

    assert source.closed
    assert "a defect" in caplog.text


async def test_a_defect_before_the_answer_is_a_clean_500_and_its_details_are_in_the_log(caplog):
    def fail(request):
        raise ZeroDivisionError("a secret")

    async with served(relay.Answer(b"", STREAM), before=fail) as url:
        answer = await get(url)

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (500, "server_error", "internal_error")
    assert answer.headers["x-request-id"] in error["message"]
    assert "secret" not in answer.text
    assert "a secret" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text
