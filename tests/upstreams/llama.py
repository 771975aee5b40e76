"""What all of them share: HTTP/1.1 with keep-alive, /health, /v1/models, and /seen, which tells what happened."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

MODEL = {
    "id": "tiny",
    "object": "model",
    "created": 1700000000,
    "owned_by": "llamacpp",
    "meta": {"n_ctx_train": 2048, "n_params": 1000, "size": 4321},
}


@dataclass
class Exchange:
    """One request, and the connection to answer on."""

    path: str
    headers: dict[str, str]
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int  # of this connection's requests

    @property
    def stream(self) -> bool:
        return bool(self.body) and bool(json.loads(self.body).get("stream"))

    def answer(self, body: bytes, status: int = 200, content_type: str = "application/json") -> None:
        head = f"HTTP/1.1 {status} X\r\nServer: llama.cpp\r\nContent-Type: {content_type}\r\n"
        self.writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def begin_stream(self) -> None:
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nServer: llama.cpp\r\nContent-Type: text/event-stream\r\n"
            b"Access-Control-Allow-Origin: \r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    async def send(self, data: bytes) -> None:
        self.writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await self.writer.drain()

    def end_stream(self) -> None:
        self.writer.write(b"0\r\n\r\n")


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class Llama:
    """A server whose chat endpoint behaves as told."""

    chat: Behaviour
    health: int = 200
    models: list[dict[str, Any]] = field(default_factory=lambda: [MODEL])
    seen: list[Any] = field(default_factory=list)

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            number = 0
            while exchange := await _read(reader, writer, number):
                number += 1
                await self._answer(exchange)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.seen.append("disconnected")
        finally:
            writer.close()

    async def _answer(self, exchange: Exchange) -> None:
        if exchange.path == "/health":
            exchange.answer(b'{"status":"ok"}', self.health)
        elif exchange.path == "/v1/models":
            exchange.answer(json.dumps({"object": "list", "data": self.models}).encode())
        elif exchange.path == "/seen":
            exchange.answer(json.dumps(self.seen).encode())
        elif exchange.path.startswith("/become/"):
            self.health = int(exchange.path.removeprefix("/become/"))
            exchange.answer(b"{}")
        else:
            self.seen.append({"path": exchange.path, "headers": exchange.headers, "body": exchange.body.decode()})
            await self.chat(exchange)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Exchange | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *rest = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Exchange(first.split(" ")[1], headers, body, reader, writer, number)


async def until_gone(exchange: Exchange) -> None:
    """Wait until the other side closes; raises ConnectionError then."""
    while await exchange.reader.read(1024):
        pass
    raise ConnectionResetError


def chunk(text: str) -> bytes:
    value = {"object": "chat.completion.chunk", "model": "tiny", "choices": [{"index": 0, "delta": {"content": text}}]}
    return b"data: " + json.dumps(value).encode() + b"\n\n"


WHOLE = json.dumps(
    {"object": "chat.completion", "model": "tiny", "choices": [{"index": 0, "message": {"content": "hi"}}]}
).encode()
DONE = b"data: [DONE]\n\n"
