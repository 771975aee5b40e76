"""What of a chat request reaches the generator, field by field."""

import json

import pytest

from proxy import chat_rules, schema
from proxy.endpoints.chat_job import job_of
from proxy.sim.job import ChatJob, Format, Message, Tool, ToolCall, ToolUse

USER = {"role": "user", "content": "Hi"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CLOCK = {"type": "function", "function": {"name": "clock", "strict": False}}
NOTE = {"type": "custom", "custom": {"name": "note", "description": "Writes a note"}}
TOOLS = (
    Tool("weather", "The weather of a city", '{"type":"object","properties":{"city":{"type":"string"}}}'),
    Tool("clock"),
    Tool("note", "Writes a note", '{"type":"string"}', custom=True),
)


def job(*messages, **fields) -> ChatJob:
    ask = schema.decoder.decode(json.dumps({"model": "m", "messages": messages or [USER]} | fields).encode())
    chat_rules.check(ask)
    return job_of(ask, 0)


def test_a_plain_request_is_a_plain_job():
    assert job() == ChatJob((Message("user", "Hi"),))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"seed": -3}, {"seed": -3}),
        ({"max_tokens": 4}, {"max_tokens": 4}),
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"stop": "a"}, {"stop": ("a",)}),
        ({"stop": ["a", "b"]}, {"stop": ("a", "b")}),
        ({"n": 3}, {"n": 3}),
        ({"response_length": "long"}, {"response_length": "long"}),
        ({"verbosity": "low"}, {"response_length": "short"}),
        ({"verbosity": "low", "response_length": "long"}, {"response_length": "long"}),
        ({"logprobs": True}, {"top_logprobs": 0}),
        ({"logprobs": True, "top_logprobs": 3}, {"top_logprobs": 3}),
        ({"logprobs": False}, {}),
        ({"logit_bias": {"20": -100, "3": 5}}, {"logit_bias": ((3, 5), (20, -100))}),
        ({"reasoning_effort": "max"}, {"reasoning_effort": "max"}),
        ({"prediction": {"type": "content", "content": "Hi"}}, {"prediction": "Hi"}),
        (
            {"prediction": {"type": "content", "content": [{"type": "text", "text": t} for t in "ab"]}},
            {"prediction": "a\nb"},
        ),
        ({"response_format": {"type": "text"}}, {}),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}},
            {"format": Format()},
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"b": 1, "a": 2}}}},
            {"format": Format('{"b":1,"a":2}')},
        ),
        ({"temperature": 0, "user": "x", "top_p": 0.5, "presence_penalty": 2}, {}),
    ],
    ids=str,
)
def test_a_field_reaches_the_generator(fields, told):
    assert job(**fields) == ChatJob(**({"messages": (Message("user", "Hi"),)} | told))


def test_json_object_is_any_object():
    assert job({"role": "user", "content": "json"}, response_format={"type": "json_object"}).format == Format()


@pytest.mark.parametrize(
    ("fields", "use"),
    [
        ({}, ToolUse(TOOLS)),
        ({"tool_choice": "auto"}, ToolUse(TOOLS)),
        ({"tool_choice": "none"}, None),
        ({"tool_choice": "required"}, ToolUse(TOOLS, "required")),
        ({"parallel_tool_calls": False}, ToolUse(TOOLS, parallel=False)),
        (
            {"tool_choice": {"type": "function", "function": {"name": "clock"}}},
            ToolUse(TOOLS[1:2], "required", named=True),
        ),
        ({"tool_choice": {"type": "custom", "custom": {"name": "note"}}}, ToolUse(TOOLS[2:], "required", named=True)),
        (
            {
                "tool_choice": {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "required",
                        "tools": [
                            {"type": "function", "function": {"name": "clock"}},
                            {"type": "custom", "custom": {"name": "note"}},
                        ],
                    },
                }
            },
            ToolUse(TOOLS[1:], "required"),
        ),
    ],
    ids=str,
)
def test_tools_and_their_choice(fields, use):
    got = job(tools=[WEATHER, CLOCK, NOTE], **fields)

    assert (got.tools_given, got.tool_use) == (TOOLS, use)


@pytest.mark.parametrize(
    ("choice", "use"),
    [
        (None, ToolUse(TOOLS[:2], parallel=False)),
        ("none", None),
        ({"name": "clock"}, ToolUse(TOOLS[1:2], "required", parallel=False, named=True)),
    ],
)
def test_functions_are_tools_one_at_a_time(choice, use):
    got = job(functions=[WEATHER["function"], CLOCK["function"]], function_call=choice)

    assert (got.tools_given, got.tool_use) == (TOOLS[:2], use)


def test_strictness_and_a_pattern_reach_the_tool():
    grammar = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a|b"}}
    strict = {"type": "function", "function": {"name": "f", "strict": True, "parameters": STRICT}}

    tools = job(tools=[strict, {"type": "custom", "custom": {"name": "g", "format": grammar}}]).tools_given

    assert tools[0].strict
    assert json.loads(tools[1].parameters) == {"type": "string", "pattern": "^(?:a|b)$"}


STRICT = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def test_every_role_and_kind_of_content_has_its_place():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": ""}, {"type": "text", "text": "b"}]
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    custom = {"id": "c2", "type": "custom", "custom": {"name": "note", "input": "x"}}

    got = job(
        {"role": "developer", "content": "Be kind.", "name": "boss"},
        {"role": "user", "content": parts, "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [call, custom]},
        {"role": "tool", "tool_call_id": "c1", "content": parts},
        {"role": "tool", "tool_call_id": "c2", "content": "ok"},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "refusal": "Never."},
        {"role": "assistant", "function_call": {"name": "clock", "arguments": "{}"}},
        {"role": "function", "name": "clock", "content": "12:00"},
    ).messages

    assert got == (
        Message("developer", "Be kind.", "boss"),
        Message("user", "a\nb", "ann"),
        Message(
            "assistant", "", tool_calls=(ToolCall("c1", "weather", "{}"), ToolCall("c2", "note", "x", custom=True))
        ),
        Message("tool", "a\nb", tool_call_id="c1"),
        Message("tool", "ok", tool_call_id="c2"),
        Message("assistant", "No."),
        Message("assistant", "Never."),
        Message("assistant", "", tool_calls=(ToolCall("clock", "clock", "{}"),)),
        Message("tool", "12:00", "clock", tool_call_id="clock"),
    )


def test_images_sound_and_files_are_counted():
    parts = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"data": "A" * 64_000, "format": "mp3"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64," + "A" * 4_000, "filename": "a.pdf"}},
    ]

    assert job({"role": "user", "content": parts}).messages == (Message("user", "look", media_tokens=85 + 30 + 60),)
