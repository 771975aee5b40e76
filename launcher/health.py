"""Asks a server on this machine how it is, with a request of a few bytes: no client library is worth its import."""

import asyncio
import re


async def status_of(port: int, path: str = "/health", host: str = "127.0.0.1", seconds: float = 2.0) -> int | None:
    """The HTTP status that `path` answers; None when nobody answers in time."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
                line = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return None
    found = re.match(rb"HTTP/1\.\d (\d{3})", line)
    return int(found[1]) if found else None
