"""The bytes of a simulated chat, plain and streamed, and the timing of a stream."""

import asyncio
import json
from typing import Any

import pytest

from proxy.app import REAL_TIMES, create_app
from proxy.endpoints.call import Call
from proxy.endpoints.chat import MEMORY, chat
from proxy.errors import UnavailableError
from proxy.keys import REAL_MODEL, Times
from proxy.real_model import RealModel, State
from proxy.relay import Answer
from proxy.settings import Settings
from tests.chunks import chunks, joined

HELLO: Any = [{"role": "user", "content": "Tell me about volcanoes"}]


class Time:
    """A clock that moves when somebody sleeps."""

    def __init__(self):
        self.seconds = 0.0

    async def sleep(self, seconds):
        self.seconds += seconds

    @property
    def times(self):
        return Times(now=lambda: 1_795_423_591.9, clock=lambda: self.seconds, sleep=self.sleep)


def answer(times=REAL_TIMES, **fields) -> Answer:
    return ask(app(times), {"model": 'my "model"', "messages": HELLO} | fields)


def app(times=REAL_TIMES):
    app = create_app(Settings(), times)
    app[REAL_MODEL] = RealModel(None, None, None, times.now)
    return app


def ask(app, body) -> Answer:
    """What the endpoint answers; a simulated answer waits for nothing."""
    with pytest.raises(StopIteration) as answered:
        chat(Call(app, {}, json.dumps(body).encode())).send(None)
    got = answered.value.value
    assert isinstance(got, Answer)
    return got


def whole(body) -> bytes:
    assert isinstance(body, bytes)
    return body


async def paced(**options):
    """The seconds at which each event of a stream with these stream_options goes out, and the events."""
    time = Time()
    body = answer(time.times, stream=True, stream_options=options, max_tokens=20).body
    assert not isinstance(body, bytes)
    arrived = [(time.seconds, event) async for event in body]
    return [when for when, _ in arrived], [event for _, event in arrived]


def test_the_plain_answer_has_every_field_of_openais_in_its_place():
    got = json.loads(whole(answer(Time().times, max_tokens=4).body))

    text = got["choices"][0]["message"]["content"]
    assert got == {
        "id": got["id"],
        "object": "chat.completion",
        "created": 1_795_423_591,
        "model": 'my "model"',
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": []},
                "logprobs": None,
                "finish_reason": "length",
            }
        ],
        "usage": {
            "prompt_tokens": got["usage"]["prompt_tokens"],
            "completion_tokens": 4,
            "total_tokens": got["usage"]["prompt_tokens"] + 4,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "service_tier": "default",
        "system_fingerprint": got["system_fingerprint"],
    }


def test_the_stream_has_every_field_of_openais_in_its_place():
    events = whole(answer(Time().times, max_tokens=1, stream=True).body).decode().split("\n\n")

    role, content, end = [json.loads(event.removeprefix("data: ")) for event in events[:3]]
    assert events[3:] == ["data: [DONE]", ""]
    shared = {
        "id": role["id"],
        "object": "chat.completion.chunk",
        "created": 1_795_423_591,
        "model": 'my "model"',
        "service_tier": "default",
        "system_fingerprint": role["system_fingerprint"],
    }
    begun = {"role": "assistant", "content": "", "refusal": None}
    said = {"content": content["choices"][0]["delta"]["content"]}
    for chunk, delta, reason in ((role, begun, None), (content, said, None), (end, {}, "length")):
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        assert chunk == shared | {"choices": [choice]}


def test_text_is_escaped_as_json_wants_it():
    stop_nothing = {"messages": [{"role": "user", "content": 'Say "caf\u00e9 \\ \U0001f30b" please'}]}

    assert json.loads(whole(answer(**stop_nothing).body))["choices"]


def test_an_answer_of_no_text_still_says_why_it_ended():
    first = json.loads(whole(answer().body))["choices"][0]["message"]["content"][0]

    events = whole(answer(stop=first, stream=True).body).decode().split("\n\n")

    assert [json.loads(event[6:])["choices"][0]["finish_reason"] for event in events[:2]] == [None, "stop"]
    assert events[2] == "data: [DONE]"


async def test_every_delay_lies_between_the_two_and_they_differ():
    moments, events = await paced(delay_min_ms=100, delay_max_ms=300)

    content = moments[1:-2]
    gaps = [round(later - earlier, 9) for earlier, later in zip(moments, content, strict=False)]
    assert all(0.1 <= gap <= 0.3 for gap in gaps)
    assert len(set(gaps)) > 5
    assert moments[0] == 0  # the role at once
    assert moments[-3] == moments[-2] == moments[-1]  # the end with the last word
    assert events[-1] == b"data: [DONE]\n\n"


async def test_the_delays_are_the_same_for_the_same_request():
    assert await paced(delay_min_ms=1, delay_max_ms=900) == await paced(delay_min_ms=1, delay_max_ms=900)


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({"tokens_per_second": 10}, 2.0),
        ({"tokens_per_second": 10, "delay_min_ms": 1}, 2.0),
        ({"delay_min_ms": 50}, 1.0),
        ({"delay_min_ms": 50, "tokens_per_second": 1000}, 1.0),
    ],
)
async def test_20_tokens_take_as_long_as_the_slower_of_pace_and_delay(options, seconds):
    moments, events = await paced(**options)

    pieces = len(events) - 3
    assert moments[-1] == pytest.approx(seconds * (1 if "tokens_per_second" in options else pieces / 20), rel=0.05)


async def test_a_paced_stream_says_what_an_unpaced_one_says():
    _, events = await paced(tokens_per_second=5, include_usage=True)

    at_once = answer(Time().times, stream=True, stream_options={"include_usage": True}, max_tokens=20).body
    assert b"".join(events) == at_once


def test_no_delay_is_no_pace():
    body = answer(stream=True, stream_options={"delay_min_ms": 0, "delay_max_ms": 0}).body

    assert isinstance(body, bytes)


LONG: Any = [
    {"n": 9, "response_length": "long", "logprobs": True, "top_logprobs": 2},
    {"n": 2, "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"minItems": 300}}}},
    {"messages": [{"role": "user", "content": "volcano " * 20_000}]},
]


@pytest.mark.parametrize("fields", LONG, ids=["many choices", "a large schema", "a long prompt"])
async def test_while_a_long_answer_is_made_others_have_their_turn(fields):
    served, turns = app(Time().times), 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def ask_for(**more):
        body = {"model": "m", "messages": HELLO} | fields | more
        return await chat(Call(served, {}, json.dumps(body).encode()))

    beside = asyncio.create_task(others())
    plain = whole((await ask_for()).body)
    body = (await ask_for(stream=True)).body
    beside.cancel()

    events = whole(body) if isinstance(body, bytes) else b"".join([piece async for piece in body])
    texts = [choice["message"]["content"] for choice in joined(chunks(events))["choices"]]
    assert texts == [choice["message"]["content"] for choice in json.loads(plain)["choices"]]
    assert turns > 0


def test_an_answer_is_given_again_with_the_time_of_its_own():
    time = Time()
    served = app(Times(now=lambda: 1e9 + time.seconds, clock=lambda: 0.0, sleep=time.sleep))
    for stream in (False, True):
        asked = {"model": "m", "messages": [{"role": "user", "content": "\\ \x1f \x00"}], "stream": stream}
        first = whole(ask(served, asked).body)
        time.seconds += 5
        again = whole(ask(served, asked).body)
        assert b'"created":1000000000' in first or b'"created":1000000005' in first
        assert first != again
        assert first.replace(b'"created":%d' % (1e9 + time.seconds - 5), b"") == again.replace(
            b'"created":%d' % (1e9 + time.seconds), b""
        )


def test_a_name_that_becomes_real_is_no_longer_answered_from_memory():
    served = app()
    ask(served, {"model": "m", "messages": HELLO})
    assert len(served[MEMORY]) == 1

    served[REAL_MODEL] = Loading(None, None, None, REAL_TIMES.now)
    served[REAL_MODEL].names = ("m",)

    with pytest.raises(UnavailableError):
        ask(served, {"model": "m", "messages": HELLO})


class Loading(RealModel):
    """A model that is on its way."""

    def state(self, name):
        return State("loading", "loading", "It loads.")
