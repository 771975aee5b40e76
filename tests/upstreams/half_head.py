"""On a kept connection, sends half of an answer's head and closes: bytes were seen."""

import asyncio

from tests.upstreams.llama import WHOLE, Exchange, Llama


async def chat(exchange: Exchange) -> None:
    if exchange.number > 0:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nContent-")
        await exchange.writer.drain()
        exchange.writer.close()
        raise ConnectionResetError
    exchange.answer(WHOLE)


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
