"""The floors: the least an aiohttp server can do, run as `python -m bench.servers KIND PORT`.

`bare` answers a fixed chat completion, plain or as 16 events in one write: no feature at all. `upstream` stands
for llama-server: a small answer, or a stream of many events, one write each. `relay` is the plainest pass-through
in aiohttp: no error shapes, no state.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

EVENTS = 16
UPSTREAM_EVENTS = 400
COMPLETION = json.dumps(
    {
        "id": "chatcmpl-floor",
        "object": "chat.completion",
        "created": 1,
        "model": "floor",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "word " * 14}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 12, "completion_tokens": 16, "total_tokens": 28},
    }
).encode()
EVENT = (
    b'data: {"id":"chatcmpl-floor","object":"chat.completion.chunk","created":1,"model":"floor",'
    b'"system_fingerprint":"fp_0","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,'
    b'"finish_reason":null}]}\n\n'
)
DONE = b"data: [DONE]\n\n"
SSE = {"Content-Type": "text/event-stream"}
UPSTREAM_URL: web.AppKey[str] = web.AppKey("upstream_url", str)
SESSION: web.AppKey[ClientSession] = web.AppKey("session", ClientSession)


async def bare(request: web.Request) -> web.StreamResponse:
    """Answer without looking at the request, except for whether it wants a stream."""
    body = await request.read()
    if b'"stream": true' not in body:
        return web.Response(body=COMPLETION, content_type="application/json")
    response = web.StreamResponse(headers=SSE)
    await response.prepare(request)
    await response.write(EVENT * (EVENTS - 1) + DONE)
    await response.write_eof()
    return response


async def upstream(request: web.Request) -> web.StreamResponse:
    """Answer like llama-server would: a stream leaves event by event."""
    body = await request.read()
    if b'"stream": true' not in body:
        return web.Response(body=COMPLETION, content_type="application/json")
    response = web.StreamResponse(headers=SSE)
    await response.prepare(request)
    for _ in range(UPSTREAM_EVENTS - 1):
        await response.write(EVENT)
        await asyncio.sleep(0.0005)  # so that each event is a read of its own at the other end
    await response.write(DONE)
    await response.write_eof()
    return response


async def models(_request: web.Request) -> web.Response:
    """Name the one model, in the shape in which llama-server does."""
    return web.json_response({"object": "list", "data": [{"id": "bench-model", "object": "model", "meta": {}}]})


async def health(_request: web.Request) -> web.Response:
    """Say that the model is loaded."""
    return web.json_response({"status": "ok"})


async def relay(request: web.Request) -> web.StreamResponse:
    """Hand a request on and its bytes back."""
    body = await request.read()
    url = request.app[UPSTREAM_URL] + request.path
    async with request.app[SESSION].post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
        response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.headers["Content-Type"]})
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response


async def session(app: web.Application) -> AsyncIterator[None]:
    """Hold the one client session."""
    async with ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(total=None)) as client:
        app[SESSION] = client
        yield


def main() -> None:
    """Serve one kind of floor: `KIND PORT [UPSTREAM_URL]`."""
    kind, port = sys.argv[1], int(sys.argv[2])
    app = web.Application()
    app.router.add_post("/v1/chat/completions", {"bare": bare, "upstream": upstream, "relay": relay}[kind])
    app.router.add_get("/health", health)
    app.router.add_get("/v1/models", models)
    if kind == "relay":
        app[UPSTREAM_URL] = sys.argv[3]
        app.cleanup_ctx.append(session)
    with suppress(ImportError):
        import uvloop  # noqa: PLC0415 - not on every platform

        uvloop.install()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, print=lambda *_: None)


if __name__ == "__main__":
    main()
