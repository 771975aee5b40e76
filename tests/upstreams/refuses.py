"""Answers every chat with an error, in llama.cpp's shape: the code is a number, and there is no param."""

import asyncio

from tests.upstreams.llama import Exchange, Llama


async def chat(exchange: Exchange) -> None:
    body = b'{"error":{"code":400,"message":"the request exceeds the context size","type":"exceed_context_size_error"}}'
    exchange.answer(body, 400)


if __name__ == "__main__":
    asyncio.run(Llama(chat).serve())
