# mypy: ignore-errors
"""LiteLLM, as a client of an OpenAI-compatible endpoint and of Anthropic's API."""

import json

import litellm
from checks import BASE_URL, MODEL, ORIGIN, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, refused, run

litellm.telemetry = False
openai = {"model": f"openai/{MODEL}", "api_base": BASE_URL, "api_key": "any", "num_retries": 0}
anthropic = {"model": f"anthropic/{MODEL}", "api_base": ORIGIN, "api_key": "any", "num_retries": 0}
messages = [{"role": "user", "content": QUESTION}]
schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
function = {"name": "get_weather", "description": "Get the current weather in a city", "parameters": schema}
tools = [{"type": "function", "function": function}]


def chat():
    answer = litellm.completion(messages=messages, **openai)
    assert "volcano" in answer.choices[0].message.content.lower()
    assert answer.usage.completion_tokens > 10


def stream():
    plain = litellm.completion(messages=messages, **openai)
    chunks = list(litellm.completion(messages=messages, stream=True, stream_options={"include_usage": True}, **openai))
    built = litellm.stream_chunk_builder(chunks, messages=messages)
    assert built.choices[0].message.content == plain.choices[0].message.content
    assert built.usage.total_tokens == plain.usage.total_tokens


async def async_stream():
    plain = await litellm.acompletion(messages=messages, **openai)
    events = await litellm.acompletion(messages=messages, stream=True, **openai)
    text = "".join([chunk.choices[0].delta.content or "" async for chunk in events])
    assert text == plain.choices[0].message.content


def _tool_loop(place):
    said = [{"role": "user", "content": WEATHER_QUESTION}]
    asked = litellm.completion(messages=said, tools=tools, **place).choices[0]
    assert asked.finish_reason == "tool_calls"
    (call,) = asked.message.tool_calls
    result = get_weather(**json.loads(call.function.arguments))
    said += [asked.message, {"role": "tool", "tool_call_id": call.id, "content": result}]
    final = litellm.completion(messages=said, tools=tools, **place).choices[0]
    assert final.finish_reason == "stop"
    assert WEATHER in final.message.content


def tool_loop():
    _tool_loop(openai)


def structured_output():
    wanted = {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
    answer = litellm.completion(messages=messages, response_format=wanted, **openai)
    assert isinstance(json.loads(answer.choices[0].message.content)["city"], str)


def responses():
    answer = litellm.responses(input=QUESTION, **openai)
    assert "volcano" in answer.output[0].content[0].text.lower()


def embeddings():
    place = openai | {"model": "openai/text-embedding-3-small"}
    assert len(litellm.embedding(input=[QUESTION], **place).data[0]["embedding"]) == 1536


def messages_of_anthropic():
    plain = litellm.completion(messages=messages, **anthropic)
    chunks = litellm.completion(messages=messages, stream=True, **anthropic)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == plain.choices[0].message.content
    _tool_loop(anthropic)


def errors():
    call = {"messages": messages, "max_tokens": -1, **openai}
    assert "max_tokens" in str(refused(litellm.BadRequestError, lambda: litellm.completion(**call)))


if __name__ == "__main__":
    run(
        "litellm",
        *(chat, stream, async_stream, tool_loop, structured_output, responses, embeddings),
        *(messages_of_anthropic, errors),
    )
