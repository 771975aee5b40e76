"""Answers chat completions whole: ids, usage, finish_reason, and text with characters of several bytes."""

import asyncio
import json

from tests.upstreams.llama import DONE, Exchange, Llama

PIECES = ("Grüße ", "aus ", "München", ", ", "schöne ", "Stadt", ".")
USAGE = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
HEAD = {"id": "chatcmpl-1", "created": 1700000000, "model": "tiny", "system_fingerprint": "b1"}


def event(choices: list[object], **more: object) -> bytes:
    document = HEAD | {"object": "chat.completion.chunk", "choices": choices} | more
    return b"data: " + json.dumps(document, ensure_ascii=False).encode() + b"\n\n"


def delta(finish: str | None = None, **fields: str) -> list[object]:
    return [{"index": 0, "delta": fields, "finish_reason": finish}]


async def chat(exchange: Exchange) -> None:
    if not exchange.stream:
        message = {"role": "assistant", "content": "".join(PIECES)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        document = HEAD | {"object": "chat.completion", "choices": [choice], "usage": USAGE}
        exchange.answer(json.dumps(document, ensure_ascii=False).encode())
        return
    exchange.begin_stream()
    await exchange.send(event(delta(role="assistant", content="")))
    for piece in PIECES:
        await exchange.send(event(delta(content=piece)))
    await exchange.send(event(delta("stop")))
    if (json.loads(exchange.body).get("stream_options") or {}).get("include_usage"):
        await exchange.send(event([], usage=USAGE))
    await exchange.send(DONE)
    exchange.end_stream()


asyncio.run(Llama(chat).serve())
