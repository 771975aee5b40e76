# mypy: ignore-errors
"""The official Python client."""

import json
from io import BytesIO

from checks import BASE_URL, MODEL, QUESTION, WEATHER, WEATHER_QUESTION, get_weather, refused, run
from openai import AsyncOpenAI, BadRequestError, DefaultHttpxClient, OpenAI, pydantic_function_tool
from pydantic import BaseModel

client = OpenAI(base_url=BASE_URL, api_key="any", max_retries=0)
messages = [{"role": "user", "content": QUESTION}]


class City(BaseModel):
    """A city."""

    name: str
    population: int
    tags: list[str]


class GetWeather(BaseModel):
    """Get the current weather in a city."""

    city: str


def chat():
    answer = client.chat.completions.create(model=MODEL, messages=messages)
    assert "volcano" in answer.choices[0].message.content.lower()


def stream():
    plain = client.chat.completions.create(model=MODEL, messages=messages)
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model=MODEL, messages=messages, stream=True, stream_options=options))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == plain.choices[0].message.content
    assert chunks[-1].usage == plain.usage


async def async_chat_and_stream():
    async with AsyncOpenAI(base_url=BASE_URL, api_key="any") as mine:
        plain = await mine.chat.completions.create(model=MODEL, messages=messages)
        events = await mine.chat.completions.create(model=MODEL, messages=messages, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in events])
        assert text == plain.choices[0].message.content


def stream_helper():
    with client.chat.completions.stream(model=MODEL, messages=messages) as events:
        pieces = [event.delta for event in events if event.type == "content.delta"]
        final = events.get_final_completion()
    assert "".join(pieces) == final.choices[0].message.content


def tool_loop():
    tools = [pydantic_function_tool(GetWeather, name="get_weather")]
    said = [{"role": "user", "content": WEATHER_QUESTION}]
    asked = client.chat.completions.create(model=MODEL, messages=said, tools=tools).choices[0]
    (call,) = asked.message.tool_calls
    assert (asked.finish_reason, call.function.name) == ("tool_calls", "get_weather")
    result = get_weather(**json.loads(call.function.arguments))
    said += [asked.message, {"role": "tool", "tool_call_id": call.id, "content": result}]
    final = client.chat.completions.create(model=MODEL, messages=said, tools=tools).choices[0]
    assert (final.finish_reason, final.message.tool_calls) == ("stop", None)
    assert WEATHER in final.message.content


def parse():
    asked = [{"role": "user", "content": "Describe the city of Paris"}]
    parsed = client.chat.completions.parse(model=MODEL, messages=asked, response_format=City)
    assert isinstance(parsed.choices[0].message.parsed, City)
    with client.chat.completions.stream(model=MODEL, messages=asked, response_format=City) as events:
        final = events.get_final_completion()
    assert final.choices[0].message.parsed == parsed.choices[0].message.parsed


def responses():
    first = client.responses.create(model=MODEL, input=QUESTION)
    assert "volcano" in first.output_text.lower()
    second = client.responses.create(model=MODEL, input="And islands?", previous_response_id=first.id)
    assert second.usage.input_tokens > first.usage.input_tokens
    assert client.responses.retrieve(first.id).output_text == first.output_text
    with client.responses.stream(model=MODEL, input=QUESTION) as events:
        pieces = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(pieces) == first.output_text
    assert isinstance(client.responses.parse(model=MODEL, input="Paris", text_format=City).output_parsed, City)


def embeddings():
    (item,) = client.embeddings.create(model="text-embedding-3-small", input=QUESTION, dimensions=64).data
    assert len(item.embedding) == 64


def files_and_batches():
    body = {"model": MODEL, "messages": messages}
    line = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions", "body": body}
    kept = client.files.create(file=("lines.jsonl", BytesIO(json.dumps(line).encode())), purpose="batch")
    batch = client.batches.create(input_file_id=kept.id, endpoint="/v1/chat/completions", completion_window="24h")
    while batch.status not in {"completed", "failed", "expired"}:
        batch = client.batches.retrieve(batch.id)
    answered = json.loads(client.files.content(batch.output_file_id).text)
    plain = client.chat.completions.create(**body)
    assert answered["response"]["body"]["choices"][0]["message"]["content"] == plain.choices[0].message.content
    assert client.files.delete(kept.id).deleted


def errors():
    call = {"model": MODEL, "messages": [{"role": "nobody", "content": "x"}]}
    error = refused(BadRequestError, lambda: client.chat.completions.create(**call))
    assert (error.param, error.code) == ("messages[0].role", "invalid_value")


def retries():
    attempts = []

    def fail_first(request):
        attempts.append(request.headers["x-stainless-retry-count"])
        if len(attempts) == 1:
            request.headers["x-sim-fault"] = "status;status=503;retry_after=0.01"

    with DefaultHttpxClient(event_hooks={"request": [fail_first]}) as http:
        patient = OpenAI(base_url=BASE_URL, api_key="any", max_retries=1, http_client=http)
        assert patient.chat.completions.create(model=MODEL, messages=messages).choices
    assert attempts == ["0", "1"]


if __name__ == "__main__":
    run(
        "openai",
        *(chat, stream, async_chat_and_stream, stream_helper, tool_loop, parse),
        *(responses, embeddings, files_and_batches, errors, retries),
    )
