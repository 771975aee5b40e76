"""The speed of a replay in the whole server, with a clock that moves only when somebody sleeps."""

import json
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.app import create_app
from proxy.keys import Times
from proxy.settings import Settings

ASK: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "created": 1}
EVENTS = [
    [ms, "data: " + json.dumps(CHUNK | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})]
    for ms, text in ((200, "one"), (500, " two"), (900, " three"))
]
RULES = [
    {
        "when": {"endpoint": "chat", "request": ASK | {"stream": True}},
        "answer": {"replay": {"content_type": "text/event-stream", "events": EVENTS}},
    },
    {"when": {"endpoint": "chat", "request": ASK}, "answer": {"replay": {"body": "{}", "ms": 800}}},
]


class Clock:
    """Seconds that pass only in `sleep`."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@asynccontextmanager
async def server(speed, latency=None):
    clock = Clock()
    settings = Settings(llama_url=None, replay_speed=speed)
    app = create_app(settings, Times(now=clock, clock=clock, sleep=clock.sleep))
    async with TestClient(TestServer(app)) as client:
        assert (await client.post("/_sim/scenario", json={"rules": RULES})).status == 201
        if latency is not None:
            assert (await client.post("/_sim/latency", json=latency)).status == 200
        yield client


async def offsets(client):
    """The milliseconds at which the events of a stream went out, and of a plain answer its whole."""
    await (await client.post("/v1/chat/completions", json=ASK | {"stream": True})).read()
    await (await client.post("/v1/chat/completions", json=ASK)).read()
    streamed, plain = (await (await client.get("/_sim/requests?full=1")).json())["data"]
    return [round(event["offset_ms"]) for event in streamed["answer"]["events"]], round(plain["ms"])


@pytest.mark.parametrize(
    ("speed", "events", "whole"), [(0, [0, 0, 0], 0), (1, [200, 500, 900], 800), (2, [100, 250, 450], 400)]
)
async def test_events_go_out_at_their_milliseconds_by_the_speed(speed, events, whole):
    async with server(speed) as client:
        assert await offsets(client) == (events, whole)


async def test_a_latency_of_the_run_decides_instead_and_a_virtual_clock_does_not_wait():
    async with server(1, {"ttft": 50, "per_token": 10}) as client:
        events, _ = await offsets(client)
        assert (events[0], events[-1] < 200) == (50, True)
    async with server(1, {"ttft": 50, "per_token": 10, "virtual": True}) as client:
        assert await offsets(client) == ([0, 0, 0], 0)
