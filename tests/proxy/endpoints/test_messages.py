"""`POST /v1/messages` over HTTP: Anthropic's Messages API, plain and streamed, and count_tokens."""

import json
from base64 import b64encode
from typing import Any

import httpx
import pytest
from jsonschema import validate

QUESTION = [{"role": "user", "content": "Tell me about volcanoes"}]
WEATHER_QUESTION = [{"role": "user", "content": "What is the weather in Paris right now?"}]
CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "population": {"type": "integer", "minimum": 0}},
    "required": ["name", "population"],
    "additionalProperties": False,
}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "22 degrees and sunny"}
WEATHER = {
    "name": "get_weather",
    "description": "The weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def ask(http):
    def post(messages=QUESTION, max_tokens=300, **fields):
        body = {"model": "claude-sim", "max_tokens": max_tokens, "messages": messages, **fields}
        return http.post("/v1/messages", json=body)

    return post


@pytest.fixture
def answered(ask):
    """The message, which is the same plain and joined from its events."""

    def both(*arguments, **fields):
        plain, streamed = ask(*arguments, **fields), ask(*arguments, **fields, stream=True)
        assert plain.status_code == 200, plain.text
        message = plain.json()
        assert joined(events_of(streamed)) == message
        return message

    return both


def events_of(response):
    assert response.headers["content-type"].startswith("text/event-stream")
    events = []
    for event in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = event.split("\n")
        value = json.loads(data.removeprefix("data: "))
        assert name == f"event: {value['type']}"
        events.append(value)
    return events


def joined(events):
    """What a client puts together, by the rules of Anthropic's documentation of streams."""
    message: Any = None
    arguments = ""
    for event in events:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(event["content_block"])
                arguments = ""
            case "content_block_delta":
                block, delta = message["content"][event["index"]], event["delta"]
                if delta["type"] == "input_json_delta":
                    arguments += delta["partial_json"]
                elif delta["type"] == "signature_delta":
                    block["signature"] = delta["signature"]
                else:
                    field = delta["type"].removesuffix("_delta")
                    block[field] += delta[field]
            case "content_block_stop":
                if arguments:
                    message["content"][event["index"]]["input"] = json.loads(arguments)
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


def test_a_message_has_anthropics_fields(answered):
    message = answered()

    assert set(message) == {
        *("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "stop_details", "usage")
    }
    assert message["id"].startswith("msg_01")
    assert (message["type"], message["role"], message["model"]) == ("message", "assistant", "claude-sim")
    assert (message["stop_reason"], message["stop_sequence"], message["stop_details"]) == ("end_turn", None, None)
    (block,) = message["content"]
    assert block["type"] == "text"
    assert "volcano" in block["text"].lower()
    assert message["usage"]["output_tokens"] > 10


def test_a_stream_has_the_events_in_their_order(ask):
    events = events_of(ask(stream=True))

    kinds = [event["type"] for event in events]
    assert kinds[:4] == ["message_start", "content_block_start", "ping", "content_block_delta"]
    assert set(kinds[4:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    start = events[0]["message"]
    assert (start["content"], start["stop_reason"], start["usage"]["output_tokens"]) == ([], None, 1)


def test_the_same_request_gives_the_same_bytes_and_another_seed_another_text(ask):
    assert ask().content == ask().content
    assert ask(seed=1).json()["content"] != ask().json()["content"]
    assert ask(seed=1).json()["id"] != ask().json()["id"]


def test_a_text_is_what_chat_answers_to_the_same_conversation(http, answered):
    chat = http.post(
        "/v1/chat/completions",
        json={"model": "m", "messages": [{"role": "system", "content": "Be brief"}, *QUESTION], "max_tokens": 300},
    ).json()
    message = answered(system="Be brief")

    assert message["content"][0]["text"] == chat["choices"][0]["message"]["content"]
    assert message["usage"]["input_tokens"] == chat["usage"]["prompt_tokens"]


def test_blocks_of_text_mean_the_same_as_a_string(answered):
    blocks = [{"role": "user", "content": [{"type": "text", "text": "Tell me about volcanoes"}]}]
    cached = {"type": "text", "text": "Be brief", "cache_control": {"type": "ephemeral"}}

    assert answered(blocks, system=[cached]) == answered(system="Be brief")


def test_max_tokens_cuts_the_text(answered):
    message = answered(max_tokens=5)

    assert (message["stop_reason"], message["usage"]["output_tokens"]) == ("max_tokens", 5)
    assert answered()["content"][0]["text"].startswith(message["content"][0]["text"])


@pytest.mark.parametrize("extra", [[], ["zebra"]])
def test_a_stop_sequence_ends_the_text_and_is_named(answered, extra):
    whole = answered()["content"][0]["text"]
    word = whole.split()[4]
    message = answered(stop_sequences=[*extra, word])

    assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", word)
    assert message["content"][0]["text"] == whole[: whole.index(word)]


def test_a_stop_sequence_at_the_very_beginning_leaves_no_block(answered):
    first = answered()["content"][0]["text"].split()[0]

    assert answered(stop_sequences=[first])["content"] == []


def test_a_stop_sequence_that_does_not_come_changes_nothing_but_the_id(answered):
    message = answered(stop_sequences=["zebra"])

    assert message["content"] == answered()["content"]
    assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"system": "You are a geologist"},
        {"tools": [WEATHER]},
        {"tools": [WEATHER, {"type": "bash_20250124", "name": "bash"}]},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    ],
    ids=["plain", "system", "tools", "own-tools", "thinking"],
)
def test_count_tokens_is_what_usage_will_say(http, ask, fields):
    body = {"model": "claude-sim", "messages": QUESTION, **fields}
    counted = http.post("/v1/messages/count_tokens", json=body)

    assert counted.json() == {"input_tokens": ask(max_tokens=2000, **fields).json()["usage"]["input_tokens"]}


def test_more_in_the_conversation_counts_more(ask):
    def tokens(messages, **fields):
        return ask(messages, **fields).json()["usage"]["input_tokens"]

    said = [*QUESTION, {"role": "assistant", "content": "They are mountains."}, {"role": "user", "content": "More!"}]
    assert tokens(QUESTION) < tokens(QUESTION, system="Be brief") < tokens(said, system="Be brief")


def test_thinking_comes_first_with_a_signature(answered):
    thought, text = answered(max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024})["content"]

    assert (thought["type"], text["type"]) == ("thinking", "text")
    assert thought["thinking"]
    assert thought["thinking"] != text["text"]
    assert thought["signature"]


def test_thinking_can_be_left_out_of_the_answer_and_comes_back_in_the_history(answered):
    thought, text = answered(thinking={"type": "adaptive", "display": "omitted"}, max_tokens=3000)["content"]
    assert thought["thinking"] == ""
    assert thought["signature"]

    answered([*QUESTION, {"role": "assistant", "content": [thought, text]}, {"role": "user", "content": "More"}])


@pytest.mark.parametrize("way", [{"type": "disabled"}, {"type": "between_tools"}])
def test_no_thinking_where_there_is_none_to_do(answered, way):
    assert [block["type"] for block in answered(thinking=way)["content"]] == ["text"]


@pytest.mark.parametrize(
    "content",
    [
        [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}}],
        [{"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}],
        [{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}}],
        [{"type": "document", "title": "Etna", "source": {"type": "text", "media_type": "text/plain", "data": "Fire"}}],
        [{"type": "search_result", "source": "a", "title": "b", "content": [{"type": "text", "text": "c"}]}],
    ],
)
def test_what_is_not_text_is_counted(answered, content):
    with_it = [{"role": "user", "content": [*content, {"type": "text", "text": QUESTION[0]["content"]}]}]

    assert answered(with_it)["usage"]["input_tokens"] > answered()["usage"]["input_tokens"]


def test_an_image_counts_by_its_size(answered):
    def tokens(width, height):
        head = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")
        source = {"type": "base64", "media_type": "image/png", "data": b64encode(head).decode()}
        said = [{"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": "Hi"}]}]
        return (
            answered(said)["usage"]["input_tokens"]
            - answered([{"role": "user", "content": "Hi"}])["usage"]["input_tokens"]
        )

    assert [tokens(100, 100), tokens(750, 1000), tokens(8000, 8000), tokens(15680, 750)] == [14, 1000, 1600, 157]


def test_thinking_is_counted_and_never_takes_the_whole_of_the_answer(answered):
    for way in ({"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}):
        usage = answered(max_tokens=1500, thinking=way)["usage"]
        assert 0 < usage["output_tokens_details"]["thinking_tokens"] < usage["output_tokens"]
    assert [block["type"] for block in answered(max_tokens=100, thinking={"type": "adaptive"})["content"]] == ["text"]


def test_a_tool_that_fits_is_called_with_arguments_from_the_question(answered):
    message = answered(WEATHER_QUESTION, tools=[WEATHER])

    assert message["stop_reason"] == "tool_use"
    (call,) = message["content"]
    assert call["id"].startswith("toolu_01")
    assert (call["type"], call["name"], call["input"]) == ("tool_use", "get_weather", {"city": "Paris"})


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ({"type": "auto"}, []),
        ({"type": "none"}, []),
        ({"type": "any"}, ["get_weather"]),
        ({"type": "tool", "name": "add"}, ["add"]),
    ],
)
def test_the_choice_of_tools_is_obeyed(answered, choice, called):
    add = {"name": "add", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    message = answered(tools=[WEATHER, add], tool_choice=choice)

    calls = [block["name"] for block in message["content"] if block["type"] == "tool_use"]
    assert len(calls) == len(called)
    assert choice["type"] != "tool" or calls == called
    assert message["stop_reason"] == ("tool_use" if called else "end_turn")


def test_several_tools_are_called_at_once_unless_that_is_switched_off(answered):
    both = [{"role": "user", "content": "What is the weather in Paris and in London?"}]
    one = {"type": "any", "disable_parallel_tool_use": True}

    cities = [call["input"]["city"] for call in answered(both, tools=[WEATHER])["content"]]
    assert sorted(cities) == ["London", "Paris"]
    assert len(answered(both, tools=[WEATHER], tool_choice=one)["content"]) == 1


def test_a_call_that_is_cut_is_empty(answered):
    message = answered(WEATHER_QUESTION, tools=[WEATHER], max_tokens=4)

    assert message["stop_reason"] == "max_tokens"
    assert [block["input"] for block in message["content"]] == [{}]


def test_tools_of_anthropics_own_are_never_called(answered):
    bash = {"type": "bash_20250124", "name": "bash"}
    message = answered([{"role": "user", "content": "Run ls in bash"}], tools=[bash])

    assert message["stop_reason"] == "end_turn"


@pytest.mark.parametrize("field", ["output_config", "output_format"])
def test_an_answer_in_json_meets_its_schema(answered, field):
    wanted = {"type": "json_schema", "schema": CITY}
    (block,) = answered(**{field: {"format": wanted} if field == "output_config" else wanted})["content"]

    validate(json.loads(block["text"]), CITY)


def test_a_refusal_is_a_stop_reason(answered):
    message = answered([{"role": "user", "content": "Please [[refuse]] this"}])

    assert (message["stop_reason"], message["stop_details"]["type"]) == ("refusal", "refusal")
    assert message["content"][0]["type"] == "text"


def test_the_result_of_a_tool_is_answered_in_text(answered):
    said = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, CALL]},
        {"role": "user", "content": [RESULT]},
    ]
    message = answered(said, tools=[WEATHER])

    assert message["stop_reason"] == "end_turn"
    (block,) = message["content"]
    assert "22 degrees and sunny" in block["text"]


def test_results_may_be_blocks_and_errors(answered):
    blocks = {"content": [{"type": "text", "text": "22 degrees"}], "is_error": True}
    said = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": [CALL]},
        {"role": "user", "content": [RESULT | blocks, {"type": "text", "text": "And now?"}]},
    ]
    answered(said, tools=[WEATHER])


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/", "/messages"])
def test_the_path_also_answers_without_v1_and_with_a_slash(http, path):
    body = {"model": "m", "max_tokens": 9, "messages": QUESTION}
    response = http.post(path, json=body, headers={"x-api-key": "any", "anthropic-version": "2023-06-01"})

    assert response.status_code == 200
    assert response.headers["request-id"] == response.headers["x-request-id"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_tokens": None}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"max_tokens": 10**30}, "max_tokens: Input should be less than or equal to 2147483647"),
        ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": "hello"}, "messages: Input should be a valid list"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, 'messages: first message must use the "user" role'),
        ({"messages": [{"role": "user", "content": ""}]}, "messages.0: user messages must have non-empty content"),
        ({"temperature": 1.5}, "temperature: Input should be less than or equal to 1"),
        ({"top_k": -1}, "top_k: Input should be greater than or equal to 0"),
        ({"top_q": 1}, "top_q: Extra inputs are not permitted"),
        ({"stop_sequences": [" \n"]}, "stop_sequences: each stop sequence must contain non-whitespace"),
        ({"service_tier": "best"}, "service_tier: Input should be 'auto' or 'standard_only'"),
        ({"metadata": {"user_id": "x" * 257}}, "metadata.user_id: String should have at most 256 characters"),
        ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0.name: String should match pattern"),
        ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [{"name": "a", "input_schema": {}}]}, "tools.0.custom.input_schema.type: Field required"),
        (
            {"tools": [{"name": "a", "input_schema": {"type": "string"}}]},
            "tools.0.custom.input_schema.type: Input should be 'object'",
        ),
        (
            {"tools": [{"name": "a", "input_schema": {"type": "object", "required": 3}}]},
            "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12: ",
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"type": "thing"}}}},
            "output_config.format.schema: JSON schema is invalid.",
        ),
        (
            {"output_config": {"format": {"type": "json_schema", "schema": {"enum": [1], "type": "string"}}}},
            "output_config.format.schema: ",
        ),
        ({"thread": {"type": "create"}}, "thread: conversations are not held here; send the whole of it."),
        ({"tools": [{"name": "a", "type": "function"}]}, "tools.0: Input tag 'function' found using 'type' does not"),
        ({"tools": [WEATHER, WEATHER]}, "tools: Tool names must be unique."),
        ({"tool_choice": {"type": "any"}}, "tool_choice: tool_choice may only be specified while providing tools."),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "other"}},
            "Tool 'other' not found in provided tools",
        ),
        (
            {"tools": [WEATHER], "tool_choice": {"type": "required"}},
            "tool_choice: Input tag 'required' found using 'type' does not match any of the expected tags: 'auto', ",
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 100}},
            "thinking.budget_tokens: Input should be greater than or equal to 1024",
        ),
        (
            {"thinking": {"type": "enabled", "budget_tokens": 4000}},
            "`max_tokens` must be greater than `thinking.budget_tokens`.",
        ),
        (
            {"thinking": {"type": "adaptive"}, "tools": [WEATHER], "tool_choice": {"type": "any"}},
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (
            {"thinking": {"type": "adaptive"}, "temperature": 0.5},
            "`temperature` may only be set to 1 when thinking is enabled.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_anthropics_words(ask, change, message):
    refused = ask(**change)

    assert refused.status_code == 400
    body = refused.json()
    assert list(body) == ["type", "error", "request_id"]
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert body["request_id"] == refused.headers["request-id"]
    assert body["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("turns", "message"),
    [
        (
            [[{"type": "text"}]],
            "messages.0.content.0.text: Field required",
        ),
        ([[{"type": "text", "text": ""}]], "messages: text content blocks must be non-empty"),
        ([[{"type": "image_url"}]], "messages.0.content.0: Input tag 'image_url' found using 'type' does not match"),
        ([[{"type": "text", "text": "x", "size": 1}]], "messages.0.content.0.size: Extra inputs are not permitted"),
        ([[CALL]], "messages.0.content.0: `tool_use` blocks can only be in `assistant` messages"),
        ([[RESULT]], "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."),
        (["x", [RESULT]], "messages.1.content.0: `tool_result` blocks can only be in `user` messages"),
        (["x", [CALL], "y"], "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after"),
        (["x", [CALL]], "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after"),
        (["x", [CALL], [RESULT, RESULT]], "messages.2.content.1: each tool_use must have a single result."),
        (["x", [CALL, CALL], [RESULT]], "messages.1.content: `tool_use` ids must be unique"),
        (["x", "", "y"], "messages.1: assistant messages must have non-empty content"),
        (["x", "y "], "messages: final assistant content cannot end with trailing whitespace"),
        (["x", [{"type": "text", "text": "y\n"}]], "messages: final assistant content cannot end with trailing"),
    ],
)
def test_turns_that_do_not_fit_are_refused(ask, turns, message):
    roles = ["user", "assistant"] * 2
    refused = ask([{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)])

    assert refused.status_code == 400
    assert refused.json()["error"]["message"].startswith(message)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"model": "m"', b"\xff", b"[" * 10_000, b'{"model": NaN}', b'"x"', b"null"]
)
def test_a_body_that_is_no_request_is_a_400_in_anthropics_shape(http, body):
    refused = http.post("/v1/messages", content=body)

    assert refused.status_code == 400
    assert refused.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("POST", "/v1/messages/batches/none", 404, "not_found_error"),
    ],
)
def test_other_errors_at_these_paths_have_the_shape_too(http, method, path, status, kind):
    refused = http.request(method, path)

    assert (refused.status_code, refused.json()["error"]["type"]) == (status, kind)


def test_a_strict_server_knows_its_models_and_a_lenient_one_more_fields(start_proxy):
    strict = start_proxy("--strict-models", "--lenient")
    body = {"model": "claude-sim", "max_tokens": 5, "messages": QUESTION}

    refused = httpx.post(f"{strict.v1}/messages", json=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found_error")
    more = {"model": "gpt-sim-1", "top_q": 1, "messages": [{"name": "x", **QUESTION[0]}]}
    assert httpx.post(f"{strict.v1}/messages", json=body | more).status_code == 200
    assert httpx.post(f"{strict.v1}/messages", json=body | more | {"max_tokens": 0}).status_code == 400
    counted = {"model": "claude-sim", "messages": QUESTION}
    assert httpx.post(f"{strict.v1}/messages/count_tokens", json=counted).status_code == 404
