"""Answers."""

import asyncio

from tests.upstreams.llama import DONE, WHOLE, Exchange, Llama, chunk


async def chat(exchange: Exchange) -> None:
    if not exchange.stream:
        exchange.answer(WHOLE)
        return
    exchange.begin_stream()
    for word in ("one", " two", " three"):
        await exchange.send(chunk(word))
    await exchange.send(DONE)
    exchange.end_stream()


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
