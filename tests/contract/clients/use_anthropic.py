# mypy: ignore-errors
"""Anthropic's official Python client."""

import anthropic
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


if __name__ == "__main__":
    run(
        "anthropic",
        *(message, stream_helper, async_stream, thinking, tool_loop, tool_runner),
        *(structured_output, count_tokens, errors),
    )
