"""Closes a kept connection just as its second request comes, as a server does whose idle time is over."""

import asyncio

from tests.upstreams.llama import WHOLE, Exchange, Llama


async def chat(exchange: Exchange) -> None:
    if exchange.number > 0:
        exchange.writer.close()
        raise ConnectionResetError
    exchange.answer(WHOLE)


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
