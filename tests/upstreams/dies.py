"""Breaks off: a stream after an event and a half, a plain answer after half its body."""

import asyncio

from tests.upstreams.llama import WHOLE, Exchange, Llama, chunk


async def chat(exchange: Exchange) -> None:
    if exchange.stream:
        exchange.begin_stream()
        await exchange.send(chunk("first") + chunk("second")[:20])
    else:
        exchange.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await exchange.send(WHOLE[:20])
    exchange.writer.close()
    raise ConnectionResetError


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
