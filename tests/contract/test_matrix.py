"""Every kind of chat, plain and streamed, raw and through the official client: all say the same."""

import json
import re
from typing import Any, Literal

import httpx
import openai
import pytest
from openai import pydantic_function_tool
from pydantic import BaseModel

from tests.chunks import Json, chunks, joined

STRICT = {"type": "object", "required": ["city", "days"], "additionalProperties": False}
STRICT["properties"] = {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 9}}
WEATHER: Json = {
    "name": "get_weather",
    "description": "Get the weather forecast of a city",
    "parameters": STRICT,
    "strict": True,
}
TOOL = {"type": "function", "function": WEATHER}
NOTE = {"type": "custom", "custom": {"name": "note", "description": "Write a note"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "trip", "schema": STRICT, "strict": True}}
LOOSE = {"type": "json_schema", "json_schema": {"name": "any", "schema": {"type": "array", "minItems": 2}}}
RED = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAABAAAAAQACAIAAAAAAAAA"
ATTACHED = [
    {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
    {"type": "file", "file": {"file_data": "data:text/plain;base64,SGk=", "filename": "a.txt"}},
]
GRAMMAR = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[A-Z]{3}-[0-9]{2}"}}
CODE = {"type": "custom", "custom": {"name": "code", "format": GRAMMAR}}
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [TOOL]}}
CALLED = {"id": "call_7", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'}}
RESULT = {"role": "tool", "tool_call_id": "call_7", "content": '{"temperature": 7, "sky": "cloudy"}'}


def user(text: Any, *before: Json, **fields: Any) -> Json:
    return {"messages": [*before, {"role": "user", "content": text}]} | fields


ASK = "What is the weather forecast for Paris?"
CASES: dict[str, Json] = {
    "text": user("Tell me about volcanoes"),
    "short": user("Hello!", response_length="short"),
    "long": user("Explain tides", response_length="long"),
    "three choices": user("Tell me about volcanoes", n=3),
    "one token": user("Tell me about volcanoes", max_tokens=1),
    "seven tokens": user("Tell me about volcanoes", max_completion_tokens=7),
    "stopped": user("Tell me about volcanoes", stop=["the", "."]),
    "stopped at once": user("Tell me about volcanoes", stop=list("aeio")),
    "seed": user("Tell me about volcanoes", seed=-(2**63)),
    "unicode": user('日本の首都は "東京" です 🌋 \\ \u2028'),
    "unicode cut": user("🌋🌋🌋 日本 🌋", max_tokens=6),
    "empty": user(""),
    "parts": user([{"type": "text", "text": "Tell me"}, {"type": "text", "text": "about tea"}]),
    "image": user([{"type": "text", "text": "Describe it"}, {"type": "image_url", "image_url": {"url": RED}}]),
    "system": user("And rivers?", {"role": "system", "content": "Be brief."}, {"role": "assistant", "content": "OK"}),
    "developer": user("Hi", {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]}),
    "logprobs": user("Tell me about volcanoes", logprobs=True, max_tokens=9),
    "top logprobs": user("Sag etwas über Öl 🌋", logprobs=True, top_logprobs=3, n=2),
    "logit bias": user("Tell me about volcanoes", logit_bias={"13": -100, "1": 5}),
    "tool": user(ASK, tools=[TOOL]),
    "tool required": user("Hello", tools=[TOOL], tool_choice="required"),
    "tool named": user("Hello", tools=[TOOL], tool_choice={"type": "function", "function": {"name": "get_weather"}}),
    "tool none": user(ASK, tools=[TOOL], tool_choice="none"),
    "tools parallel": user("Weather forecast for Paris and for Oslo?", tools=[TOOL], parallel_tool_calls=True),
    "tools one at a time": user("Weather forecast for Paris and for Oslo?", tools=[TOOL], parallel_tool_calls=False),
    "tool cut": user(ASK, tools=[TOOL], tool_choice="required", max_tokens=5),
    "tool choices": user(ASK, tools=[TOOL], tool_choice="required", n=2),
    "custom tool": user("Write a note", tools=[NOTE], tool_choice="required"),
    "allowed tools": user("Hello", tools=[TOOL, NOTE], tool_choice=ALLOWED),
    "custom tool of a language": user("Write a note", tools=[CODE], tool_choice="required"),
    "sound and a file": user([{"type": "text", "text": "Sum up"}, *ATTACHED]),
    "tool result": {
        "messages": [*user(ASK)["messages"], {"role": "assistant", "content": None, "tool_calls": [CALLED]}, RESULT],
        "tools": [TOOL],
    },
    "function": user(ASK, functions=[WEATHER | {"strict": None}], function_call={"name": "get_weather"}),
    "function result": {
        "messages": [
            *user(ASK)["messages"],
            {"role": "assistant", "content": None, "function_call": CALLED["function"]},
            {"role": "function", "name": "get_weather", "content": "7 degrees"},
        ],
        "functions": [WEATHER],
    },
    "json object": user("A JSON object about Paris", response_format={"type": "json_object"}),
    "json schema": user("A trip to Paris for 3 days", response_format=SCHEMA),
    "json schema, not strict": user("Numbers", response_format=LOOSE),
    "json schema cut": user("A trip to Paris", response_format=SCHEMA, max_tokens=4),
    "json schema with logprobs": user("A trip to Paris", response_format=SCHEMA, logprobs=True, top_logprobs=1),
    "refusal": user("Do it [[refuse]]"),
    "refusal of a schema": user("Do it [[refuse]]", response_format=SCHEMA),
    "refusal with logprobs": user("Do it [[refuse]]", logprobs=True),
    "reasoning": user("Think about tides", reasoning_effort="medium"),
    "reasoning only, with logprobs": user("Think", reasoning_effort="low", max_tokens=5, logprobs=True),
    "reasoning only": user("Think about tides", reasoning_effort="high", max_completion_tokens=3),
    "prediction": user("Tell me about tea", prediction={"type": "content", "content": "Tea is a plant."}),
    "tiers": user("Tell me about tea", service_tier="flex"),
    "verbosity": user("Tell me about tea", verbosity="high"),
}
SAID: dict[str, dict[str, Any]] = {
    "finish_reason": {
        "text": "stop",
        "one token": "length",
        "seven tokens": "length",
        "stopped at once": "stop",
        "tool": "tool_calls",
        "tool required": "tool_calls",
        "tool named": "stop",
        "tool none": "stop",
        "tool cut": "length",
        "custom tool": "tool_calls",
        "allowed tools": "tool_calls",
        "tool result": "stop",
        "function": "stop",
        "function result": "stop",
        "json schema": "stop",
        "json schema cut": "length",
        "refusal": "stop",
        "reasoning only": "length",
    },
    "calls": {
        "tool": 1,
        "tool none": 0,
        "tools parallel": 2,
        "tools one at a time": 1,
        "tool required": 1,
        "custom tool": 1,
        "allowed tools": 1,
        "custom tool of a language": 1,
        "tool result": 0,
    },
}


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture
def body(case):
    return {"model": "gpt-sim-1"} | CASES[case]


@pytest.fixture
def plain(http, body) -> Json:
    return whole(http, body)


@pytest.fixture(scope="module")
def client(simulator):
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        yield client


def whole(http, body) -> Json:
    answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    got: Json = answer.json()
    return got


def streamed(http, body, **options) -> list[Json]:
    body = body | {"stream": True, "stream_options": {"include_usage": True} | options}
    answer = http.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    return chunks(answer.content)


def told(answer: Json) -> Json:
    """An answer without the time, and without what a stream cannot tell apart: null, and a text of no pieces."""
    choices = []
    for choice in answer["choices"]:
        message = choice["message"]
        choices.append(choice | {"message": message | {"content": message["content"] or None}})
    return {key: value for key, value in answer.items() if key != "created"} | {"choices": choices}


def test_the_stream_joined_is_the_plain_answer(http, body, plain):
    assert told(joined(streamed(http, body))) == told(plain)


def test_an_obfuscated_stream_says_the_same(http, body, plain):
    assert told(joined(streamed(http, body, include_obfuscation=True))) == told(plain)


def test_the_client_reads_the_plain_answer_as_it_is(client, case, body, plain):
    answer = client.chat.completions.create(**arguments(body))

    seen = answer.model_dump(mode="json", exclude_unset=True)
    assert seen | {"created": 0} == plain | {"created": 0}


def test_the_client_reads_the_stream_as_it_is(http, client, case, body):
    stream = client.chat.completions.create(**arguments(body), stream=True, stream_options={"include_usage": True})

    seen = [chunk.model_dump(mode="json", exclude_unset=True) | {"created": 0} for chunk in stream]
    assert seen == [chunk | {"created": 0} for chunk in streamed(http, body)]


async def test_the_asynchronous_client_reads_the_same(simulator, case, body, plain):
    plainly = openai.DefaultAsyncHttpxClient(verify=False)  # certificates take their time, and there are none here
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0, http_client=plainly) as client:
        answer = await client.chat.completions.create(**arguments(body))
        stream = await client.chat.completions.create(
            **arguments(body), stream=True, stream_options={"include_usage": True}
        )
        seen = [chunk.model_dump(mode="json", exclude_unset=True) async for chunk in stream]

    assert answer.model_dump(mode="json", exclude_unset=True) | {"created": 0} == plain | {"created": 0}
    assert told(joined(seen)) == told(plain)


@pytest.mark.parametrize("case", [case for case in CASES if "custom" not in case])  # it knows functions only
def test_the_clients_streaming_helper_puts_the_same_together(client, case, body, plain):
    with client.chat.completions.stream(**arguments(body), stream_options={"include_usage": True}) as stream:
        if plain["choices"][0]["finish_reason"] == "length":
            with pytest.raises(openai.LengthFinishReasonError):
                stream.get_final_completion()
            return
        final = stream.get_final_completion()

    assert final.id == plain["id"]
    assert final.usage
    assert final.usage.model_dump(exclude_unset=True) == plain["usage"]
    for choice, expected in zip(final.choices, plain["choices"], strict=True):
        assert (choice.message.content or None) == (expected["message"]["content"] or None)
        assert choice.message.refusal == expected["message"]["refusal"]
        assert choice.finish_reason == expected["finish_reason"]
        calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]
        assert calls == [
            (call["id"], call["function"]["name"], call["function"]["arguments"])
            for call in expected["message"].get("tool_calls", ())
        ]


def test_the_answer_is_of_its_kind(case, plain):
    choice = plain["choices"][0]
    if case in SAID["finish_reason"]:
        assert choice["finish_reason"] == SAID["finish_reason"][case]
    if case in SAID["calls"]:
        assert len(choice["message"].get("tool_calls", ())) == SAID["calls"][case]


def test_the_usage_adds_up(plain):
    usage = plain["usage"]

    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > 0


def test_logprobs_are_of_the_text_that_was_sent(body, plain):
    for choice in plain["choices"]:
        if not body.get("logprobs"):
            assert choice["logprobs"] is None
            continue
        kind = "content" if choice["message"]["refusal"] is None else "refusal"
        tokens = choice["logprobs"][kind]
        sent = b"".join(bytes(token["bytes"]) for token in tokens)
        assert sent.decode() == choice["message"][kind]
        assert all(token["logprob"] <= 0 for token in tokens)
        assert all(len(token["top_logprobs"]) == body.get("top_logprobs", 0) for token in tokens)


def arguments(body: Json) -> Json:
    """The body as arguments of the client, with what it does not know as `extra_body`."""
    more = {key: body[key] for key in ("response_length",) if key in body}
    return {key: value for key, value in body.items() if key not in more} | ({"extra_body": more} if more else {})


class Trip(BaseModel):
    """A plan."""

    city: str
    days: int
    kind: Literal["train", "plane"]


def test_parse_gives_an_object_plain_and_streamed(client):
    messages: Any = [{"role": "user", "content": "A trip to Paris by train"}]

    answer = client.chat.completions.parse(model="gpt-sim-1", messages=messages, response_format=Trip)
    with client.chat.completions.stream(model="gpt-sim-1", messages=messages, response_format=Trip) as stream:
        final = stream.get_final_completion()

    assert isinstance(answer.choices[0].message.parsed, Trip)
    assert final.choices[0].message.parsed == answer.choices[0].message.parsed


def test_parse_gives_arguments_plain_and_streamed(client):
    fields: Any = {
        "model": "gpt-sim-1",
        "messages": [{"role": "user", "content": "Plan a trip to Paris by train"}],
        "tools": [pydantic_function_tool(Trip, name="plan_trip", description="Plan a trip to a city")],
        "tool_choice": "required",
    }

    answer = client.chat.completions.parse(**fields)
    with client.chat.completions.stream(**fields) as stream:
        final = stream.get_final_completion()

    (call,) = answer.choices[0].message.tool_calls
    (streamed_call,) = final.choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Trip)
    assert streamed_call.function.parsed_arguments == call.function.parsed_arguments


def test_a_custom_tool_of_a_language_gets_input_of_it(http):
    answer = whole(http, {"model": "gpt-sim-1"} | CASES["custom tool of a language"])

    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert re.fullmatch("[A-Z]{3}-[0-9]{2}", call["custom"]["input"])


def test_a_paced_stream_is_the_same_stream(http):
    body = {"model": "gpt-sim-1"} | CASES["tools parallel"]

    assert joined(streamed(http, body, tokens_per_second=100_000)) | {"created": 0} == joined(streamed(http, body)) | {
        "created": 0
    }


def test_the_bytes_of_a_plain_answer_are_the_same_every_time(simulator):
    def ask():
        sent = json.dumps({"model": "gpt-sim-1"} | CASES["tools parallel"])
        answer = httpx.post(f"{simulator.v1}/chat/completions", content=sent).json()
        return json.dumps(answer | {"created": 0})

    assert len({ask() for _ in range(3)}) == 1
