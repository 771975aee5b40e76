"""`POST /v1/responses`: every kind of answer, whole and as events, held against OpenAI's description."""

import json
from typing import Any

import httpx
import pytest

from tests.conformance.yardsticks import against_description, described_event
from tests.proxy.endpoints.responses_cases import (
    ASKED,
    CALL,
    CASES,
    CODE,
    RESULT,
    WEATHER,
    as_told_by_deltas,
    events_of,
    rebuilt,
    without_times,
)


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


@pytest.fixture
def ask(http):
    def ask(**fields):
        return http.post("/v1/responses", json={"model": "gpt-sim-1", "input": "Hi", **fields})

    return ask


def output(ask, **fields) -> list[dict[str, Any]]:
    answer = ask(**fields)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["output"]
    return found


def test_a_stream_ends_with_what_the_plain_answer_says_and_its_deltas_build_it(ask, case):
    plain = ask(**case).json()
    events = events_of(ask(**case, stream=True))

    end = events[-1]["response"]
    if not case.get("background"):
        assert without_times(end) == without_times(plain)
    assert events[-1]["type"] == f"response.{end['status']}"
    assert [as_told_by_deltas(item) for item in rebuilt(events)] == [as_told_by_deltas(item) for item in end["output"]]


def test_every_answer_and_every_event_is_as_openai_describes_it(ask, case):
    assert against_description("Response", ask(**case).json()) == []

    events = events_of(ask(**case, stream=True))
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    for event in events:
        schema = described_event(event)
        assert schema is not None, event["type"]
        assert against_description(schema, event) == []


def test_the_events_come_in_openais_order(ask):
    events = events_of(ask(input="Thanks!", response_length="short", stream=True))

    kinds = [event["type"].removeprefix("response.") for event in events]
    deltas = kinds.count("output_text.delta")
    assert deltas > 2
    assert kinds == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * deltas,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


@pytest.mark.parametrize(
    ("name", "kind", "middle"),
    [
        ("a named function", "function_call", ["function_call_arguments.delta", "function_call_arguments.done"]),
        ("a custom tool", "custom_tool_call", ["custom_tool_call_input.delta", "custom_tool_call_input.done"]),
        ("nothing but reasoning", "reasoning", []),
        (
            "reasoning that is told",
            "reasoning",
            [
                "reasoning_summary_part.added",
                "reasoning_summary_text.delta",
                "reasoning_summary_text.done",
                "reasoning_summary_part.done",
            ],
        ),
    ],
)
def test_each_kind_of_item_has_its_own_events(ask, name, kind, middle):
    events = events_of(ask(**CASES[name], stream=True))

    of_first = [event for event in events if event.get("output_index") == 0]
    assert of_first[0]["item"]["type"] == of_first[-1]["item"]["type"] == kind
    kinds = list(dict.fromkeys(event["type"].removeprefix("response.") for event in of_first))
    assert kinds == ["output_item.added", *middle, "output_item.done"]


def test_the_same_conversation_says_what_a_chat_says(http, ask):
    chat = http.post(
        "/v1/chat/completions",
        json={
            "model": "gpt-sim-1",
            "messages": [
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": ASKED},
                {
                    "role": "assistant",
                    "content": "Let me see.",
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "get_weather", "arguments": CALL["arguments"]},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": RESULT["output"]},
            ],
            "tools": [{"type": "function", "function": {k: v for k, v in WEATHER.items() if k != "type"}}],
            "seed": 5,
            "max_tokens": 40,
        },
    ).json()
    response = ask(
        instructions="Be kind.",
        input=[
            {"role": "user", "content": ASKED},
            {"role": "assistant", "content": "Let me see."},
            CALL,
            RESULT,
        ],
        tools=[WEATHER | {"strict": False}],
        seed=5,
        max_output_tokens=40,
    ).json()

    assert response["output"][0]["content"][0]["text"] == chat["choices"][0]["message"]["content"]
    usage = response["usage"]
    assert [usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]] == [
        chat["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    ]


def test_the_same_request_has_the_same_ids_and_another_seed_other_ones(ask):
    one, again, other = ask(**CASES["a function"]).json(), ask(**CASES["a function"]).json(), ask(seed=9).json()

    assert without_times(one) == without_times(again)
    assert one["id"].startswith("resp_")
    assert one["id"] != other["id"]
    assert ask(metadata={"a": "b"}).json()["id"] != ask(metadata={"a": "c"}).json()["id"]


def test_the_answer_repeats_the_settings(ask):
    fields: dict[str, Any] = {
        "instructions": "Be brief.",
        "max_output_tokens": 100,
        "max_tool_calls": 3,
        "metadata": {"a": "b"},
        "parallel_tool_calls": False,
        "prompt_cache_key": "key",
        "prompt_cache_retention": "24h",
        "safety_identifier": "someone",
        "store": False,
        "temperature": 0.5,
        "tool_choice": "auto",
        "top_logprobs": 3,
        "top_p": 0.25,
        "truncation": "auto",
        "user": "ann",
    }
    answer = ask(**fields, service_tier="flex", reasoning={"effort": "low"}, text={"verbosity": "low"}).json()

    assert {name: answer[name] for name in fields} == fields
    assert answer["service_tier"] == "flex"
    assert answer["reasoning"] == {"effort": "low", "summary": None}
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "low"}


def test_defaults_are_openais(ask):
    answer = ask().json()

    assert (answer["temperature"], answer["top_p"], answer["truncation"]) == (1.0, 1.0, "disabled")
    assert (answer["tool_choice"], answer["tools"], answer["parallel_tool_calls"]) == ("auto", [], True)
    assert (answer["store"], answer["background"], answer["metadata"], answer["error"]) == (True, False, {}, None)
    assert answer["text"] == {"format": {"type": "text"}, "verbosity": "medium"}
    assert answer["service_tier"] == "default"


def test_a_cut_answer_is_incomplete_and_says_why(ask):
    answer = ask(**CASES["a text cut short"]).json()

    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (answer["output"][0]["status"], answer["completed_at"]) == ("incomplete", None)
    assert answer["usage"]["output_tokens"] == 16


def test_reasoning_is_counted_and_has_its_item(ask):
    answer = ask(**CASES["reasoning that is told"]).json()

    reasoning, message = answer["output"]
    thought = answer["usage"]["output_tokens_details"]["reasoning_tokens"]
    assert 0 < thought < answer["usage"]["output_tokens"]
    assert (reasoning["type"], reasoning["id"][:3], message["type"]) == ("reasoning", "rs_", "message")
    assert reasoning["summary"][0]["text"]
    assert reasoning["encrypted_content"]


def test_a_budget_that_reasoning_uses_up_leaves_no_message(ask):
    answer = ask(**CASES["nothing but reasoning"]).json()

    assert [item["type"] for item in answer["output"]] == ["reasoning"]
    assert answer["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("auto", "get_weather"),
        ("none", None),
        ("required", "get_weather"),
        ({"type": "custom", "name": "run_code"}, "run_code"),
        ({"type": "web_search_preview"}, None),
        ({"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "run_code"}]}, "run_code"),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search_preview"}]}, None),
    ],
)
def test_the_choice_of_a_tool_is_kept(ask, choice, called):
    tools = [WEATHER, CODE, {"type": "web_search_preview"}]
    items = output(ask, input=ASKED, tools=tools, tool_choice=choice)

    assert [item.get("name") for item in items] == [called]


def test_a_function_that_leaves_strict_open_is_strict_if_it_can_be(ask):
    loose = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [WEATHER, WEATHER | {"name": "b", "parameters": loose}, WEATHER | {"name": "c", "strict": False}]
    answer = ask(tools=[*tools, {"type": "function", "name": "d"}]).json()

    assert [tool["strict"] for tool in answer["tools"]] == [True, False, False, True]


def test_calls_at_once_only_where_they_may_be(ask):
    case = CASES["functions at once"]

    arguments = [json.loads(item["arguments"]) for item in output(ask, **case)]
    assert arguments == [{"city": "Paris"}, {"city": "Tokyo"}]
    assert len(output(ask, **case, parallel_tool_calls=False)) == 1


def test_a_call_within_a_namespace_names_it(ask):
    (call,) = output(ask, **CASES["a function in a namespace"])

    assert (call["name"], call["namespace"]) == ("get_weather", "sky")


def test_a_regular_expression_is_kept_by_a_custom_tool(ask):
    grammar = {"type": "grammar", "syntax": "regex", "definition": "[0-9]{4}-[0-9]{2}"}
    (call,) = output(ask, tools=[CODE | {"format": grammar}], tool_choice="required")

    assert len(call["input"]) == 7
    assert call["input"][4] == "-"


def test_logprobs_are_those_of_the_text(ask):
    (message,) = output(ask, **CASES["logprobs"])

    part = message["content"][0]
    assert b"".join(bytes(token["bytes"]) for token in part["logprobs"]).decode() == part["text"]
    assert all(len(token["top_logprobs"]) == 2 for token in part["logprobs"])
    deltas = [event for event in events_of(ask(**CASES["logprobs"], stream=True)) if "delta" in event]
    assert max(len(event["logprobs"]) for event in deltas) > 1  # a character of several tokens is one delta
    (without,) = output(ask, input=CASES["logprobs"]["input"], top_logprobs=2)
    assert without["content"][0]["logprobs"] == []


def test_json_is_json_and_meets_its_schema(ask):
    (anything,), (city,) = output(ask, **CASES["json"]), output(ask, **CASES["json by a schema"])

    assert isinstance(json.loads(anything["content"][0]["text"]), dict)
    assert json.loads(city["content"][0]["text"]) == {"city": "Paris"}


def test_a_refusal_is_a_part_of_its_own(ask):
    (message,) = output(ask, **CASES["a refusal"])

    assert [part["type"] for part in message["content"]] == ["refusal"]


def test_obfuscation_makes_deltas_alike_where_it_is_asked_for(ask):
    events = events_of(ask(stream=True, stream_options={"include_obfuscation": True}))
    deltas = [event for event in events if "delta" in event]

    assert {(len(event["delta"]) + len(event["obfuscation"])) % 16 for event in deltas} == {0}
    assert all("obfuscation" not in event for event in events_of(ask(stream=True)))


def test_an_image_counts(ask):
    plain = ask(input=[{"role": "user", "content": [{"type": "input_text", "text": "What is this?"}]}]).json()
    seen = ask(**CASES["an image and a file"]).json()

    assert seen["usage"]["input_tokens"] > plain["usage"]["input_tokens"] + 85


def test_verbosity_and_response_length_are_lengths(ask):
    low, high = ask(text={"verbosity": "low"}).json(), ask(text={"verbosity": "high"}).json()

    assert low["usage"]["output_tokens"] < high["usage"]["output_tokens"]
    assert ask(response_length="long").json()["usage"] == high["usage"]


def test_input_tokens_are_those_of_the_usage(http, ask):
    for name in ("messages", "an image and a file", "functions at once", "instructions"):
        fields = CASES[name]
        counted = http.post("/v1/responses/input_tokens", json={"model": "gpt-sim-1", **fields}).json()
        assert counted == {
            "object": "response.input_tokens",
            "input_tokens": ask(**fields).json()["usage"]["input_tokens"],
        }


def test_an_input_that_is_too_long_is_refused_or_truncated(ask):
    words = "word " * 70_000
    messages = [{"role": "user", "content": words}, {"role": "developer", "content": "x"}]
    messages += [{"role": "user", "content": words}, {"role": "user", "content": "Tell me about tea"}]

    refused = ask(input=messages)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "context_length_exceeded")
    fits = ask(input=messages, truncation="auto")
    assert fits.status_code == 200
    assert fits.json()["usage"]["input_tokens"] < 128_000
    hopeless = ask(input=words * 2, truncation="auto")
    assert (hopeless.status_code, hopeless.json()["error"]["param"]) == (400, "input")


def test_items_of_openais_own_tools_are_taken_and_not_looked_at(ask):
    foreign = [
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
        {"type": "shell_call_output", "call_id": "c", "output": [{"stdout": "x"}]},
        {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot"}},
        {"type": "additional_tools", "role": "developer", "tools": []},
    ]
    question = {"role": "user", "content": "Tell me about tea"}

    assert text(ask(input=[*foreign, question])) == text(ask(input=[question]))


def text(answer) -> str:
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["output"][0]["content"][0]["text"]
    return found


def test_the_real_model_is_asked_by_its_name_whatever_the_fields_are(start_proxy, start_upstream):
    llama = start_upstream("normal")
    proxy = start_proxy("--llama-url", llama.url)
    body = {"model": "tiny", "input": ["Hi"], "unknown_to_openai": 1.5}
    paths = ["/v1/responses", "/v1/responses/input_tokens", "/v1/responses/compact"]

    for path in paths:
        assert httpx.post(proxy.url + path, json=body, timeout=60).is_success

    seen = httpx.get(f"{llama.url}/seen", timeout=60).json()
    assert [(each["path"], json.loads(each["body"])) for each in seen] == [(path, body) for path in paths]
