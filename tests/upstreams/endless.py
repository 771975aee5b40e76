"""Generates until the client leaves: a stream event by event, each on its own; a plain answer never comes."""

import asyncio

from tests.upstreams.llama import Exchange, Llama, chunk, until_gone


async def chat(exchange: Exchange) -> None:
    if not exchange.stream:
        await until_gone(exchange)
    exchange.begin_stream()
    await exchange.send(chunk("first"))
    await until_gone(exchange)  # the second event is never sent: whoever got the first got it on its own


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
