"""The loops of docs/tools.md through the official client, whole and streamed."""

import json
import re
from typing import Any

import openai
import pytest

from tests.running import ROOT

DOCUMENT = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")


def block(language):
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found
    return found.group(1).strip()


TOOLS: Any = [{"type": "function", "function": each} for each in json.loads(block("json"))]


def answered(client, streamed, **fields):
    if not streamed:
        return client.chat.completions.create(**fields).choices[0]
    with client.chat.completions.stream(**fields) as opened:
        return opened.get_final_completion().choices[0]


def loop(client, question, results, **fields):
    """A conversation to its end, as the lines of the document."""
    messages: list[Any] = [{"role": "user", "content": question}]
    while True:
        choice = answered(client, model="gpt-sim-1", messages=messages, tools=TOOLS, **fields)
        message = choice.message
        assert choice.finish_reason == ("tool_calls" if message.tool_calls else "stop")
        if not message.tool_calls:
            yield f"text: {message.content}"
            return
        messages.append(message)
        told = []
        for call in message.tool_calls:
            yield f"call: {call.function.name} {call.function.arguments}"
            told.append(f"result: {results[0]}")
            messages.append({"role": "tool", "tool_call_id": call.id, "content": results.pop(0)})
        yield from told


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("conversation", block("text").split("\n\n"))
def test_a_documented_loop_is_real(simulator, conversation, streamed):
    first, *lines = conversation.split("\n")
    results = [line.removeprefix("result: ") for line in lines if line.startswith("result: ")]
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        said = loop(client, first.removeprefix("user: "), results, streamed=streamed)
        assert list(said) == lines


@pytest.mark.parametrize("streamed", [False, True])
def test_one_call_at_a_time_makes_the_same_calls(simulator, streamed):
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        question = "What's the weather in Paris and in Tokyo?"
        said = list(loop(client, question, ["18", "25"], streamed=streamed, parallel_tool_calls=False))
    assert said[:4] == [
        'call: get_weather {"location":"Paris"}',
        "result: 18",
        'call: get_weather {"location":"Tokyo"}',
        "result: 25",
    ]
    assert "18" in said[4]
    assert "25" in said[4]
