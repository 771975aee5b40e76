"""docs/simulator.md and docs/tools.md show what the simulator really says."""

import json
import re
from pathlib import Path
from typing import get_args

from proxy.sim.chat import complete
from proxy.sim.job import ChatJob, Length, Message, Tool, ToolUse

DOCS = Path(__file__).parents[3] / "docs"
DOCUMENT = (DOCS / "simulator.md").read_text(encoding="utf-8")
TOOLS = (DOCS / "tools.md").read_text(encoding="utf-8")


def test_the_examples_are_real():
    examples = re.findall(r"user \(seed (\d+), (\w+)\): (.+)\ngpt-sim-1: (.+)", DOCUMENT)
    assert len(examples) >= 5
    for seed, name, prompt, text in examples:
        (length,) = (length for length in get_args(Length) if length == name)
        job = ChatJob((Message("user", prompt),), seed=int(seed), response_length=length)
        assert complete(job).choices[0].text == text


def test_every_length_is_documented():
    assert all(f"| `{length}` |" in DOCUMENT for length in get_args(Length))


def block(language):
    found = re.search(rf"```{language}\n(.*?)```", TOOLS, re.DOTALL)
    assert found
    return found.group(1).strip()


def loop(question, results, tools):
    """A conversation to its end, as the lines of the document."""
    messages: tuple[Message, ...] = (Message("user", question),)
    while True:
        (choice,) = complete(ChatJob(messages, tool_use=ToolUse(tools), tools_given=tools)).choices
        yield from [f"call: {call.name} {call.arguments}" for call in choice.tool_calls]
        if not choice.tool_calls:
            yield f"text: {choice.text}"
            return
        given = [results.pop(0) for _ in choice.tool_calls]
        yield from [f"result: {each}" for each in given]
        answers = [
            Message("tool", each, tool_call_id=call.id) for each, call in zip(given, choice.tool_calls, strict=True)
        ]
        messages = (*messages, Message("assistant", "", tool_calls=choice.tool_calls), *answers)


def test_the_loops_are_real():
    defined = [
        (each["name"], each["description"], json.dumps(each["parameters"])) for each in json.loads(block("json"))
    ]
    conversations = block("text").split("\n\n")
    assert len(conversations) >= 4
    for conversation in conversations:
        first, *lines = conversation.split("\n")
        results = [line.removeprefix("result: ") for line in lines if line.startswith("result: ")]
        said = list(loop(first.removeprefix("user: "), results, tuple(Tool(*each) for each in defined)))
        assert said == lines
