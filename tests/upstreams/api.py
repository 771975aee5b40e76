"""A provider's API, asked with a key: four endpoints, plain and streamed, with all that changes from answer to answer.

What the user says decides: "status 429", "break", "gzip", "crlf", "secret", "error in the stream", "binary",
"call a tool".
"""

import asyncio
import gzip
import itertools
import json
from typing import Any

from tests.upstreams.llama import Exchange, Llama

COUNT = itertools.count(1)
PIECES = ("Grüße ", "aus ", "München", ".")
NOISE = "Set-Cookie: __cf_bm=secret-cookie\r\nx-request-id: req_{0}\r\nopenai-organization: acme\r\ncf-ray: {0}\r\n"


def said(document: dict[str, Any]) -> str:
    last = (document.get("messages") or [{"content": document.get("input") or document.get("prompt")}])[-1]
    return str(last["content"])


def sse(*documents: Any, named: bool) -> list[bytes]:
    head = "event: {}\n" if named else ""
    return [
        f"{head.format(d['type'] if named else '')}data: {json.dumps(d, ensure_ascii=False)}\n\n".encode()
        for d in documents
    ]


def chat(n: int, text: str) -> tuple[Any, list[bytes]]:
    head = {"id": f"chatcmpl-{n}", "created": 1800000000 + n, "model": "gpt-4o-mini", "system_fingerprint": f"fp_{n}"}
    message: dict[str, Any] = {"role": "assistant", "content": "".join(PIECES)}
    deltas: list[Any] = [{"role": "assistant", "content": ""}, *[{"content": piece} for piece in PIECES]]
    finish = "stop"
    if "call a tool" in text:
        call = {"id": "call_abc", "type": "function", "function": {"name": "look", "arguments": '{"at": "sky"}'}}
        message, finish = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        first = {"index": 0, **call, "function": {"name": "look", "arguments": ""}}
        more = [{"index": 0, "function": {"arguments": part}} for part in ('{"at": ', '"sky"}')]
        deltas = [{"role": "assistant", "content": None}, *[{"tool_calls": [each]} for each in (first, *more)]]
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    plain = head | {"object": "chat.completion", "choices": choices, "usage": {"total_tokens": 9}}
    chunks = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    chunks.append({"index": 0, "delta": {}, "finish_reason": finish})
    about = head | {"object": "chat.completion.chunk", "obfuscation": "x" * (n % 7)}
    return plain, [*sse(*[about | {"choices": [chunk]} for chunk in chunks], named=False), b"data: [DONE]\n\n"]


def completion(n: int, _text: str) -> tuple[Any, list[bytes]]:
    head = {"id": f"cmpl-{n}", "object": "text_completion", "created": 1800000000 + n, "model": "gpt-4o-mini"}
    choice = {"index": 0, "finish_reason": None}
    events = [head | {"choices": [choice | {"text": piece}]} for piece in PIECES]
    last = head | {"choices": [choice | {"text": "", "finish_reason": "stop"}]}
    whole = head | {"choices": [choice | {"text": "".join(PIECES), "finish_reason": "stop"}]}
    return whole, [*sse(*events, last, named=False), b"data: [DONE]\n\n"]


def response(n: int, _text: str) -> tuple[Any, list[bytes]]:
    part = {"type": "output_text", "text": "".join(PIECES), "annotations": []}
    item = {"id": f"msg_{n}", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    about = {"id": f"resp_{n}", "object": "response", "created_at": 1800000000 + n, "model": "gpt-4o-mini"}
    whole = about | {"status": "completed", "output": [item]}
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    deltas = [{"type": "response.output_text.delta", **place, "delta": piece} for piece in PIECES]
    begun = {"type": "response.created", "response": about | {"status": "in_progress", "output": []}}
    return whole, sse(begun, *deltas, {"type": "response.completed", "response": whole}, named=True)


def message(n: int, _text: str) -> tuple[Any, list[bytes]]:
    about = {"id": f"msg_{n}", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None}
    usage = {"input_tokens": 3, "output_tokens": 4}
    whole = about | {
        "content": [{"type": "text", "text": "".join(PIECES)}],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    deltas = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}} for piece in PIECES
    ]
    events = [
        {"type": "message_start", "message": about | {"content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *deltas,
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]
    return whole, sse(*events, named=True)


MAKERS = {
    "/chat/completions": chat,
    "/completions": completion,
    "/responses": response,
    "/messages": message,
}


async def answer(exchange: Exchange) -> None:
    document, n = json.loads(exchange.body), next(COUNT)
    text = said(document)
    if "real-key" not in exchange.headers.get("authorization", "") + exchange.headers.get("x-api-key", ""):
        refuse(exchange, 401, "Incorrect API key provided.", n)
    elif text.startswith("status "):
        refuse(exchange, int(text.split()[1]), f"No, says {n}.", n)
    else:
        maker = next(MAKERS[end] for end in sorted(MAKERS, key=len, reverse=True) if exchange.path.endswith(end))
        whole, events = maker(n, text)
        if document.get("stream"):
            await stream(exchange, events, text, n)
        else:
            plain(exchange, whole, text, n)


def refuse(exchange: Exchange, status: int, message: str, n: int) -> None:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": "no"}
    send(exchange, json.dumps({"error": error}).encode(), n, status)


def plain(exchange: Exchange, whole: Any, text: str, n: int) -> None:
    body = json.dumps(whole, ensure_ascii=False, indent=2).encode()
    if "secret" in text:
        body = body.replace(b"Stadt", b"").replace(
            "München".encode(), b"sk-proj-0123456789abcdefghij and bring-your-own-key"
        )
    if "binary" in text:
        body = b"\xff\xfe\x00not text"
    send(exchange, gzip.compress(body) if "gzip" in text else body, n, gzipped="gzip" in text)


def send(exchange: Exchange, body: bytes, n: int, status: int = 200, *, gzipped: bool = False) -> None:
    more = NOISE.format(n) + ("Content-Encoding: gzip\r\n" if gzipped else "")
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    exchange.writer.write(head.encode() + body)


async def stream(exchange: Exchange, events: list[bytes], text: str, n: int) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    exchange.writer.write(f"{head}{NOISE.format(n)}Transfer-Encoding: chunked\r\n\r\n".encode())
    if "secret" in text:
        events[1:3] = [
            event.replace(b"Gr\xc3\xbc\xc3\x9fe ", b"sk-proj-01234").replace(b"aus ", b"56789abcdefghij")
            for event in events[1:3]
        ]
    if "error in the stream" in text:
        events[2:] = sse({"error": {"message": "no more", "type": "server_error"}}, named=False)
    for number, event in enumerate(events):
        if "break" in text and number == 3:
            exchange.writer.close()
            return
        await exchange.send(event.replace(b"\n", b"\r\n") if "crlf" in text else event)
    exchange.end_stream()


if __name__ == "__main__":
    asyncio.run(Llama(answer).serve())
