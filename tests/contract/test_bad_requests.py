"""Bad input, one row each: the status, and the four fields of the error that name what is wrong."""

import gzip
import json
import socket
from typing import Any

import httpx
import pytest

HELLO = [{"role": "user", "content": "Hello"}]


def body(**fields):
    return json.dumps({"model": "gpt-sim-1", "messages": HELLO} | fields).encode()


def message(**fields):
    return body(messages=[{"role": "user", "content": "Hello"} | fields])


def raw(text):
    return b'{"model":"gpt-sim-1","messages":[{"role":"user","content":"Hello"}],' + text + b"}"


TOOL: Any = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLED = [*HELLO, {"role": "assistant", "content": None, "tool_calls": [CALL]}]
UNPARSED = "We could not parse the JSON body of your request."

TOOL_AGAIN = {"type": "function", "function": TOOL["function"] | {"description": "F", "parameters": {}}}
OPEN = {"type": "object", "properties": {}, "required": []}
NOTHING = {"type": "integer", "minimum": 3, "maximum": 1}


def formatted(schema, strict=True):
    wanted = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}
    return body(response_format=wanted)


def parametrised(parameters, strict=True):
    function = {"name": "g", "parameters": parameters, "strict": strict}
    choice = {"type": "function", "function": {"name": "g"}}
    return body(tools=[TOOL, {"type": "function", "function": function}], tool_choice=choice)


def spoken(definition):
    grammar = {"syntax": "regex", "definition": definition}
    return {"type": "custom", "custom": {"name": "c", "format": {"type": "grammar", "grammar": grammar}}}


NAMED = {"type": "custom", "custom": {"name": "c"}}
# name, body, param, code, the message or its beginning
TABLE = [
    ("empty body", b"", None, None, UNPARSED),
    ("only spaces", b"   ", None, None, UNPARSED),
    ("half an object", b'{"model":', None, None, UNPARSED),
    ("trailing comma", b'{"model":"x",}', None, None, UNPARSED),
    ("single quotes", b"{'model':'x'}", None, None, UNPARSED),
    ("text after the object", body() + b"x", None, None, UNPARSED),
    ("not JSON at all", b"model=gpt-sim-1", None, None, UNPARSED),
    ("byte order mark", b"\xef\xbb\xbf" + body(), None, None, UNPARSED),
    ("UTF-16", body().decode().encode("utf-16"), None, None, UNPARSED),
    ("not UTF-8", raw(b'"user":"\xff\xfe"'), None, None, UNPARSED),
    ("lone surrogate", raw(b'"user":"\\ud800"'), None, None, UNPARSED),
    ("NaN", raw(b'"temperature":NaN'), None, None, UNPARSED),
    ("Infinity", raw(b'"temperature":Infinity'), None, None, UNPARSED),
    ("a control character", raw(b'"user":"a\nb"'), None, None, UNPARSED),
    ("100,000 brackets", raw(b'"extra":' + b"[" * 100_000 + b"]" * 100_000), None, None, UNPARSED),
    ("wrong type, then broken", b'{"model":1,"messages":[}', None, None, UNPARSED),
    (
        "an array",
        b"[]",
        None,
        "invalid_type",
        "Invalid type for the request body: expected an object, but got an array instead.",
    ),
    (
        "null",
        b"null",
        None,
        "invalid_type",
        "Invalid type for the request body: expected an object, but got null instead.",
    ),
    (
        "no model",
        b'{"messages":[{"role":"user","content":"x"}]}',
        None,
        None,
        "you must provide a model parameter",
    ),
    (
        "model null",
        body(model=None),
        None,
        None,
        "you must provide a model parameter",
    ),
    (
        "model a number",
        body(model=4),
        "model",
        "invalid_type",
        "Invalid type for 'model': expected a string, but got an integer instead.",
    ),
    (
        "model empty",
        body(model=""),
        None,
        None,
        "you must provide a model parameter",
    ),
    ("no model, and more that is wrong", b'{"messages":[],"x":1}', None, None, "you must provide a model parameter"),
    (
        "no messages",
        b'{"model":"gpt-sim-1"}',
        "messages",
        "missing_required_parameter",
        "Missing required parameter: 'messages'.",
    ),
    (
        "messages a string",
        body(messages="hi"),
        "messages",
        "invalid_type",
        "Invalid type for 'messages': expected an array of objects, but got a string instead.",
    ),
    (
        "messages null",
        body(messages=None),
        "messages",
        "invalid_type",
        "Invalid type for 'messages': expected an array of objects, but got null instead.",
    ),
    (
        "messages an object",
        body(messages={}),
        "messages",
        "invalid_type",
        "Invalid type for 'messages': expected an array of objects, but got an object instead.",
    ),
    (
        "messages empty",
        body(messages=[]),
        "messages",
        "empty_array",
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    ),
    (
        "a message that is a string",
        body(messages=["hi"]),
        "messages[0]",
        "invalid_type",
        "Invalid type for 'messages[0]': expected an object, but got a string instead.",
    ),
    (
        "no role",
        body(messages=[*HELLO, {"content": "x"}]),
        "messages[1].role",
        "missing_required_parameter",
        "Missing required parameter: 'messages[1].role'.",
    ),
    (
        "unknown role",
        message(role="robot"),
        "messages[0].role",
        "invalid_value",
        (
            "Invalid value: 'robot'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', "
            "and 'developer'."
        ),
    ),
    (
        "role a number",
        message(role=1),
        "messages[0].role",
        "invalid_type",
        "Invalid type for 'messages[0].role': expected a string, but got an integer instead.",
    ),
    (
        "no content",
        body(messages=[{"role": "user"}]),
        "messages.[0].content",
        None,
        "Invalid value for 'content': expected a string, got null.",
    ),
    (
        "content null",
        body(messages=[{"role": "system", "content": None}, *HELLO]),
        "messages.[0].content",
        None,
        "Invalid value for 'content': expected a string, got null.",
    ),
    (
        "a tool's result without content",
        body(messages=[*CALLED, {"role": "tool", "tool_call_id": "call_1"}]),
        "messages.[2].content",
        None,
        "Invalid value for 'content': expected a string, got null.",
    ),
    (
        "a developer without content",
        body(messages=[{"role": "developer"}, *HELLO]),
        "messages[0].content",
        "missing_required_parameter",
        "Missing required parameter: 'messages[0].content'.",
    ),
    (
        "content a number",
        message(content=1.5),
        "messages[0].content",
        "invalid_type",
        (
            "Invalid type for 'messages[0].content': expected one of a string or array of objects, "
            "but got a decimal number instead."
        ),
    ),
    (
        "content an object",
        message(content={"text": "x"}),
        "messages[0].content",
        "invalid_type",
        (
            "Invalid type for 'messages[0].content': expected one of a string or array of objects, "
            "but got an object instead."
        ),
    ),
    (
        "a part that is a string",
        message(content=["x"]),
        "messages[0].content[0]",
        "invalid_type",
        "Invalid type for 'messages[0].content[0]': expected an object, but got a string instead.",
    ),
    (
        "a part with no type",
        message(content=[{"text": "x"}]),
        "messages[0].content[0].type",
        "missing_required_parameter",
        "Missing required parameter: 'messages[0].content[0].type'.",
    ),
    (
        "an unknown part",
        message(content=[{"type": "smell"}]),
        "messages[0].content[0].type",
        "invalid_value",
        "Invalid value: 'smell'. Supported values are: 'text', 'image_url',",
    ),
    (
        "a text part with no text",
        message(content=[{"type": "text"}]),
        "messages[0].content[0].text",
        "missing_required_parameter",
        "Missing required parameter: 'messages[0].content[0].text'.",
    ),
    (
        "temperature too high",
        body(temperature=3),
        "temperature",
        "decimal_above_max_value",
        "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
    ),
    (
        "temperature too low",
        body(temperature=-0.5),
        "temperature",
        "decimal_below_min_value",
        "Invalid 'temperature': decimal below minimum value. Expected a value >= 0, but got -0.5 instead.",
    ),
    (
        "temperature a string",
        body(temperature="1"),
        "temperature",
        "invalid_type",
        "Invalid type for 'temperature': expected a decimal, but got a string instead.",
    ),
    (
        "top_p too high",
        body(top_p=1.1),
        "top_p",
        "decimal_above_max_value",
        "Invalid 'top_p': decimal above maximum value. Expected a value <= 1, but got 1.1 instead.",
    ),
    (
        "presence_penalty too high",
        body(presence_penalty=2.5),
        "presence_penalty",
        "decimal_above_max_value",
        "Invalid 'presence_penalty': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
    ),
    (
        "frequency_penalty too low",
        body(frequency_penalty=-3),
        "frequency_penalty",
        "decimal_below_min_value",
        "Invalid 'frequency_penalty': decimal below minimum value. Expected a value >= -2, but got -3 instead.",
    ),
    (
        "n zero",
        body(n=0),
        "n",
        "integer_below_min_value",
        "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    ),
    (
        "n too high",
        body(n=129),
        "n",
        "integer_above_max_value",
        "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 instead.",
    ),
    (
        "n a decimal",
        body(n=1.5),
        "n",
        "invalid_type",
        "Invalid type for 'n': expected an integer, but got a decimal number instead.",
    ),
    (
        "n a boolean",
        body(n=True),
        "n",
        "invalid_type",
        "Invalid type for 'n': expected an integer, but got a boolean instead.",
    ),
    (
        "max_tokens zero",
        body(max_tokens=0),
        "max_tokens",
        "integer_below_min_value",
        "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    ),
    (
        "max_completion_tokens negative",
        body(max_completion_tokens=-1),
        "max_completion_tokens",
        "integer_below_min_value",
        "Invalid 'max_completion_tokens': integer below minimum value. Expected a value >= 1, but got -1 instead.",
    ),
    (
        "both token limits",
        body(max_tokens=5, max_completion_tokens=5),
        "max_tokens",
        "invalid_parameter_combination",
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
    ),
    (
        "max_tokens a string",
        body(max_tokens="many"),
        "max_tokens",
        "invalid_type",
        "Invalid type for 'max_tokens': expected an integer, but got a string instead.",
    ),
    (
        "five stops",
        body(stop=list("abcde")),
        "stop",
        "array_above_max_length",
        (
            "Invalid 'stop': array too long. Expected an array with maximum length 4, "
            "but got an array with length 5 instead."
        ),
    ),
    (
        "a stop that is a number",
        body(stop=["a", 1]),
        "stop[1]",
        "invalid_type",
        "Invalid type for 'stop[1]': expected a string, but got an integer instead.",
    ),
    (
        "stop a number",
        body(stop=1),
        "stop",
        "invalid_type",
        "Invalid type for 'stop': expected one of a string or array of strings, but got an integer instead.",
    ),
    (
        "seed a string",
        body(seed="7"),
        "seed",
        "invalid_type",
        "Invalid type for 'seed': expected an integer, but got a string instead.",
    ),
    (
        "seed of 65 bits",
        body(seed=2**64),
        "seed",
        "integer_above_max_value",
        (
            "Invalid 'seed': integer above maximum value. Expected a value <= 9223372036854775807, "
            "but got 18446744073709551616 instead."
        ),
    ),
    ("seed of 5,000 digits", raw(b'"seed":' + b"9" * 5000), "seed", "invalid_value", "Invalid 'seed'"),
    (
        "stream a string",
        body(stream="yes"),
        "stream",
        "invalid_type",
        "Invalid type for 'stream': expected a boolean, but got a string instead.",
    ),
    (
        "stream_options without stream",
        body(stream_options={"include_usage": True}),
        "stream_options",
        None,
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    ),
    (
        "stream_options a list",
        body(stream=True, stream_options=[]),
        "stream_options",
        "invalid_type",
        "Invalid type for 'stream_options': expected an object, but got an array instead.",
    ),
    (
        "a negative delay",
        body(stream=True, stream_options={"delay_min_ms": -1}),
        "stream_options.delay_min_ms",
        "decimal_below_min_value",
        "Invalid 'stream_options.delay_min_ms': decimal below minimum value.",
    ),
    (
        "delays the wrong way round",
        body(stream=True, stream_options={"delay_min_ms": 9, "delay_max_ms": 5}),
        "stream_options.delay_min_ms",
        "invalid_value",
        "Invalid 'stream_options.delay_min_ms': expected at most delay_max_ms, 5, but got 9.",
    ),
    (
        "no tokens per second",
        body(stream=True, stream_options={"tokens_per_second": 0}),
        "stream_options.tokens_per_second",
        "decimal_below_min_value",
        (
            "Invalid 'stream_options.tokens_per_second': decimal below minimum value. "
            "Expected a value > 0, but got 0 instead."
        ),
    ),
    (
        "unknown response_length",
        body(response_length="epic"),
        "response_length",
        "invalid_value",
        "Invalid value: 'epic'. Supported values are: 'short', 'medium', and 'long'.",
    ),
    (
        "top_logprobs alone",
        body(top_logprobs=2),
        "top_logprobs",
        None,
        "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
    ),
    (
        "top_logprobs too high",
        body(logprobs=True, top_logprobs=21),
        "top_logprobs",
        "integer_above_max_value",
        "Invalid 'top_logprobs': integer above maximum value. Expected a value <= 20, but got 21 instead.",
    ),
    (
        "same key twice, the last wrong",
        raw(b'"n":1,"n":0'),
        "n",
        "integer_below_min_value",
        "Invalid 'n': integer below minimum value. Expected a value >= 1, but got 0 instead.",
    ),
    (
        "an unknown parameter",
        body(not_known_to_anyone={"deep": [1, 2, 3]}),
        "not_known_to_anyone",
        "unknown_parameter",
        "Unknown parameter: 'not_known_to_anyone'.",
    ),
    (
        "an unknown field of a message",
        message(reasoning_content="hm"),
        "messages[0].reasoning_content",
        "unknown_parameter",
        "Unknown parameter: 'messages[0].reasoning_content'.",
    ),
    (
        "an unknown field of a part",
        message(content=[{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]),
        "messages[0].content[0].cache_control",
        "unknown_parameter",
        "Unknown parameter: 'messages[0].content[0].cache_control'.",
    ),
    (
        "a name with a space",
        message(name="Jane Doe"),
        "messages[0].name",
        "invalid_value",
        (
            "Invalid 'messages[0].name': string does not match pattern. "
            r"Expected a string that matches the pattern '^[^\s<|\\/>]+$'."
        ),
    ),
    (
        "an image from the system",
        message(role="system", content=[{"type": "image_url", "image_url": {"url": "x"}}]),
        "messages[0]",
        "invalid_value",
        (
            "Invalid 'messages[0]'. Image URLs are only allowed for messages with role 'user', "
            "but this message with role 'system' contains an image URL."
        ),
    ),
    (
        "an image without its URL",
        message(content=[{"type": "image_url"}]),
        "messages[0].content[0].image_url",
        "missing_required_parameter",
        "Missing required parameter: 'messages[0].content[0].image_url'.",
    ),
    (
        "a function's result without its name",
        body(messages=[*HELLO, {"role": "function", "content": "42"}]),
        "messages[1].name",
        "missing_required_parameter",
        "Missing required parameter: 'messages[1].name'.",
    ),
    (
        "a tool message that answers nothing",
        body(messages=[*HELLO, {"role": "tool", "tool_call_id": "call_1", "content": "42"}]),
        "messages.[1].role",
        None,
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
    ),
    (
        "a tool message that answers another call",
        body(messages=[*CALLED, {"role": "tool", "tool_call_id": "call_2", "content": "42"}]),
        "messages.[2].tool_call_id",
        None,
        "Invalid parameter: 'tool_call_id' of 'call_2' not found in 'tool_calls' of previous message.",
    ),
    (
        "a tool message without an id",
        body(messages=[*CALLED, {"role": "tool", "content": "42"}]),
        "messages[2].tool_call_id",
        "missing_required_parameter",
        "Missing required parameter: 'messages[2].tool_call_id'.",
    ),
    (
        "a call that nobody answers",
        body(messages=[*CALLED, *HELLO]),
        "messages.[2].role",
        None,
        (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            "'tool_call_id'. The following tool_call_ids did not have response messages: call_1"
        ),
    ),
    (
        "a call at the end",
        body(messages=CALLED),
        "messages.[1].role",
        None,
        "An assistant message with 'tool_calls' must be followed by tool messages",
    ),
    (
        "tool calls of none",
        message(role="assistant", tool_calls=[]),
        "messages[0].tool_calls",
        "empty_array",
        "Invalid 'messages[0].tool_calls': empty array. Expected an array with minimum length 1,",
    ),
    (
        "a tool call of a long id",
        message(role="assistant", tool_calls=[CALL | {"id": "c" * 65}]),
        "messages[0].tool_calls[0].id",
        "string_above_max_length",
        (
            "Invalid 'messages[0].tool_calls[0].id': string too long. Expected a string with maximum length 64, "
            "but got a string with length 65 instead."
        ),
    ),
    (
        "a long prompt_cache_key",
        body(prompt_cache_key="k" * 65),
        "prompt_cache_key",
        "string_above_max_length",
        (
            "Invalid 'prompt_cache_key': string too long. Expected a string with maximum length 64, "
            "but got a string with length 65 instead."
        ),
    ),
    (
        "tools of none",
        body(tools=[]),
        "tools",
        "empty_array",
        "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    ),
    (
        "129 tools",
        body(tools=[TOOL] * 129),
        "tools",
        "array_above_max_length",
        (
            "Invalid 'tools': array too long. Expected an array with maximum length 128, "
            "but got an array with length 129 instead."
        ),
    ),
    (
        "a tool of another type",
        body(tools=[{"type": "magic"}]),
        "tools[0].type",
        "invalid_value",
        "Invalid value: 'magic'. Supported values are: 'function' and 'custom'.",
    ),
    (
        "a tool without its function",
        body(tools=[{"type": "function"}]),
        "tools[0].function",
        "missing_required_parameter",
        "Missing required parameter: 'tools[0].function'.",
    ),
    (
        "a function's name with a space",
        body(tools=[{"type": "function", "function": {"name": "get weather"}}]),
        "tools[0].function.name",
        "invalid_value",
        (
            "Invalid 'tools[0].function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
    ),
    (
        "a function's name of 65 characters",
        body(tools=[{"type": "function", "function": {"name": "x" * 65}}]),
        "tools[0].function.name",
        "string_above_max_length",
        (
            "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64, "
            "but got a string with length 65 instead."
        ),
    ),
    (
        "a choice without tools",
        body(tool_choice="auto"),
        "tool_choice",
        None,
        "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
    ),
    (
        "an unknown choice",
        body(tools=[TOOL], tool_choice="any"),
        "tool_choice",
        "invalid_value",
        "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'.",
    ),
    (
        "a choice that is not among the tools",
        body(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "tool_choice",
        None,
        "Tool choice 'g' not found in 'tools' parameter.",
    ),
    (
        "parallel calls without tools",
        body(parallel_tool_calls=False),
        "parallel_tool_calls",
        None,
        "Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.",
    ),
    (
        "json_object without the word",
        body(response_format={"type": "json_object"}),
        "messages",
        None,
        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    ),
    (
        "json_schema without a schema",
        body(response_format={"type": "json_schema"}),
        "response_format.json_schema",
        "missing_required_parameter",
        "Missing required parameter: 'response_format.json_schema'.",
    ),
    (
        "json_schema without a name",
        body(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
        "response_format.json_schema.name",
        "missing_required_parameter",
        "Missing required parameter: 'response_format.json_schema.name'.",
    ),
    (
        "a strict schema that allows more properties",
        formatted({"type": "object", "properties": {"a": OPEN}, "required": ["a"], "additionalProperties": False}),
        "response_format",
        None,
        (
            "Invalid schema for response_format 'n': In context=('properties', 'a'), 'additionalProperties' is "
            "required to be supplied and to be false."
        ),
    ),
    (
        "a strict schema with an optional property",
        formatted({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}),
        "response_format",
        None,
        (
            "Invalid schema for response_format 'n': In context=(), 'required' is required to be supplied and to be "
            "an array including every key in properties. Missing 'a'."
        ),
    ),
    (
        "a strict schema of an array",
        formatted({"type": "array", "items": {"type": "string"}}),
        "response_format",
        None,
        (
            "Invalid schema for response_format 'n': schema must be a JSON Schema of 'type: \"object\"', "
            "got 'type: \"array\"'."
        ),
    ),
    (
        "a schema that is none",
        formatted({"type": "object", "properties": {"a": {"type": "text"}}}, strict=False),
        "response_format",
        None,
        "Invalid schema for response_format 'n': In context=('properties', 'a', 'type'), 'text' is not valid under",
    ),
    (
        "a schema that no value meets",
        formatted({"type": "object", "properties": {"a": NOTHING}, "required": ["a"]}, strict=False),
        "response_format",
        None,
        "Invalid schema for response_format 'n': In context=('properties', 'a'), ",
    ),
    (
        "a strict function with an optional parameter",
        parametrised({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        (
            "Invalid schema for function 'g': In context=(), 'required' is required to be supplied and to be "
            "an array including every key in properties. Missing 'a'."
        ),
    ),
    (
        "parameters that are no object",
        parametrised({"type": "string"}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        (
            "Invalid schema for function 'g': schema must be a JSON Schema of 'type: \"object\"', "
            "got 'type: \"string\"'."
        ),
    ),
    (
        "parameters without a type",
        parametrised({"properties": {"a": {"type": "string"}}}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'.",
    ),
    (
        "parameters that are one of two objects",
        parametrised({"type": "object", "oneOf": [OPEN, OPEN]}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        (
            "Invalid schema for function 'g': schema must have type 'object' and not have "
            "'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
        ),
    ),
    (
        "a parameter that is a list of who knows what",
        parametrised({"type": "object", "properties": {"a": {"type": "array"}}}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': In context=('properties', 'a'), array schema missing items.",
    ),
    (
        "such a parameter of an old function",
        body(functions=[{"name": "g", "parameters": {"type": "object", "properties": {"a": {"type": "array"}}}}]),
        "functions[0].parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': In context=('properties', 'a'), array schema missing items.",
    ),
    (
        "parameters that are no schema",
        parametrised({"type": "object", "properties": []}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': In context=('properties',), [...] is not of type 'object'.",
    ),
    (
        "parameters that no value meets",
        parametrised({"type": "object", "properties": {"a": NOTHING}, "required": ["a"]}, strict=False),
        "tools[1].function.parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': In context=('properties', 'a'), ",
    ),
    (
        "parameters of an old function that are no schema",
        body(functions=[{"name": "g", "parameters": {"type": "object", "properties": 1}}]),
        "functions[0].parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'g': In context=('properties',), 1 is not of type 'object'.",
    ),
    (
        "a grammar without its definition",
        body(tools=[{"type": "custom", "custom": {"name": "c", "format": {"type": "grammar"}}}]),
        "tools[0].custom.format.grammar",
        "missing_required_parameter",
        "Missing required parameter: 'tools[0].custom.format.grammar'.",
    ),
    (
        "a grammar that is no regular expression",
        body(tools=[TOOL, spoken("((")]),
        "tools[1].custom.format.grammar.definition",
        "invalid_grammar",
        "Invalid grammar for tool 'c': pattern '^(?:(()$' lacks a ')'.",
    ),
    (
        "a grammar of no texts",
        body(tools=[TOOL, spoken("[^\\s\\S]")], tool_choice=NAMED),
        "tools[1].custom.format.grammar.definition",
        "invalid_grammar",
        "Invalid grammar for tool 'c': no string was found that meets pattern",
    ),
    (
        "an unknown response_format",
        body(response_format={"type": "xml"}),
        "response_format.type",
        "invalid_value",
        "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
    ),
    (
        "metadata that is not stored",
        body(metadata={"a": "b"}),
        "metadata",
        None,
        "The 'metadata' parameter is only allowed when 'store' is enabled.",
    ),
    (
        "17 metadata",
        body(store=True, metadata={str(i): "x" for i in range(17)}),
        "metadata",
        "object_above_max_properties",
        (
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
            "but got an object with 17 properties instead."
        ),
    ),
    (
        "metadata too long",
        body(store=True, metadata={"a": "b", "long": "x" * 513}),
        "metadata.long",
        "string_above_max_length",
        (
            "Invalid 'metadata.long': string too long. Expected a string with maximum length 512, "
            "but got a string with length 513 instead."
        ),
    ),
    (
        "metadata of a long name",
        body(store=True, metadata={"ab" + "x" * 68: "b"}),
        "metadata.ab" + "x" * 68,
        "property_name_above_max_length",
        (
            "Invalid property name in 'metadata': 'abx...xxx' is too long. Expected a string with maximum length 64, "
            "but got a string with length 70 instead."
        ),
    ),
    (
        "metadata that is a number",
        body(store=True, metadata={"a": "b", "b": 1}),
        "metadata.b",
        "invalid_type",
        "Invalid type for 'metadata.b': expected a string, but got an integer instead.",
    ),
    (
        "a bias for a word",
        body(logit_bias={"AI": 1}),
        "logit_bias",
        None,
        "Invalid key in 'logit_bias': AI. You should only be submitting non-negative integers.",
    ),
    (
        "a bias for a token that there is not",
        body(logit_bias={"200019": 1}),
        "logit_bias",
        None,
        "Invalid key in 'logit_bias': 200019. Maximum value is 200018.",
    ),
    (
        "a bias too high",
        body(logit_bias={"1": 100, "2": 101}),
        "logit_bias.2",
        "decimal_above_max_value",
        ("Invalid 'logit_bias.2': decimal above maximum value. Expected a value <= 100, but got 101 instead."),
    ),
    (
        "an unknown reasoning_effort",
        body(reasoning_effort="extreme"),
        "reasoning_effort",
        "invalid_value",
        (
            "Invalid value: 'extreme'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', "
            "and 'max'."
        ),
    ),
    (
        "an unknown service_tier",
        body(service_tier="gold"),
        "service_tier",
        "invalid_value",
        "Invalid value: 'gold'. Supported values are: 'auto', 'default', 'flex', 'scale', 'priority', and 'fast'.",
    ),
    *(
        (
            f"{name} for another field",
            body(**{name: 1}),
            name,
            "unknown_parameter",
            f"Unknown parameter: '{name}'.{more}",
        )
        for name, more in {
            "stor": " Did you mean 'stop' or 'store'?",
            "temperatur": " Did you mean 'temperature'?",
            "strem": " Did you mean 'stream' or 'store'?",
            "max_token": " Did you mean 'max_tokens'?",
        }.items()
    ),
    (
        "an answer in sound, and none says how",
        body(modalities=["text", "audio"]),
        "audio",
        "missing_required_parameter",
        "Missing required parameter: 'audio'.",
    ),
    (
        "moderation by no model",
        body(moderation={}),
        "moderation.model",
        "missing_required_parameter",
        "Missing required parameter: 'moderation.model'.",
    ),
    (
        "an unknown mode of moderation",
        body(moderation={"model": "m", "policy": {"output": {"mode": "x"}}}),
        "moderation.policy.output.mode",
        "invalid_value",
        "Invalid value: 'x'. Supported values are: 'score' and 'block'.",
    ),
    (
        "an unknown option of the cache",
        body(prompt_cache_options={"bogus": 1}),
        "prompt_cache_options.bogus",
        "unknown_parameter",
        "Unknown parameter: 'prompt_cache_options.bogus'.",
    ),
    (
        "an unknown mode of the cache",
        body(prompt_cache_options={"mode": "x"}),
        "prompt_cache_options.mode",
        "invalid_value",
        "Invalid value: 'x'. Supported values are: 'implicit' and 'explicit'.",
    ),
    (
        "an unknown size of a web search",
        body(web_search_options={"search_context_size": "huge"}),
        "web_search_options.search_context_size",
        "invalid_value",
        "Invalid value: 'huge'. Supported values are: 'low', 'medium', and 'high'.",
    ),
    (
        "a place without its kind",
        body(web_search_options={"user_location": {"approximate": {"city": "Oslo"}}}),
        "web_search_options.user_location.type",
        "missing_required_parameter",
        "Missing required parameter: 'web_search_options.user_location.type'.",
    ),
]


@pytest.mark.parametrize(("sent", "param", "code", "text"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_a_bad_request_is_told_what_is_wrong(http, sent, param, code, text):
    answer = http.post("/v1/chat/completions", content=sent, headers={"Content-Type": "application/json"})

    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert error["message"].startswith(text)
    assert list(error) == ["message", "type", "param", "code"]


def test_a_body_over_the_limit_is_413(http):
    answer = http.post("/v1/chat/completions", content=body(user="x" * 10_000_000))

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert "8388608" in answer.json()["error"]["message"]


def test_a_body_over_the_limit_is_413_without_a_content_length_too(http):
    answer = http.post("/v1/chat/completions", content=(b"x" * 65536 for _ in range(160)))

    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"


def test_a_body_within_the_limit_is_answered(http):
    long = [{"role": "user", "content": "volcano " * 900_000}]
    answer = http.post("/v1/chat/completions", content=body(model="gpt-4.1", messages=long))

    assert answer.status_code == 200


def test_gpt_sim_1_has_the_context_that_its_card_tells(http):
    answer = http.post("/v1/chat/completions", content=message(content="volcano " * 128_000))

    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "message": "This model's maximum context length is 128000 tokens. However, your messages resulted in 128009 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }


def test_a_compressed_body_is_read(http):
    answer = http.post(
        "/v1/chat/completions", content=gzip.compress(body(max_tokens=3)), headers={"Content-Encoding": "gzip"}
    )

    assert answer.json()["usage"]["completion_tokens"] == 3


def test_a_body_that_only_claims_to_be_compressed_is_400(http):
    answer = http.post("/v1/chat/completions", content=body(), headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 400
    assert "encoding is broken" in answer.json()["error"]["message"]


def test_a_small_body_that_unpacks_to_more_than_the_limit_is_413(http):
    packed = gzip.compress(body(user="x" * 50_000_000))
    answer = http.post("/v1/chat/completions", content=packed, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 413


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_the_body_is_what_counts_where_the_content_type_may_be_meant(http, content_type):
    answer = http.post("/v1/chat/completions", content=body(max_tokens=1), headers={"Content-Type": content_type})

    assert answer.status_code == 200


ACCEPTED = {
    "messages": [
        {"role": "developer", "content": "Be brief.", "name": "boss"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "HTTP://x"}}],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None, "audio": None, "annotations": []},
        {"role": "tool", "content": [{"type": "text", "text": "42"}], "tool_call_id": "call_1"},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "json"},
        {"role": "user", "content": [], "tool_calls": []},
        {"role": "user", "content": "Hi", "tool_calls": []},
    ],
    "stop": None,
    "n": None,
    "temperature": 2,
    "tools": [TOOL],
    "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [TOOL_AGAIN]}},
    "parallel_tool_calls": True,
    "logit_bias": {"50256": -100},
    "store": True,
    "metadata": {"a": "b"},
    "response_format": {"type": "text"},
    "prediction": {"type": "content", "content": [{"type": "text", "text": "x"}]},
    "reasoning_effort": "none",
    "verbosity": "low",
    "modalities": ["text"],
    "service_tier": "auto",
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "moderation": {"model": "omni-moderation-latest", "policy": {"input": {"mode": "score"}, "output": None}},
    "web_search_options": {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"city": "Oslo", "country": "NO"}},
    },
}


def test_what_openai_accepts_is_accepted(http):
    assert http.post("/v1/chat/completions", json={"model": "gpt-sim-1"} | ACCEPTED).status_code == 200


WRONG_MEDIA = [
    (
        {"type": "image_url", "image_url": {"url": "iVBORw0KGgo="}},
        "messages[0].content[1].image_url.url",
        "invalid_value",
        (
            "Invalid image URL: 'messages[0].content[1].image_url.url'. Expected a base64-encoded data URL with an "
            "image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' "
            "prefix."
        ),
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:application/pdf;base64,JVBERi0="}},
        "messages[0].content[1].image_url.url",
        "invalid_value",
        "but got unsupported MIME type 'application/pdf'.",
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:image/png,raw"}},
        "messages[0].content[1].image_url.url",
        "invalid_value",
        "but got an invalid base64-encoded value.",
    ),
    *(
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
            "messages[0].content[1].image_url.url",
            "invalid_base64",
            "Invalid base64 image_url.",
        )
        for data in ("", "!!!", "aGk=aGk=", "data:image/png;base64,aGk=", " " * 300_000 + "!")
    ),
    *(
        (
            {"type": "input_audio", "input_audio": {"data": data, "format": "mp3"}},
            "messages.[0].content.[1].input_audio.data",
            "invalid_value",
            "The data provided for 'input_audio' is not of valid mp3 format.",
        )
        for data in ("", "!!", "data:audio/mp3;base64,aGk=")
    ),
    *(
        (
            {"type": "file", "file": file},
            "messages[0].content[1].file.file_id",
            "missing_required_parameter",
            "Missing required parameter: 'messages[0].content[1].file.file_id'.",
        )
        for file in ({}, {"filename": "a.pdf"}, {"file_data": "data:application/pdf;base64,JVBERi0="})
    ),
    (
        {"type": "file", "file": {"file_data": "JVBERi0=", "filename": "a.pdf"}},
        "messages[0].content[1].file.file_data",
        "invalid_value",
        (
            "Invalid file data: 'messages[0].content[1].file.file_data'. Expected a base64-encoded data URL with an "
            "application/pdf MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ=='), but got a value "
            "without the 'data:' prefix."
        ),
    ),
    (
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,%", "filename": "a.pdf"}},
        "messages[0].content[1].file.file_data",
        "invalid_value",
        "but got an invalid base64-encoded value.",
    ),
    (
        {"type": "file", "file": {"file_id": "file-none"}},
        "messages[0].content[1].file.file_id",
        "invalid_value",
        "No such File object: file-none",
    ),
]


@pytest.mark.parametrize(("part", "param", "code", "text"), WRONG_MEDIA, ids=lambda value: str(value)[:60])
def test_images_sound_and_files_that_can_be_none_are_refused(http, part, param, code, text):
    answer = http.post("/v1/chat/completions", content=message(content=[{"type": "text", "text": "See"}, part]))

    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert text in error["message"]


def test_a_file_by_its_id_is_taken_from_those_of_the_run_while_it_is_there(http):
    form: Any = {"data": {"purpose": "user_data"}, "files": {"file": ("a.pdf", b"%PDF-")}}
    name = http.post("/v1/files", **form).json()["id"]
    asked = message(content=[{"type": "text", "text": "See"}, {"type": "file", "file": {"file_id": name}}])

    def status(before=""):
        return http.post(f"{before}/v1/chat/completions", content=asked).status_code

    assert (status(), status("/t/another"), status()) == (200, 400, 200)
    http.delete(f"/v1/files/{name}")
    assert status() == 400


@pytest.mark.parametrize(
    ("asked", "told"),
    [(None, "default"), ("auto", "default"), ("flex", "flex"), ("priority", "priority"), ("fast", "priority")],
)
def test_a_service_tier_is_told_by_the_name_that_openai_gives_it(http, asked, told):
    answer = http.post("/v1/chat/completions", content=body(service_tier=asked))
    streamed = http.post("/v1/chat/completions", content=body(service_tier=asked, stream=True))

    assert answer.json()["service_tier"] == told
    assert f'"service_tier":"{told}"' in streamed.text


@pytest.mark.parametrize("name", ["messagess", "modell", "x", "zz", "temperatures_of_all", "k" * 1_000_000], ids=len)
def test_no_field_is_suggested_that_is_far_or_there_already(http, name):
    answer = http.post("/v1/chat/completions", content=body(**{name: 1}))

    assert answer.json()["error"]["message"] == f"Unknown parameter: '{name}'."


@pytest.mark.parametrize("model", [{}, {"model": None}, {"model": ""}], ids=str)
@pytest.mark.parametrize(("path", "fields"), [("completions", {"prompt": "x"}), ("embeddings", {"input": "x"})])
def test_older_endpoints_ask_for_the_model_in_the_same_words(http, path, fields, model):
    answer = http.post(f"/v1/{path}", json=fields | model)

    assert answer.status_code == 400
    assert answer.json()["error"] == {
        "message": "you must provide a model parameter",
        "type": "invalid_request_error",
        "param": None,
        "code": None,
    }


def test_unknown_parameters_pass_a_lenient_server_and_change_nothing(http, start_proxy):
    unknown = {"top_k": 5, "options": {"deep": [1, 2, 3]}}
    history = [{"role": role, "content": "Tea", "reasoning_content": "hm"} for role in ("user", "assistant", "user")]

    with httpx.Client(base_url=start_proxy("--lenient").url, timeout=30) as lenient:
        answer = lenient.post("/v1/chat/completions", content=body(messages=history, **unknown))
        still = lenient.post("/v1/chat/completions", content=body(n=0, **unknown))
        deep = lenient.post("/v1/chat/completions", content=raw(b'"extra":' + b"[" * 100_000 + b"]" * 100_000))

    plain = [{"role": message["role"], "content": "Tea"} for message in history]
    assert answer.json()["choices"] == http.post("/v1/chat/completions", content=body(messages=plain)).json()["choices"]
    assert (still.status_code, still.json()["error"]["param"]) == (400, "n")
    assert (deep.status_code, deep.json()["error"]["message"].startswith(UNPARSED)) == (400, True)


def test_bytes_that_are_not_http_get_an_error_in_openais_shape(simulator):
    url = httpx.URL(simulator.url)
    with socket.create_connection((url.host, url.port), timeout=10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nbad header\r\n\r\n")
        answer = connection.makefile("rb").read()

    head, _, text = answer.partition(b"\r\n\r\n")
    assert head.split(b" ")[1] == b"400"
    assert b"x-request-id: req_" in head
    assert json.loads(text)["error"]["type"] == "invalid_request_error"


def test_a_header_that_is_no_text_can_be_quoted(http):
    answer = http.post("/v1/chat/completions", content=b"{}", headers={"Content-Type": b"\xff"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "unsupported_content_type")
