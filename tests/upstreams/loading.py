"""Is loading its model, and says so."""

import asyncio

from tests.upstreams.llama import WHOLE, Exchange, Llama


async def main() -> None:
    async def chat(exchange: Exchange) -> None:
        if server.health == 200:
            exchange.answer(WHOLE)
        else:
            body = b'{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}'
            exchange.answer(body, 503)

    server = Llama(chat, health=503)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(main())
