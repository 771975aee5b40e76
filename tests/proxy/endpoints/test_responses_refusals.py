"""What `POST /v1/responses` refuses, in OpenAI's words."""

from typing import Any

import httpx
import pytest

from proxy.endpoints.responses.sealed import reasoned
from tests.proxy.endpoints.responses_cases import CALL, CITY, CODE, RESULT, WEATHER

USER = {"role": "user", "content": "Hi"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": reasoned("rs_1")}
NOTHING = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided."
LOOSE = {"type": "object", "properties": {"city": {"type": "string"}}}
UNMET = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 5, "maximum": 4}}, "required": ["n"]}


def said(part: dict[str, Any], role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": [part]}]


def wanted(**fields: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "city", **fields}}}


REFUSED: list[tuple[dict[str, Any], str | None, str | None, str]] = [
    ({"model": None}, "model", "missing_required_parameter", "Missing required parameter: 'model'."),
    ({"model": ""}, "model", "empty_string", "Invalid 'model': empty string."),
    ({"input": None}, "input", "missing_required_parameter", "Missing required parameter: 'input'."),
    ({"input": None, "conversation": "conv_1"}, "input", "missing_required_parameter", "required parameter: 'input'."),
    ({"input": ""}, None, "missing_required_parameter", NOTHING),
    ({"input": []}, None, "missing_required_parameter", NOTHING),
    ({"input": 5}, "input", "invalid_type", "expected one of a string or array of input items, but got an integer"),
    (
        {"input": ["Hi"]},
        "input[0]",
        "invalid_type",
        "Invalid type for 'input[0]': expected an input item, but got a string",
    ),
    ({"input": [{"role": "user"}]}, "input[0].content", "missing_required_parameter", "Missing required parameter"),
    ({"input": [{"role": "cat", "content": ""}]}, "input[0]", "invalid_value", "Invalid value: 'cat'. Supported"),
    (
        {"input": [{"content": "x"}]},
        "input[0]",
        "invalid_value",
        "values are: 'assistant', 'system', 'developer', and 'user'.",
    ),
    (
        {"input": [USER, {"type": "cat"}]},
        "input[1]",
        "invalid_value",
        "Invalid value: 'cat'. Supported values are: 'me",
    ),
    ({"input": [{"type": 5}]}, "input[0]", "invalid_value", "Invalid value: ''. Supported values are: 'message', "),
    (
        {"input": said({"type": "text", "text": "Hi"})},
        "input[0].content[0].type",
        "invalid_value",
        "values are: 'input_text', 'input_image', 'output_text', 'refusal', 'input_file', 'computer_screenshot', and",
    ),
    (
        {"input": said({"type": "input_text", "text": "Hi"}, "assistant")},
        "input[0].content[0]",
        "invalid_value",
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    ),
    (
        {"input": said({"type": "output_text", "text": "Hi"})},
        "input[0].content[0]",
        "invalid_value",
        "Supported values are: 'input_text', 'input_image', and 'input_file'.",
    ),
    (
        {"input": said({"type": "input_text"})},
        "input[0].content[0].text",
        "missing_required_parameter",
        "Missing required parameter: 'input[0].content[0].text'.",
    ),
    (
        {"input": said({"type": "input_text", "text": 5})},
        "input[0].content[0].text",
        "invalid_type",
        "expected a string, but got an integer instead.",
    ),
    ({"input": [USER | {"nam": "x"}]}, "input[0].nam", "unknown_parameter", "Unknown parameter: 'input[0].nam'."),
    (
        {"input": [USER | {"id": "item_1"}]},
        "input[0].id",
        "invalid_value",
        "Invalid 'input[0].id': 'item_1'. Expected an ID that begins with 'msg'.",
    ),
    ({"input": [CALL | {"id": "call_1"}, RESULT]}, "input[0].id", "invalid_value", "that begins with 'fc'."),
    ({"input": [USER | {"id": "msg 1"}]}, "input[0].id", "invalid_value", "letters, numbers, underscores, or dashes"),
    ({"input": [USER | {"id": "msg_" + "1" * 70}]}, "input[0].id", "string_above_max_length", "maximum length 64"),
    ({"input": [CALL | {"call_id": "c" * 65}, RESULT]}, "input[0].call_id", "string_above_max_length", "length 65"),
    ({"input": [CALL | {"name": "no spaces"}, RESULT]}, "input[0].name", "invalid_value", "does not match pattern"),
    ({"input": [USER, CALL]}, "input", None, "No tool output found for function call call_1."),
    ({"input": [USER, CALL, USER]}, "input", None, "No tool output found for function call call_1."),
    (
        {"input": [RESULT, CALL]},
        "input",
        None,
        "No tool call found for function call output with call_id call_1.",
    ),
    (
        {"input": [{"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "i"}]},
        "input",
        None,
        "No tool output found for custom tool call c.",
    ),
    (
        {"input": [{"type": "custom_tool_call_output", "call_id": "c", "output": "o"}]},
        "input",
        None,
        "No tool call found for custom tool call output with call_id c.",
    ),
    (
        {"input": [USER, CALL, {"type": "custom_tool_call_output", "call_id": "call_1", "output": "o"}]},
        "input",
        None,
        "No tool call found for custom tool call output with call_id call_1.",
    ),
    ({"input": [REASONING]}, "input", None, "Item 'rs_1' of type 'reasoning' was provided without its required foll"),
    ({"input": [REASONING, REASONING, USER]}, "input", None, "was provided without its required following item."),
    *(
        (
            {"input": [given, {"role": "assistant", "content": "Hi"}]},
            None,
            "invalid_encrypted_content",
            f"{shown} could not be verified.",
        )
        for given, shown in (
            ({"type": "compaction", "encrypted_content": "x"}, "x"),
            (REASONING | {"encrypted_content": "zzz"}, "zzz"),
            (REASONING | {"encrypted_content": "gAAAAABo" + "x" * 90 + "VDQ=="}, "gAAA...DQ=="),
            (REASONING | {"encrypted_content": reasoned("rs_1").swapcase()}, reasoned("rs_1").swapcase()[-4:]),
        )
    ),
    ({"previous_response_id": "abc"}, "previous_response_id", "invalid_value", "an ID that begins with 'resp'."),
    (
        {"previous_response_id": "resp_1"},
        "previous_response_id",
        "previous_response_not_found",
        "Previous response with id 'resp_1' not found.",
    ),
    (
        {"previous_response_id": "resp_1", "conversation": "conv_1"},
        None,
        "mutually_exclusive_parameters",
        "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
    ),
    ({"conversation": {"id": "x"}}, "conversation", "invalid_value", "that begins with 'conv'."),
    ({"max_output_tokens": 15}, "max_output_tokens", "integer_below_min_value", "Expected a value >= 16, but got 15"),
    ({"max_tool_calls": 0}, "max_tool_calls", "integer_below_min_value", "Expected a value >= 1"),
    ({"temperature": 3}, "temperature", "decimal_above_max_value", "Expected a value <= 2, but got 3"),
    ({"top_logprobs": 21}, "top_logprobs", "integer_above_max_value", "Expected a value <= 20"),
    ({"truncation": "on"}, "truncation", "invalid_value", "Invalid value: 'on'. Supported values are: 'auto' and 'dis"),
    ({"service_tier": "x"}, "service_tier", "invalid_value", "'auto', 'default', 'flex', 'scale', 'priority', 'fast'"),
    ({"reasoning": {"effort": "x"}}, "reasoning.effort", "invalid_value", "'none', 'minimal', 'low', 'medium', 'high'"),
    ({"text": {"verbosity": "x"}}, "text.verbosity", "invalid_value", "'low', 'medium', and 'high'."),
    ({"include": ["x"]}, "include[0]", "invalid_value", "'file_search_call.results'"),
    ({"tool_choice": "any"}, "tool_choice", "invalid_value", "'none', 'auto', and 'required'."),
    ({"stream_options": {}}, "stream_options", None, "only allowed when 'stream' is enabled"),
    (
        {"stream": True, "stream_options": {"delay_min_ms": 2, "delay_max_ms": 1}},
        "stream_options.delay_min_ms",
        "invalid_value",
        "expected at most delay_max_ms, 1, but got 2.",
    ),
    (
        {"stream": True, "stream_options": {"include_usage": True}},
        "stream_options.include_usage",
        "unknown_parameter",
        "Unknown parameter",
    ),
    ({"background": True, "store": False}, "background", None, "only allowed when 'store' is enabled"),
    ({"metadata": {"k" * 65: ""}}, "metadata." + "k" * 65, "property_name_above_max_length", "'kkk...kkk' is too long"),
    ({"prompt_cache_key": "k" * 65}, "prompt_cache_key", "string_above_max_length", "maximum length 64"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k", "string_above_max_length", "maximum length 512"),
    ({"max_tokens": 5}, "max_tokens", "unknown_parameter", "Unknown parameter: 'max_tokens'."),
    ({"penalty": 1}, "penalty", "unknown_parameter", "Unknown parameter: 'penalty'."),
    ({"reasoning": {"x": 1}}, "reasoning.x", "unknown_parameter", "Unknown parameter: 'reasoning.x'."),
    (
        {"tools": [{"name": "x"}]},
        "tools[0].type",
        "missing_required_parameter",
        "Missing required parameter: 'tools[0]",
    ),
    ({"tools": [{"type": "x"}]}, "tools[0]", "invalid_value", "Invalid value: 'x'. Supported values are: 'function'"),
    (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        "tools[0].name",
        "missing_required_parameter",
        "Missing required parameter: 'tools[0].name'.",
    ),
    ({"tools": [WEATHER | {"x": 1}]}, "tools[0].x", "unknown_parameter", "Unknown parameter: 'tools[0].x'."),
    ({"tools": [WEATHER | {"name": ""}]}, "tools[0].name", "empty_string", "empty string"),
    (
        {"tools": [CODE, {"type": "namespace", "name": "n", "tools": [{"type": "function"}]}]},
        "tools[1].tools[0].name",
        "missing_required_parameter",
        "Missing required parameter: 'tools[1].tools[0].name'.",
    ),
    (
        {"tools": [WEATHER | {"parameters": LOOSE, "strict": True}]},
        "tools[0].parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'get_weather': In context=(), 'additionalProperties' is required",
    ),
    (
        {"tools": [WEATHER | {"parameters": {"type": "string"}}]},
        "tools[0].parameters",
        "invalid_function_parameters",
        "got 'type: \"string\"'",
    ),
    *(
        (
            {"tools": [WEATHER | {"parameters": {"type": "object", "properties": {"a": {"type": "array"}}}} | strict]},
            "tools[0].parameters",
            "invalid_function_parameters",
            "Invalid schema for function 'get_weather': In context=('properties', 'a'), array schema missing items.",
        )
        for strict in ({}, {"strict": False})
    ),
    (
        {"tools": [CODE, WEATHER | {"parameters": UNMET}], "tool_choice": {"type": "function", "name": "get_weather"}},
        "tools[1].parameters",
        "invalid_function_parameters",
        "Invalid schema for function 'get_weather'",
    ),
    (
        {"tools": [WEATHER], "tool_choice": {"type": "function", "name": "x"}},
        "tool_choice",
        None,
        "Tool choice 'x' not found in 'tools' parameter.",
    ),
    (
        {"tools": [WEATHER], "tool_choice": {"type": "custom", "name": "get_weather"}},
        "tool_choice",
        None,
        "Tool choice 'get_weather' not found",
    ),
    ({"tools": [WEATHER], "tool_choice": {"type": "mcp", "server_label": "x"}}, "tool_choice", None, "'mcp' not found"),
    (
        {"tools": [WEATHER], "tool_choice": {"type": "function"}},
        "tool_choice.name",
        "missing_required_parameter",
        "Missing required parameter: 'tool_choice.name'.",
    ),
    (
        {"tools": [WEATHER], "tool_choice": {"type": "allowed_tools", "mode": "auto"}},
        "tool_choice.tools",
        "missing_required_parameter",
        "Missing required parameter: 'tool_choice.tools'.",
    ),
    ({"tool_choice": "required"}, "tool_choice", None, "Tool choice 'required' must be specified with 'tools' param"),
    (
        {"text": {"format": {"type": "json_object"}}},
        "input",
        None,
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
    ),
    (wanted(), "text.format.schema", "missing_required_parameter", "Missing required parameter: 'text.format.schema'."),
    (
        wanted(schema=LOOSE, strict=True),
        "text.format.schema",
        "invalid_json_schema",
        "Invalid schema for response_format 'city': In context=(), 'additionalProperties' is required",
    ),
    (wanted(schema=UNMET), "text.format.schema", "invalid_json_schema", "Invalid schema for response_format 'city'"),
    (wanted(schema=CITY, json_schema={}), "text.format.json_schema", "unknown_parameter", "Unknown parameter"),
]


@pytest.mark.parametrize(("fields", "param", "code", "words"), REFUSED)
def test_what_is_wrong_is_a_400_that_names_it(http, fields, param, code, words):
    body = {"model": "gpt-sim-1", "input": "Hi"} | fields
    answer = http.post("/v1/responses", json={name: value for name, value in body.items() if value is not None})

    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error"), error
    assert (error["param"], error["code"]) == (param, code), error
    assert words in error["message"]


def test_what_is_wrong_with_a_stream_is_told_before_it_begins(http):
    answer = http.post("/v1/responses", json={"model": "m", "input": [RESULT], "stream": True})

    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/json")


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"input": [{"id": "msg_1"}]}, "input", "Item with id 'msg_1' not found. Items are not persisted when `store`"),
        ({"input": [{"type": "item_reference", "id": "rs_1"}]}, "input", "Item with id 'rs_1' not found."),
        (
            {"input": [{"type": "reasoning", "id": "rs_1", "summary": []}, {"role": "assistant", "content": "Hi"}]},
            "input",
            "Item with id 'rs_1' not found.",
        ),
        ({"conversation": "conv_1"}, None, "Conversation with id 'conv_1' not found."),
        ({"prompt": {"id": "pmpt_1"}}, None, "Prompt with id 'pmpt_1' not found."),
    ],
)
def test_what_is_not_here_is_a_404_that_names_it(http, fields, param, words):
    answer = http.post("/v1/responses", json={"model": "gpt-sim-1", "input": "Hi"} | fields)

    error = answer.json()["error"]
    assert (answer.status_code, error["param"]) == (404, param)
    assert words in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"model": "m", "input": NaN}',
        b'{"model": "m", "input": "\\ud800"}',
        b'{"model": "m", "input": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"model": "m", "input": "x", "tools": [{"type": "function", "name": "f", "parameters": '
        + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}]}",
        b'{"model": "m", "input": [{"role": "user", "content": "x", "content": 5}]}',
        b'{"model": "m", "input": "x", "seed": 1' + b"0" * 400 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_request_is_a_400(http, body):
    answer = http.post("/v1/responses", content=body)

    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_nesting_just_within_what_can_be_read_can_be_written_too(http):
    for depth in range(100, 1100, 50):
        schema = '{"a":' * depth + "1" + "}" * depth
        tool = '{"type": "function", "name": "f", "parameters": {"type": "object", "default": ' + schema + "}}"
        answer = http.post("/v1/responses", content=f'{{"model": "m", "input": "x", "tools": [{tool}]}}')
        assert answer.status_code in (200, 400)


def test_a_lenient_server_leaves_out_what_it_does_not_know(start_proxy):
    body = {
        "model": "m",
        "top_k": 5,
        "text": {"x": 1},
        "input": [
            USER | {"name": "ann", "cache": 1, "content": [{"type": "input_text", "text": "Hi", "cache": 1}]},
            CALL | {"name": "get_weather"},
            RESULT,
        ],
        "messages": [],
        "tools": [
            WEATHER | {"x": 1},
            {"type": "web_search", "bogus": 1, "filters": {"allowed_domains": ["a.org"], "bogus": 1}},
        ],
    }
    proxy = start_proxy("--lenient")
    for path in ("responses", "responses/input_tokens"):
        if path.endswith("tokens"):
            body.pop("text")
        answer = httpx.post(f"{proxy.v1}/{path}", json=body, timeout=60)
        assert answer.status_code == 200, answer.text

    wrong = httpx.post(f"{proxy.v1}/responses", json=body | {"input": [{"role": "user", "x": 1}]}, timeout=60)
    assert wrong.json()["error"]["param"] == "input[0].content"


def test_a_strict_server_knows_its_models_only(start_proxy):
    proxy = start_proxy("--strict-models")
    for path in ("responses", "responses/input_tokens", "responses/compact"):
        answer = httpx.post(f"{proxy.v1}/{path}", json={"model": "gpt-4o", "input": "Hi"}, timeout=60)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_ten_thousand_messages_are_answered(http):
    messages = [{"role": ("user", "assistant")[n % 2], "content": f"Message {n}"} for n in range(10_001)]
    answer = http.post("/v1/responses", json={"model": "gpt-sim-1", "input": messages, "store": False})

    assert answer.status_code == 200
