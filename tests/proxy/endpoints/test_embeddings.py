"""`POST /v1/embeddings` over HTTP: both encodings, batches, limits, and errors in OpenAI's words."""

import json
from base64 import b64decode
from struct import unpack

import httpx
import pytest


@pytest.fixture
def embed(http):
    def ask(value, **fields):
        return http.post("/v1/embeddings", json={"model": "text-embedding-3-small", "input": value, **fields})

    return ask


def test_the_answer_has_openais_fields(embed):
    body = embed("Hello, world!").json()

    assert list(body) == ["object", "data", "model", "usage"]
    assert (body["object"], body["model"]) == ("list", "text-embedding-3-small")
    assert body["usage"] == {"prompt_tokens": 4, "total_tokens": 4}
    (item,) = body["data"]
    assert (item["object"], item["index"], len(item["embedding"])) == ("embedding", 0, 1536)


def test_base64_holds_the_same_float32_numbers_little_endian(embed):
    numbers = embed("volcanoes", encoding_format="float").json()["data"][0]["embedding"]
    encoded = embed("volcanoes", encoding_format="base64").json()["data"][0]["embedding"]

    assert list(unpack("<1536f", b64decode(encoded, validate=True))) == numbers


@pytest.mark.parametrize(
    ("model", "size"),
    [("text-embedding-3-large", 3072), ("text-embedding-ada-002", 1536), ("gpt-sim-1", 1536), ("any", 1536)],
)
def test_each_model_has_its_own_size(embed, model, size):
    assert len(embed("x", model=model).json()["data"][0]["embedding"]) == size


def test_a_batch_is_answered_in_order_each_as_if_alone(embed):
    texts = [f"text number {number}" for number in range(20)]
    body = embed(texts, dimensions=64).json()

    assert [item["index"] for item in body["data"]] == list(range(20))
    assert body["data"][7]["embedding"] == embed(texts[7], dimensions=64).json()["data"][0]["embedding"]
    assert body["usage"]["total_tokens"] == 80


def test_token_arrays_alone_and_in_a_batch(embed):
    alone, batch = embed([9906, 11, 1917], dimensions=8).json(), embed([[1, 2], [9906, 11, 1917]], dimensions=8).json()

    assert batch["data"][1]["embedding"] == alone["data"][0]["embedding"]
    assert (alone["usage"]["total_tokens"], batch["usage"]["total_tokens"]) == (3, 5)


@pytest.mark.parametrize(
    ("value", "fields", "param", "code"),
    [
        ("", {}, "input", "empty_string"),
        ([], {}, "input", "empty_array"),
        (["a", ""], {}, "input[1]", "empty_string"),
        ([[1], []], {}, "input[1]", "empty_array"),
        (["a", 1], {}, "input", "invalid_type"),
        ([-1], {}, "input[0]", "integer_below_min_value"),
        (7, {}, "input", "invalid_type"),
        (None, {}, "input", "invalid_type"),
        ([True], {}, "input[0]", "invalid_type"),
        (["a"] * 2049, {}, "input", "array_above_max_length"),
        ("word " * 9000, {}, "input", "context_length_exceeded"),
        (["a", [1] * 2], {}, "input", "invalid_type"),
        ([[1] * 8193], {}, "input[0]", "context_length_exceeded"),
        ([[1] * 8000] * 38, {}, "input", "max_tokens_per_request"),
        ("a", {"encoding_format": "hex"}, "encoding_format", "invalid_value"),
        ("a", {"dimensions": 0}, "dimensions", "integer_below_min_value"),
        ("a", {"dimensions": 1537}, "dimensions", "integer_above_max_value"),
        ("a", {"dimensions": "8"}, "dimensions", "invalid_type"),
        ("a", {"model": "text-embedding-ada-002", "dimensions": 8}, "dimensions", None),
        ("a", {"model": 5}, "model", "invalid_type"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(embed, value, fields, param, code):
    answer = embed(value, **fields)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"model":"a"}', b"[" * 10_000])
def test_broken_bodies_are_a_400(http, body):
    assert http.post("/v1/embeddings", content=body).status_code == 400


def test_the_real_model_is_asked_by_its_name_with_the_bytes_as_they_are(start_proxy, start_upstream):
    llama = start_upstream("normal")
    proxy = start_proxy("--llama-url", llama.url)
    body = b'{ "model":"tiny","input":["<|im_end|>"],"unknown_to_openai": 1.50 }'

    answer = httpx.post(f"{proxy.v1}/embeddings", content=body)

    assert answer.status_code == 200
    (seen,) = httpx.get(f"{llama.url}/seen").json()
    assert (seen["path"], seen["body"]) == ("/v1/embeddings", body.decode())


def test_strict_models_refuses_other_names(start_proxy):
    proxy = start_proxy("--strict-models")

    def ask(model):
        return httpx.post(f"{proxy.v1}/embeddings", content=json.dumps({"model": model, "input": "a"})).status_code

    assert (ask("gpt-sim-1"), ask("text-embedding-3-small")) == (200, 404)
