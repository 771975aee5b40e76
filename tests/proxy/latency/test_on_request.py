"""Timing in the whole server, with a clock that moves only when somebody sleeps: every event exactly at its time."""

from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from aiohttp.test_utils import TestClient, TestServer

from proxy.app import create_app
from proxy.keys import Times
from proxy.settings import Settings

LONG = "Tell me about the tides of the sea. " * 160
FIXED = {"ttft": 500, "per_token": 20}


class Clock:
    """Seconds that pass only in `sleep`."""

    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@asynccontextmanager
async def server(profile):
    clock = Clock()
    app = create_app(Settings(llama_url=None), Times(now=clock, clock=clock, sleep=clock.sleep))
    async with TestClient(TestServer(app)) as client:
        answer = await client.post("/_sim/latency", json=profile)
        assert answer.status == 200, await answer.text()
        yield client


async def asked(client, path="/v1/chat/completions", headers=None, **fields):
    ask = {"model": "gpt-sim-1", **fields}
    if "responses" not in path and "prompt" not in fields:
        ask = {"messages": [{"role": "user", "content": "Tell me about tides."}]} | ask
    answer = await client.post(path, json=ask, headers=headers)
    await answer.read()
    return answer


async def journal(client):
    return (await (await client.get("/_sim/requests?full=1")).json())["data"]


async def test_a_plain_answer_takes_the_time_of_all_its_tokens():
    async with server(FIXED) as client:
        answer = await asked(client, max_tokens=11)

        (entry,) = await journal(client)
        assert (await answer.json())["usage"]["completion_tokens"] == 11
        assert entry["ms"] == 700
        assert (answer.headers["x-sim-ttft-ms"], answer.headers["x-sim-total-ms"]) == ("500", "700")
        assert entry["timing"] == {
            "queue_ms": 0, "ttft_ms": 500, "total_ms": 700, "cached_tokens": 0, "virtual": False,
        }  # fmt: skip


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages"])
async def test_a_stream_begins_with_its_first_token_and_ends_with_its_last(path):
    fields = {
        "/v1/responses": {"input": "Tell me about tides.", "max_output_tokens": 16},
        "/v1/completions": {"prompt": "Tell me about tides.", "max_tokens": 16},
    }
    async with server(FIXED) as client:
        answer = await asked(client, path, stream=True, **fields.get(path, {"max_tokens": 16}))

        (entry,) = await journal(client)
        offsets = [round(event["offset_ms"], 3) for event in entry["answer"]["events"]]
        assert answer.status == 200
        assert offsets[0] == 500
        assert offsets[-1] == float(answer.headers["x-sim-total-ms"]) == 500 + 20 * 15
        steps = {round(later - sooner, 3) for sooner, later in pairwise(offsets)}
        assert steps <= {0, 20, 40}


async def test_plain_and_streamed_take_the_same_time():
    async with server(FIXED) as client:
        plain = await asked(client, max_tokens=30)
        streamed = await asked(client, max_tokens=30, stream=True)

    assert plain.headers["x-sim-total-ms"] == streamed.headers["x-sim-total-ms"]


@pytest.mark.parametrize("stream", [False, True])
async def test_several_choices_are_written_side_by_side(stream):
    async with server(FIXED) as client:
        answer = await asked(client, max_tokens=11, n=3, stream=stream)

        assert answer.headers["x-sim-total-ms"] == "700"
        assert [entry["ms"] for entry in await journal(client)] == [700]


async def test_a_virtual_clock_tells_the_time_and_takes_none():
    async with server(FIXED | {"virtual": True, "slots": 1}) as client:
        first = await asked(client, max_tokens=11)
        second = await asked(client, max_tokens=11, stream=True)

        assert [entry["ms"] for entry in await journal(client)] == [0, 0]
        for answer in (first, second):
            assert (answer.headers["x-sim-queue-ms"], answer.headers["x-sim-total-ms"]) == ("0", "700")
        assert (await (await client.get("/_sim/latency")).json())["virtual_now_ms"] == 1400


async def test_load_is_told_by_when_requests_come():
    async with server(FIXED | {"virtual": True, "slots": 2, "queue": 1, "slowdown": 2}) as client:
        answers = [
            await asked(client, max_tokens=11, headers={"x-sim-at-ms": str(at)}) for at in (0, 100, 200, 300, 5000)
        ]

    told = [[answer.headers.get(f"x-sim-{name}-ms") for name in ("queue", "ttft", "total")] for answer in answers]
    assert told == [
        ["0", "500", "700"],
        ["0", "1000", "1400"],  # beside another: twice as slow
        ["500", "1500", "1900"],
        [None, None, None],
        ["0", "500", "700"],
    ]
    assert answers[3].status == 503


async def test_cached_prompts_are_faster_and_say_so():
    async with server({"prefill_tokens_per_second": 1000, "cache": True}) as client:
        messages = [{"role": "user", "content": LONG}]
        first, second = [await asked(client, messages=messages, max_tokens=5) for _ in range(2)]
        streamed = await asked(
            client, messages=messages, max_tokens=5, stream=True, stream_options={"include_usage": True}
        )

        cached = [(await each.json())["usage"]["prompt_tokens_details"]["cached_tokens"] for each in (first, second)]
        assert cached == [0, 1408]
        assert float(second.headers["x-sim-ttft-ms"]) == pytest.approx(float(first.headers["x-sim-ttft-ms"]) - 1408)
        assert '"cached_tokens":1408' in await streamed.text()
        assert [entry["timing"]["cached_tokens"] for entry in await journal(client)] == [0, 1408, 1408]


async def test_a_stream_with_a_pace_of_its_own_keeps_it():
    async with server(FIXED) as client:
        answer = await asked(client, max_tokens=5, stream=True, stream_options={"delay_min_ms": 100})

    assert "x-sim-total-ms" not in answer.headers


async def test_what_writes_no_tokens_takes_no_time():
    async with server(FIXED) as client:
        answer = await client.post("/v1/embeddings", json={"model": "e", "input": "x"})

        assert answer.status == 200
        assert [entry["ms"] for entry in await journal(client)] == [0]


async def test_an_error_takes_no_time():
    async with server(FIXED) as client:
        answer = await asked(client, messages=[])

        assert answer.status == 400
        assert "x-sim-total-ms" not in answer.headers


async def test_cached_tokens_cost_less():
    async with server({"cache": True, "virtual": True}) as client:
        prices = [{"model": "*", "input": 10, "cached_input": 1, "output": 0}]
        await client.post("/_sim/limits", json={"budget": {}, "prices": prices})
        first, second = [
            await asked(client, messages=[{"role": "user", "content": LONG}], max_tokens=5) for _ in range(2)
        ]

    saved = float(first.headers["x-sim-cost"]) - float(second.headers["x-sim-cost"])
    assert saved == pytest.approx(1408 * 9 / 1e6)


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"preset": "gpt4o"}, "There is no preset 'gpt4o'. Did you mean 'gpt-4o'?"),
        ({"ttft": -1}, "ttft"),
        ({"slots": 0}, "slots"),
        ({"speed": 3}, "speed"),
    ],
)
async def test_a_profile_that_makes_no_sense_is_refused(profile, message):
    async with server({}) as client:
        answer = await client.post("/_sim/latency", json=profile)

        assert answer.status == 400
        assert message in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("at", ["soon", "-1", "1.5", ""])
async def test_a_time_that_is_none_is_refused(at):
    async with server({"virtual": True}) as client:
        answer = await asked(client, headers={"x-sim-at-ms": at})

        assert answer.status == 400
        assert (await answer.json())["error"]["param"] == "x-sim-at-ms"


async def test_without_a_profile_nothing_takes_time():
    async with server(FIXED) as client:
        assert (await (await client.delete("/_sim/latency")).json())["deleted"]
        answer = await asked(client)

    assert "x-sim-total-ms" not in answer.headers
