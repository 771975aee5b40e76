# mypy: ignore-errors
"""Anthropic's official Python client."""

import json

import anthropic
import httpx2
from checks import MODEL, ORIGIN, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, refused, run
from pydantic import BaseModel

client = anthropic.Anthropic(base_url=ORIGIN, api_key="any", max_retries=0)
asked = {"model": MODEL, "max_tokens": 2000, "messages": [{"role": "user", "content": QUESTION}]}


class City(BaseModel):
    """A city."""

    name: str
    population: int


def message():
    answer = client.messages.create(**asked)
    assert "volcano" in answer.content[0].text.lower()
    assert answer.stop_reason == "end_turn"


def stream_helper():
    with client.messages.stream(**asked) as events:
        text = "".join(events.text_stream)
        final = events.get_final_message()
    plain = client.messages.create(**asked)
    assert text == plain.content[0].text
    assert final.to_dict() == plain.to_dict()


async def async_stream():
    async with (
        anthropic.AsyncAnthropic(base_url=ORIGIN, api_key="any") as mine,
        mine.messages.stream(**asked) as events,
    ):
        assert await events.get_final_text() == client.messages.create(**asked).content[0].text


def thinking():
    fields = asked | {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    plain = client.messages.create(**fields)
    assert [block.type for block in plain.content] == ["thinking", "text"]
    with client.messages.stream(**fields) as events:
        assert events.get_final_message().to_dict() == plain.to_dict()


def tool_loop():
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tools = [{"name": "get_weather", "description": "Get the current weather in a city", "input_schema": schema}]
    fields = asked | {"messages": [{"role": "user", "content": WEATHER_QUESTION}], "tools": tools}
    first = client.messages.create(**fields)
    with client.messages.stream(**fields) as events:
        assert events.get_final_message().to_dict() == first.to_dict()
    assert first.stop_reason == "tool_use"
    (call,) = [block for block in first.content if block.type == "tool_use"]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": get_weather(**call.input)}
    turns = [{"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    final = client.messages.create(**fields | {"messages": [*fields["messages"], *turns]})
    assert final.stop_reason == "end_turn"
    assert WEATHER in final.content[0].text


def tool_runner():
    tool = anthropic.beta_tool(get_weather)
    fields = asked | {"messages": [{"role": "user", "content": WEATHER_QUESTION}]}
    final = client.beta.messages.tool_runner(**fields, tools=[tool]).until_done()
    assert WEATHER in final.content[0].text


def structured_output():
    parsed = client.messages.parse(**asked, output_format=City)
    assert isinstance(parsed.parsed_output, City)


def count_tokens():
    counted = client.messages.count_tokens(model=MODEL, messages=asked["messages"])
    assert counted.input_tokens == client.messages.create(**asked).usage.input_tokens


def errors():
    error = refused(anthropic.BadRequestError, lambda: client.messages.create(**asked | {"max_tokens": -1}))
    assert error.type == "invalid_request_error"
    assert error.request_id


# By fault: what comes plain, and what by the streaming helper. An error, or the fields that are not the usual ones.
SAME, LATE, GONE = {}, anthropic.APITimeoutError, anthropic.APIConnectionError
NO_JSON, BROKEN = json.JSONDecodeError, (httpx2.RemoteProtocolError, httpx2.ReadError)
FAULTS = {
    "status;status=529": (anthropic.InternalServerError, anthropic.InternalServerError),
    "status;status=429": (anthropic.RateLimitError, anthropic.RateLimitError),
    "context_length": (anthropic.BadRequestError, anthropic.BadRequestError),
    "slow_start;seconds=0.01": (SAME, SAME),
    "slow_events;seconds=0.001": (SAME, SAME),
    "stall;after_events=0": (LATE, httpx2.ReadTimeout),
    "cut": (GONE, BROKEN),
    "reset": (GONE, BROKEN),
    "truncated_json;event=3": (NO_JSON, NO_JSON),
    "malformed_json;event=3": (NO_JSON, NO_JSON),
    "split_characters;seconds=0.001": (SAME, SAME),
    "crlf": (SAME, SAME),
    "comments": (SAME, SAME),
    "no_done": (SAME, SAME),  # the helper takes a stream without message_stop for whole
    "no_finish_reason": ({"stop_reason": None}, {"stop_reason": None}),
    "no_usage": ({"usage": None}, AttributeError),  # the helper breaks
    "error_event": (anthropic.InternalServerError, anthropic.APIStatusError),
    "content_type": (SAME, SAME),
    "gzip": (SAME, SAME),
    "empty_choices": ({"content": []}, SAME),
    "content_filter": (None, {"stop_reason": "refusal"}),
}


def faults():
    # In a run of its own: that a broken stream is not asked for again is this script's doing, and not the client's.
    apart = client.with_options(base_url=f"{ORIGIN}-faults")
    impatient = apart.with_options(timeout=1)
    whole = told(apart.messages.create(**asked))
    for fault, expected in FAULTS.items():
        ask = asked | {"extra_headers": {"x-sim-fault": fault}}
        user = impatient if fault.startswith("stall") else apart
        for call, given in zip((user.messages.create, final_of(user)), expected, strict=True):
            if given is None:
                continue
            if isinstance(given, dict):
                assert told(call(**ask)) == whole | given, fault
            else:
                assert refused(given, lambda call=call, ask=ask: call(**ask)) is not None, fault
    half = apart.messages.create(**asked, extra_headers={"x-sim-fault": "content_filter"})
    assert half.stop_reason == "refusal"
    assert whole["content"][0]["text"].startswith(half.content[0].text)
    swapped = final_of(apart)(**asked, extra_headers={"x-sim-fault": "reorder_events;event=3"})
    doubled = final_of(apart)(**asked, extra_headers={"x-sim-fault": "duplicate_events"})
    assert sorted(swapped.content[0].text) == sorted(whole["content"][0]["text"]) != list(swapped.content[0].text)
    assert len(doubled.content) == 2


def told(answer):
    return {name: answer.to_dict().get(name) for name in ("content", "stop_reason", "usage")}


def final_of(user):
    def call(**ask):
        with user.messages.stream(**ask) as events:
            return events.get_final_message()

    return call


if __name__ == "__main__":
    run(
        "anthropic",
        *(message, stream_helper, async_stream, thinking, tool_loop, tool_runner),
        *(structured_output, count_tokens, errors, faults),
    )
