"""Property-based requests at every POST endpoint: answers, or errors in OpenAI's shape; no 5xx, no hang."""

import json
from functools import partial

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import running
from tests.contract.fuzzing import MOST_MEMORY, ODD, PATHS, SECONDS, TABLE, encoded, from_schema, holds, mutated, tries

HELLO = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}
SCHEMAS = {
    "/v1/chat/completions": "CreateChatCompletionRequest",
    "/v1/completions": "CreateCompletionRequest",
    "/v1/embeddings": "CreateEmbeddingRequest",
    "/v1/moderations": "CreateModerationRequest",
    "/v1/responses": "CreateResponse",
}


def bodies(path):
    """Good bodies for a path: those of the conformance table, else a chat's."""
    cases = [case for each in TABLE if each.method == "POST" and f"/v1{each.path}" == path for case in each.cases]
    return [{"model": "gpt-sim-1", **case.body} for case in cases if case.body is not None] or [HELLO]


@pytest.fixture(scope="module")
def server():
    with running.proxy() as proxy:
        yield proxy
        process = psutil.Process(proxy.process.pid)
        assert process.memory_info().rss < MOST_MEMORY


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
        yield client
        assert client.get("/health").status_code == 200


def post(client, path, body, **headers):
    return client.post(
        path.replace("{", "").replace("}", ""),
        content=body,
        headers={"content-type": "application/json", **headers},
    )


@pytest.mark.parametrize("path", PATHS)
def test_a_good_request_with_something_odd_in_it(client, path):
    @tries(60 if path in SCHEMAS else 20)
    @given(mutated(bodies(path)), st.booleans())
    def run(body, stream):
        if stream and isinstance(body, dict):
            body = {**body, "stream": True}
        holds(post(client, path, encoded(body)))

    run()


@pytest.mark.parametrize("path", PATHS)
def test_any_json_at_all(client, path):
    @tries(10)
    @given(ODD)
    def run(body):
        holds(post(client, path, encoded(body)))

    run()


@pytest.mark.parametrize("path", [path for path in PATHS if path in SCHEMAS])
def test_what_the_description_allows_is_answered_or_refused_with_a_400(client, path):
    @tries(60)
    @given(from_schema(SCHEMAS[path]))
    def run(body):
        body["model"] = "gpt-sim-1"
        answer = post(client, path, encoded(body))
        holds(answer)
        assert answer.status_code in (200, 400, 404), answer.text

    run()


@pytest.mark.parametrize("path", PATHS)
def test_broken_text(client, path):
    good = st.sampled_from([json.dumps(body).encode() for body in bodies(path)])
    cut = st.tuples(good, st.integers(0, 200)).map(lambda drawn: drawn[0][: -drawn[1] or None])
    places = st.tuples(good, st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
    splice = places.map(
        lambda drawn: drawn[0][: drawn[1] % len(drawn[0])] + drawn[2] + drawn[0][drawn[1] % len(drawn[0]) :]
    )
    twice = good.map(lambda body: body[:-1] + b"," + body[1:])

    @tries(30 if path in SCHEMAS else 10)
    @given(st.one_of(cut, splice, twice, st.binary(max_size=200)))
    def run(body):
        holds(post(client, path, body))

    run()


MESSAGES = b'{"model":"gpt-sim-1","messages":[{"role":"user","content":"x"}]'
TEXTS = (
    MESSAGES + b',"x":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    MESSAGES + b',"x":' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000 + b"}",
    MESSAGES + b',"metadata":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}",
    b'{"model":"gpt-sim-1","messages":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b'{"model":"gpt-sim-1","input":' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    b"[" * 1_000_000,
    MESSAGES + b',"n":' + b"9" * 100_000 + b"}",
    MESSAGES + b',"temperature":1e' + b"9" * 1000 + b"}",
    MESSAGES + b',"seed":-0.0,"max_tokens":1e400}',
    b'{"model":"' + b"m" * 1_000_000 + b'","messages":[{"role":"user","content":"x"}],"input":"x","prompt":"x"}',
    b'{"model":1,"model":"gpt-sim-1","messages":[],"messages":[{"role":"user","content":"x"}]}',
    b'{"' + b"k" * 1_000_000 + b'":1}',
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\0}\0",
    b"\x1f\x8b\x08\x00",
    b"",
)


@pytest.mark.parametrize("path", PATHS)
def test_deep_long_huge_doubled_and_not_text(client, path):
    for text in TEXTS:
        holds(post(client, path, text))


SAY = {"role": "user", "content": "Hello there"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
BROAD = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(100)}}
TOOLS = [{"type": "function", "function": {"name": f"f{number}", "parameters": BROAD}} for number in range(128)]
PARTS = [{"type": "text", "text": "x"}] * 10_000
WORDS = "word " * 400_000
CHAT, RESPONSES, MESSAGE = "/v1/chat/completions", "/v1/responses", "/v1/messages"
EMBEDDINGS, COMPLETIONS, MODERATIONS = "/v1/embeddings", "/v1/completions", "/v1/moderations"
WIDE = (
    *(
        (name, path, body)
        for path in (CHAT, MESSAGE, MESSAGE + "/count_tokens")
        for name, body in {
            "10,000 messages": {"messages": [SAY] * 10_000},
            "a message of 2 MB": {"messages": [{"role": "user", "content": WORDS}]},
            "one long word": {"messages": [{"role": "user", "content": "a" * 2_000_000}]},
            "10,000 parts": {"messages": [{"role": "user", "content": PARTS}]},
        }.items()
    ),
    ("10,000 tools", CHAT, {"tools": [TOOL] * 10_000}),
    ("128 tools with 100 properties", CHAT, {"tools": TOOLS, "tool_choice": "required"}),
    ("10,000 stops", CHAT, {"stop": ["x"] * 10_000}),
    ("10,000 biases", CHAT, {"logit_bias": {str(token): 1 for token in range(10_000)}}),
    ("n of 128", CHAT, {"n": 128}),
    ("logprobs of 128", CHAT, {"n": 128, "logprobs": True, "top_logprobs": 20, "max_tokens": None}),
    ("10,000 items", RESPONSES, {"input": [SAY] * 10_000}),
    ("an input of 2 MB", RESPONSES, {"input": WORDS}),
    ("10,000 items", RESPONSES + "/input_tokens", {"input": [SAY] * 10_000}),
    ("10,000 items", "/v1/conversations", {"items": [SAY] * 10_000}),
    ("10,000 inputs", EMBEDDINGS, {"input": ["Hello there"] * 10_000}),
    ("2,048 inputs", EMBEDDINGS, {"input": ["Hello there"] * 2048, "dimensions": 16}),
    ("an input of 2 MB", EMBEDDINGS, {"input": WORDS}),
    ("300,000 tokens", EMBEDDINGS, {"input": [1] * 300_000}),
    ("10,000 inputs", MODERATIONS, {"input": ["Hello there"] * 10_000}),
    ("an input of 2 MB", MODERATIONS, {"input": WORDS}),
    ("10,000 prompts", COMPLETIONS, {"prompt": ["Hello"] * 10_000}),
    ("a prompt of 2 MB", COMPLETIONS, {"prompt": WORDS}),
    ("300,000 tokens", COMPLETIONS, {"prompt": [1] * 300_000}),
    ("2,000 tokens of each of 100", COMPLETIONS, {"prompt": ["Hello"] * 100, "max_tokens": 2000, "best_of": 20}),
    ("a prompt of 2 MB", "/v1/images/generations", {"prompt": WORDS}),
    ("an input of 2 MB", "/v1/audio/speech", {"input": WORDS, "voice": "alloy"}),
)


@pytest.mark.parametrize(("name", "path", "body"), WIDE, ids=lambda value: value if isinstance(value, str) else "")
def test_wide_bodies(client, name, path, body):
    base = {"model": "gpt-sim-1", "max_tokens": 20}
    holds(post(client, path, encoded({**(HELLO if path == CHAT else base), **body})))


HUNDRED = {"type": "array", "minItems": 100}
_WIDE_SCHEMAS = {
    "an array of 1,000,000": {"type": "array", "items": {"type": "integer"}, "minItems": 1_000_000},
    "nested arrays": HUNDRED | {"items": HUNDRED | {"items": HUNDRED}},
    "a text of 1,000,000": {"type": "string", "minLength": 1_000_000},
    "a pattern that explodes": {"type": "string", "pattern": "^(a+)+$"},
    "a pattern of a million": {"type": "string", "pattern": "^(a{1000}){1000}$"},
    "endless recursion": {"$ref": "#"},
    "needed recursion": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "10,000 alternatives": {"anyOf": [{"const": i} for i in range(10_000)]},
    "not anything": {"not": {}},
    "an impossible number": {"type": "integer", "minimum": 2, "maximum": 1},
    "a multiple of nearly nothing": {"type": "number", "multipleOf": 1e-300, "minimum": 0, "maximum": 1},
    "alternatives of alternatives": {"allOf": [{"anyOf": [{"minimum": i}, {"maximum": -i}]} for i in range(1, 40)]},
    "unique out of too few": {"type": "array", "uniqueItems": True, "minItems": 5, "items": {"enum": [1, 2]}},
    "unique and many": {"type": "array", "uniqueItems": True, "minItems": 20_000, "items": {"type": "integer"}},
    "many properties needed": {"type": "object", "minProperties": 100_000},
    "remote": {"$ref": "http://127.0.0.1:9/schema.json"},
    "true": True,
    "deep": partial(json.loads, '{"type":"object","properties":{"a":' * 200 + "{}" + "}}" * 200),
}


@pytest.mark.parametrize("name", _WIDE_SCHEMAS)
def test_schemas_that_ask_for_too_much(client, name):
    schema = _WIDE_SCHEMAS[name]
    schema = schema() if callable(schema) else schema
    for strict in (False, True):
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": strict}}
        tool = {"type": "function", "function": {"name": "x", "parameters": schema, "strict": strict}}
        for wish in ({"response_format": form}, {"tools": [tool], "tool_choice": "required"}):
            holds(post(client, CHAT, encoded({**HELLO, **wish, "stream": strict})))
