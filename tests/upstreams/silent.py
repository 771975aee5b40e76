"""Takes a request and says nothing, or one event and then nothing."""

import asyncio

from tests.upstreams.llama import Exchange, Llama, chunk, until_gone


async def chat(exchange: Exchange) -> None:
    if exchange.stream:
        exchange.begin_stream()
        await exchange.send(chunk("first"))
    await until_gone(exchange)


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
