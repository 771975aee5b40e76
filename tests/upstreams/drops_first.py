"""Drops every chat request on a new connection without a byte, as a crash does."""

import asyncio

from tests.upstreams.llama import Exchange, Llama


async def chat(exchange: Exchange) -> None:
    exchange.writer.close()
    raise ConnectionResetError


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
