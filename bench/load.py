"""A light HTTP/1.1 load: keep-alive connections, raw sockets, no client library's cost. Knows nothing of OpenAI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of requests took, as the client saw it."""

    requests: int
    wall_s: float
    latencies_s: tuple[float, ...]
    events: int

    def percentile_ms(self, q: float) -> float:
        """The latency in milliseconds below which the share `q` of the requests lies."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(q * len(ordered)))] * 1000


def encode(host: str, body: bytes) -> bytes:
    """One POST of a chat completion as it goes over the wire."""
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one answer, by its length or its chunks; raises RuntimeError when the status is not 200."""
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
    if b"content-length:" in lower:
        length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        return await reader.readexactly(length)
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


async def drive(port: int, total: int, connections: int, body_of: Callable[[int], bytes]) -> Load:
    """Send `total` requests over `connections` connections; `body_of(i)` is the body of the i-th."""
    latencies: list[float] = []
    events = 0
    numbers = iter(range(total))

    async def one_connection() -> None:
        nonlocal events
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for i in numbers:
            started = time.perf_counter()
            writer.write(encode(f"127.0.0.1:{port}", body_of(i)))
            answer = await read_answer(reader)
            latencies.append(time.perf_counter() - started)
            events += answer.count(b"data: ")
        writer.close()
        await writer.wait_closed()

    started = time.perf_counter()
    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return Load(total, time.perf_counter() - started, tuple(latencies), events)
