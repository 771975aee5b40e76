"""What real clients trip over, a test for each row of the project's list; the numbers are the list's."""

import json
import time
from base64 import b64decode
from struct import unpack
from typing import Any

import httpx
import pytest

from proxy.app import create_app
from proxy.endpoints.call import Call
from proxy.endpoints.chat import MEMORY, chat
from proxy.endpoints.stored_chats import STORED
from proxy.keys import REAL_MODEL, Times
from proxy.real_model import RealModel
from proxy.runs.keys import RUNS
from proxy.settings import Settings
from tests.chunks import Json, chunks, events

HELLO = [{"role": "user", "content": "Tell me about volcanoes"}]
WEATHER: Json = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
TWO_CITIES: Json = {
    "messages": [{"role": "user", "content": "What is the weather in Paris and in Oslo?"}],
    "tools": [WEATHER],
    "tool_choice": "required",
}
KINDS: dict[str, Json] = {
    "text": {},
    "choices": {"n": 2},
    "cut": {"max_tokens": 3},
    "calls": TWO_CITIES,
    "function": {"functions": [WEATHER["function"]], "function_call": {"name": "get_weather"}},
    "json": {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": WEATHER["function"]["parameters"]},
        }
    },
    "refusal": {"messages": [{"role": "user", "content": "[[refuse]]"}]},
    "logprobs": {"logprobs": True, "top_logprobs": 2, "max_tokens": 5},
    "paced": {"stream_options": {"tokens_per_second": 100_000}, "max_tokens": 5},
}


def post(http, path="/v1/chat/completions", **fields):
    return http.post(path, json={"model": "gpt-sim-1", "messages": HELLO} | fields)


def stream(http, **fields) -> list[Json]:
    return chunks(post(http, stream=True, **fields).content)


@pytest.fixture(params=KINDS)
def kind(request) -> Json:
    return KINDS[request.param]


def with_usage(kind: Json) -> Json:
    return kind | {"stream_options": kind.get("stream_options", {}) | {"include_usage": True}}


def test_trap_01_the_usage_chunk_is_the_last_has_no_choices_and_comes_on_request_only(http, kind):
    *before, last = stream(http, **with_usage(kind))

    assert last["choices"] == []
    assert last["usage"]["total_tokens"] > 0
    assert all("usage" in chunk and chunk["usage"] is None for chunk in before)
    assert not any("usage" in chunk for chunk in stream(http, **kind))


def test_trap_02_without_include_usage_every_chunk_has_a_choice(http, kind):
    assert all(chunk["choices"] for chunk in stream(http, **kind))


def test_trap_03_no_chunk_but_the_last_has_usage(http, kind):
    told = [chunk["usage"] is not None for chunk in stream(http, **with_usage(kind))]

    assert told == [False] * (len(told) - 1) + [True]


def call_deltas(http) -> list[Json]:
    choices = [chunk["choices"][0] for chunk in stream(http, **TWO_CITIES)]
    return [call for choice in choices for call in choice["delta"].get("tool_calls", ())]


def test_trap_04_every_delta_of_a_call_has_its_index_also_0(http):
    indices = [call["index"] for call in call_deltas(http)]

    assert set(indices) == {0, 1}
    assert indices == sorted(indices)


def test_trap_05_id_type_and_name_are_on_a_calls_first_delta_only(http):
    for index in (0, 1):
        first, *later = [call for call in call_deltas(http) if call["index"] == index]
        assert first["id"]
        assert (first["type"], first["function"]["name"]) == ("function", "get_weather")
        assert later
        assert all(call.keys() == {"index", "function"} and call["function"].keys() == {"arguments"} for call in later)


def test_trap_05_a_role_is_told_once_and_is_never_empty(http, kind):
    deltas = [choice["delta"] for chunk in stream(http, **kind) for choice in chunk["choices"]]

    assert [delta["role"] for delta in deltas if "role" in delta] == ["assistant"] * kind.get("n", 1)


def test_trap_06_the_first_delta_of_a_call_has_empty_arguments(http):
    assert [call["function"]["arguments"] for call in call_deltas(http) if "id" in call] == ["", ""]


@pytest.mark.parametrize("streamed", [False, True])
def test_trap_07_created_is_now_in_whole_seconds(http, kind, streamed):
    before = int(time.time())
    told = [chunk["created"] for chunk in (stream(http, **kind) if streamed else [post(http, **unpaced(kind)).json()])]

    assert all(type(created) is int and before <= created <= time.time() for created in told)


def unpaced(kind: Json) -> Json:
    return {key: value for key, value in kind.items() if key != "stream_options"}


def test_trap_08_responses_have_created_at_and_status(http):
    answer = http.post("/v1/responses", json={"model": "gpt-sim-1", "input": "Hi"}).json()

    assert answer["status"] == "completed"
    assert answer["created_at"] > 1_700_000_000
    assert "created" not in answer


def test_trap_09_the_fingerprint_is_a_string(http, kind):
    for chunk in [*stream(http, **kind), post(http, **unpaced(kind)).json()]:
        assert chunk["system_fingerprint"].startswith("fp_")


def test_trap_10_every_chunk_has_object_choices_and_their_index(http, kind):
    for chunk in stream(http, **with_usage(kind)):
        assert chunk["object"] == "chat.completion.chunk"
        assert all(choice["index"] in (0, 1) for choice in chunk["choices"])


def test_trap_11_the_reason_is_null_until_the_empty_delta_at_the_end(http, kind):
    choices = [choice for chunk in stream(http, **kind) for choice in chunk["choices"]]

    for index in range(kind.get("n", 1)):
        *before, last = [choice for choice in choices if choice["index"] == index]
        assert all(choice["finish_reason"] is None and choice["delta"] for choice in before)
        assert (last["delta"], type(last["finish_reason"])) == ({}, str)


def test_trap_12_no_stream_ends_without_a_reason_and_done(http, kind):
    told = events(post(http, stream=True, **kind).content)

    assert told[-1] == "[DONE]"
    assert told.count("[DONE]") == 1
    reasons = [choice["finish_reason"] for event in told[:-1] for choice in json.loads(event)["choices"]]
    assert len([reason for reason in reasons if reason]) == kind.get("n", 1)


@pytest.mark.parametrize("streamed", [False, True])
def test_trap_13_an_error_before_the_stream_is_json_with_a_status(http, streamed):
    answer = post(http, stream=streamed, temperature=9)

    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/json")
    assert answer.json().keys() == {"error"}
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_trap_13_an_error_within_a_stream_is_an_event(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("dies").url)

    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=real(proxy, stream=True)) as answer:
        told = [line for line in answer.iter_lines() if line]

    assert answer.status_code == 200
    assert json.loads(told[-1].removeprefix("data: "))["error"].keys() == {"message", "type", "param", "code"}


def real(proxy, **fields) -> Json:
    (name,) = [each["id"] for each in httpx.get(f"{proxy.v1}/models").json()["data"] if each["id"] != "gpt-sim-1"]
    return {"model": name, "messages": HELLO} | fields


def test_trap_14_a_model_that_loads_says_when_to_come_again_soon(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("loading").url)

    answer = httpx.post(f"{proxy.v1}/chat/completions", json=real(proxy))

    assert answer.status_code == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert int(answer.headers["retry-after-ms"]) <= 60_000


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/models", "/v1/embeddings", "/v1/responses", "/nowhere"])
def test_trap_15_json_says_that_it_is_json(http, path):
    body = {"model": "gpt-sim-1", "messages": HELLO} if "chat" in path else {"model": "gpt-sim-1", "input": "x"}
    answer = http.get(path) if path == "/v1/models" else http.post(path, json=body)

    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    assert answer.json()


def test_trap_16_a_stream_is_sent_if_and_only_if_it_is_asked_for(http):
    for asked, type_ in (
        ({}, "application/json"),
        ({"stream": False}, "application/json"),
        ({"stream": None}, "application/json"),
        ({"stream": True}, "text/event-stream"),
    ):
        accept = {"Accept": "application/json" if asked.get("stream") else "text/event-stream"}
        answer = http.post("/v1/chat/completions", json={"model": "m", "messages": HELLO} | asked, headers=accept)
        assert answer.headers["Content-Type"].split(";")[0] == type_


def test_trap_17_a_stream_is_not_compressed(http):
    answer = http.post(
        "/v1/chat/completions",
        json={"model": "m", "messages": HELLO, "stream": True},
        headers={"Accept-Encoding": "gzip, deflate, br"},
    )

    assert "Content-Encoding" not in answer.headers
    assert chunks(answer.content)


def test_trap_18_a_stream_asks_proxies_not_to_collect_it(http, kind):
    answer = post(http, stream=True, **kind)

    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    assert answer.headers["X-Accel-Buffering"] == "no"


def test_trap_19_a_stream_has_no_comments_and_no_empty_data(http, kind):
    lines = post(http, stream=True, **kind).text.split("\n")

    assert all(line == "" or len(line) > len("data: ") for line in lines)
    assert all(line == "" or line.startswith("data: ") for line in lines)


def test_trap_20_models_are_listed_without_a_key(simulator):
    for path in ("/v1/models", "/models"):
        answer = httpx.get(simulator.url + path).json()
        assert answer["object"] == "list"
        for model in answer["data"]:
            assert model.keys() >= {"id", "object", "created", "owned_by"}
            assert model["object"] == "model"
            assert httpx.get(f"{simulator.url}{path}/{model['id']}").json()["id"] == model["id"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models"), ("POST", "/v1/chat/completions")])
def test_trap_21_a_browser_may_call(http, method, path):
    origin = {"Origin": "https://chat.example"}
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}

    allowed = http.options(path, headers=origin | asked)
    answer = http.request(method, path, headers=origin)

    assert allowed.status_code == 204
    assert allowed.headers["Access-Control-Allow-Origin"] == "*"
    assert method in allowed.headers["Access-Control-Allow-Methods"]
    assert allowed.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_trap_22_other_jobs_of_the_same_model_take_nothing_away(http):
    def said(text):
        return post(http, messages=[{"role": "user", "content": text}]).json()["choices"]

    alone = [said("Tell me about tea"), said("Tell me about bread")]
    for _ in range(3):
        said("Generate a concise, 3-5 word title for this chat.")

    assert [said("Tell me about tea"), said("Tell me about bread")] == alone


def test_trap_23_embeddings_in_base64_are_little_endian_float32(http):
    def embedded(form):
        body = {"model": "text-embedding-3-small", "input": "x", "encoding_format": form}
        return http.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]

    assert list(unpack("<1536f", b64decode(embedded("base64")))) == embedded("float")


def test_trap_24_all_chunks_of_a_stream_have_one_id(http, kind):
    told = stream(http, **with_usage(kind))

    assert len({(chunk["id"], chunk["created"], chunk["model"], chunk["service_tier"]) for chunk in told}) == 1


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("kind", [{}, TWO_CITIES, KINDS["json"], {"logprobs": True}, {"reasoning_effort": "high"}])
def test_trap_25_a_health_check_of_one_token_is_answered(http, field, kind):
    answer = post(http, **kind, **{field: 1})

    assert answer.status_code == 200
    assert answer.json()["choices"][0]["finish_reason"] == "length"
    assert answer.json()["usage"]["completion_tokens"] <= 1


PARAMETERS: dict[str, Json] = {
    "empty": {},
    "no properties": {"type": "object"},
    "title and default": {
        "title": "F",
        "type": "object",
        "properties": {"a": {"title": "A", "type": "string", "default": "x", "examples": ["y"]}},
    },
    "formats": {"type": "object", "properties": {"a": {"type": "string", "format": "uri"}, "b": {"format": "color"}}},
    "references": {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}, "b": {"$ref": "#/definitions/B"}},
        "$defs": {"A": {"type": "integer"}},
        "definitions": {"B": {"type": "array", "items": {"$ref": "#/definitions/B"}}},
    },
    "one of": {"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}},
    "any of at the top": {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    "nullable": {"type": "object", "properties": {"a": {"type": ["string", "null"], "nullable": True}}},
    "a draft": {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "$id": "x", "x-more": 1},
}


@pytest.mark.parametrize("parameters", PARAMETERS.values(), ids=PARAMETERS)
@pytest.mark.parametrize("chosen", ["auto", "required"])
def test_trap_26_what_tools_say_of_their_parameters_is_accepted(http, parameters, chosen):
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}

    answer = post(http, tools=[tool], tool_choice=chosen)

    assert answer.status_code == 200, answer.text
    for call in answer.json()["choices"][0]["message"].get("tool_calls", ()):
        assert isinstance(json.loads(call["function"]["arguments"]), dict)


@pytest.mark.parametrize("streamed", [False, True])
def test_trap_27_an_agents_loop_ends(simulator, sdk, streamed):
    client = sdk(simulator.v1)
    messages: list[Any] = [*TWO_CITIES["messages"]]
    turns = 0
    while True:
        fields: Any = {"model": "gpt-sim-1", "messages": messages, "tools": [WEATHER]}
        if streamed:
            with client.chat.completions.stream(**fields) as opened:
                message: Any = opened.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(**fields).choices[0].message
        if not message.tool_calls:
            break
        turns += 1
        assert turns < 5
        messages.append(message)
        for call in message.tool_calls:
            city = json.loads(call.function.arguments)["city"]
            messages.append(
                {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"city": city, "sky": "clear"})}
            )

    assert turns == 1
    assert message.content


@pytest.mark.parametrize(
    "turn",
    [
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
        {"role": "assistant"},
        {"role": "user", "content": [{"type": "text", "text": "a"}]},
        {"role": "system", "content": [{"type": "text", "text": "a"}]},
        {
            "role": "assistant",
            "content": "",
            "refusal": None,
            "annotations": [],
            "audio": None,
            "function_call": None,
            "tool_calls": None,
        },
    ],
    ids=str,
)
def test_trap_28_a_history_may_have_null_and_arrays_of_parts(http, turn):
    assert post(http, messages=[*HELLO, turn, *HELLO]).status_code == 200


def test_trap_29_nothing_counts_requests(http, simulator):
    first = post(http, seed=29, **TWO_CITIES).json()
    with httpx.Client(base_url=simulator.url) as another:
        for seed in range(20):
            post(another, seed=seed)

    assert post(http, seed=29, **TWO_CITIES).json() | {"created": first["created"]} == first


def test_trap_30_what_is_kept_of_requests_is_bounded():
    async def sleep(_seconds):
        """Nothing here waits."""

    app = create_app(Settings(), Times(now=lambda: 1e9, clock=lambda: 0.0, sleep=sleep))
    app[REAL_MODEL] = RealModel(None, None, None, time.time)
    for number in range(3000):
        body = {"model": "m", "messages": HELLO, "seed": number, "max_tokens": 1, "store": number % 2 == 0}
        with pytest.raises(StopIteration):
            chat(Call(app, {}, json.dumps(body).encode())).send(None)

    assert len(app[STORED].of(app[RUNS].unnamed).items()) == 1000
    assert len(app[MEMORY]) == 128


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/"])
def test_trap_31_the_base_url_may_have_v1_and_a_slash(simulator, sdk, base):
    client = sdk(simulator.url + base)
    hello: Any = HELLO

    assert client.chat.completions.create(model="gpt-sim-1", messages=hello, max_tokens=1).choices
    assert client.models.list().data
    for probe in (httpx.get, httpx.head):
        assert probe(simulator.url + base).status_code == 200
    assert httpx.post(f"{simulator.v1}/chat/completions/", json={"model": "m", "messages": HELLO}).status_code == 200
