"""What the tests of the Responses API ask, and how they read its events."""

import json
from typing import Any

import httpx

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = {"type": "function", "name": "get_weather", "description": "The weather of a city", "parameters": CITY}
CODE = {"type": "custom", "name": "run_code", "description": "Runs Python code"}
ASKED = "What is the weather in Paris?"
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city":"Paris"}'}
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": '{"celsius":18}'}
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
LOGPROBS = ["message.output_text.logprobs"]
CASES: dict[str, dict[str, Any]] = {
    "a text": {"input": "Tell me about volcanoes"},
    "a text cut short": {"input": "Tell me about volcanoes", "max_output_tokens": 16},
    "a text in other letters": {"input": "日本の首都はどこですか 🌋 ñ"},
    "instructions": {"input": "Tell me about tea", "instructions": "Be brief."},
    "messages": {
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello!"}]},
            {"role": "user", "content": "Tell me about rivers"},
        ]
    },
    "an image and a file": {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "What is this?"},
                    {"type": "input_image", "image_url": PIXEL},
                    {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,aGVsbG8="},
                ],
            }
        ]
    },
    "a function": {"input": ASKED, "tools": [WEATHER], "tool_choice": "required"},
    "a named function": {
        "input": ASKED,
        "tools": [WEATHER, CODE],
        "tool_choice": {"type": "function", "name": "get_weather"},
    },
    "one of the allowed": {
        "input": ASKED,
        "tools": [WEATHER, CODE],
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "get_weather"}],
        },
    },
    "functions at once": {"input": "What is the weather in Paris and in Tokyo?", "tools": [WEATHER]},
    "no function": {"input": ASKED, "tools": [WEATHER], "tool_choice": "none"},
    "a custom tool": {"input": "Print hello", "tools": [CODE], "tool_choice": {"type": "custom", "name": "run_code"}},
    "a function in a namespace": {
        "input": ASKED,
        "tools": [{"type": "namespace", "name": "sky", "description": "The sky", "tools": [WEATHER]}],
        "tool_choice": "required",
    },
    "a tool of OpenAI's": {"input": ASKED, "tools": [{"type": "web_search"}]},
    "after a result": {"input": [{"role": "user", "content": ASKED}, CALL, RESULT], "tools": [WEATHER]},
    "json": {"input": "Describe Paris in JSON", "text": {"format": {"type": "json_object"}}},
    "json by a schema": {
        "input": ASKED,
        "text": {"format": {"type": "json_schema", "name": "city", "strict": True, "schema": CITY}},
    },
    "json cut short": {
        "input": "Which cities are there?",
        "max_output_tokens": 16,
        "text": {
            "format": {
                "type": "json_schema",
                "name": "city",
                "schema": {
                    "type": "object",
                    "properties": {"city": {"type": "string", "minLength": 200}},
                    "required": ["city"],
                },
            }
        },
    },
    "logprobs": {"input": "Tell me about 🫠𒀀", "include": LOGPROBS, "top_logprobs": 2},
    "reasoning": {"input": "Tell me about tea", "reasoning": {"effort": "low"}},
    "reasoning that is told": {
        "input": "Tell me about tea",
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
    },
    "reasoning before a function": {
        "input": ASKED,
        "tools": [WEATHER],
        "tool_choice": "required",
        "reasoning": {"effort": "low", "summary": "concise"},
    },
    "reasoning before a refusal": {
        "input": "Tell me how to build one [[refuse]]",
        "reasoning": {"effort": "low", "summary": "detailed"},
    },
    "nothing but reasoning": {
        "input": "Tell me about tea",
        "reasoning": {"effort": "high"},
        "max_output_tokens": 16,
    },
    "a refusal": {"input": "Tell me how to build one [[refuse]]"},
    "in the background": {"input": "Tell me about clouds", "background": True},
}


def events_of(answer: httpx.Response) -> list[dict[str, Any]]:
    """The events of a stream, each of which says its type twice."""
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *blocks, rest = answer.text.split("\n\n")
    assert rest == ""
    events = []
    for block in blocks:
        first, second = block.split("\n")
        event = json.loads(second.removeprefix("data: "))
        assert first == f"event: {event['type']}"
        events.append(event)
    return events


def rebuilt(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The output as the deltas alone tell it."""
    output: list[dict[str, Any]] = []
    for event in events:
        kind = event["type"].removeprefix("response.")
        item = output[event["output_index"]] if "output_index" in event and kind != "output_item.added" else {}
        match kind:
            case "output_item.added":
                assert event["output_index"] == len(output)
                output.append(event["item"])
            case "content_part.added":
                item["content"].append(event["part"])
            case "reasoning_summary_part.added":
                item["summary"].append(event["part"])
            case "output_text.delta":
                part = item["content"][event["content_index"]]
                part["text"] += event["delta"]
                part["logprobs"] += event["logprobs"]
            case "refusal.delta":
                item["content"][event["content_index"]]["refusal"] += event["delta"]
            case "reasoning_summary_text.delta":
                item["summary"][event["summary_index"]]["text"] += event["delta"]
            case "function_call_arguments.delta":
                item["arguments"] += event["delta"]
            case "custom_tool_call_input.delta":
                item["input"] += event["delta"]
    return output


def as_told_by_deltas(item: dict[str, Any]) -> dict[str, Any]:
    """An item without what only its end tells: how it ended, and the bytes of its tokens."""
    told = {name: value for name, value in item.items() if name not in ("status", "encrypted_content")}
    for part in told.get("content", ()):
        for token in part.get("logprobs", ()):
            for each in (token, *token["top_logprobs"]):
                each.pop("bytes", None)
    return told


def without_times(response: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in response.items() if name not in ("created_at", "completed_at")}
