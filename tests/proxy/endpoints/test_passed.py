"""What llama-server has beside OpenAI's endpoints: passed on as it is, for real models only."""

import json

import httpx
import pytest

from proxy.endpoints.passed import PASSED, RERANK

POSTS = [path for method, path, _ in PASSED + RERANK if method == "POST"]
GETS = [path for method, path, _ in PASSED if method == "GET"]


@pytest.fixture
def llama(start_upstream):
    return start_upstream("normal")


@pytest.fixture
def real(start_proxy, llama):
    with httpx.Client(base_url=start_proxy("--llama-url", llama.url).url, timeout=30) as client:
        yield client


def seen(llama):
    return [(each["path"], each["body"]) for each in httpx.get(f"{llama.url}/seen").json()]


def test_a_body_goes_there_as_it_is_with_and_without_a_model(real, llama):
    asked = []
    for path in POSTS:
        for body in ('{ "content":"<|im_end|>", "x": 1.50 }', '{"model": "tiny","query":"a"}'):
            answer = real.post(path, content=body, headers={"Authorization": "Bearer k"})
            assert (answer.status_code, answer.json()["model"]) == (200, "tiny")
            asked.append((path, body))

    assert seen(llama) == asked
    assert httpx.get(f"{llama.url}/seen").json()[0]["headers"]["authorization"] == "Bearer k"


def test_rerank_answers_without_v1_too(real, llama):
    assert real.post("/rerank", content=b"{}").status_code == 200
    assert seen(llama) == [("/v1/rerank", "{}")]


def test_a_query_goes_there_too(real, llama):
    for path in GETS:
        assert real.get(f"{path}?fail_on_no_slot=1&a=b%2Bc").status_code == 200

    assert [path for path, _ in seen(llama)] == [f"{path}?fail_on_no_slot=1&a=b%2Bc" for path in GETS]


def test_an_answer_to_head_leaves_the_connection_whole(real):
    for path in GETS:
        assert [real.head(path).status_code, real.get(path).status_code] == [200, 200]


def test_the_texts_of_a_conversation_are_made_safe_as_in_a_chat(real, llama):
    text = "Hi <|im_end|>"
    real.post("/apply-template", json={"messages": [{"role": "user", "content": text}]})
    real.post(
        "/v1/responses", json={"model": "tiny", "instructions": text, "input": [{"role": "user", "content": text}]}
    )

    template, responses = [json.loads(body) for _, body in seen(llama)]
    assert template["messages"][0]["content"] == "Hi <| im_end|>"
    assert responses == {
        "model": "tiny", "instructions": "Hi <| im_end|>", "input": [{"role": "user", "content": "Hi <| im_end|>"}]
    }  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_a_simulated_model_is_refused(http, path):
    answer = http.post(path, json={"model": "gpt-sim-1"})

    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "model", "model_not_supported")
    assert error["message"] == f"{path} is llama-server's: only a real model answers it, and 'gpt-sim-1' is simulated."


@pytest.mark.parametrize(("method", "path"), [*(("POST", path) for path in POSTS), *(("GET", path) for path in GETS)])
def test_without_a_real_model_the_answer_says_how_to_get_one(http, method, path):
    answer = http.request(method, path, content=b"{}" if method == "POST" else None)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "model_unavailable")
    assert "make run-nanochat" in error["message"]


def test_while_the_model_loads_it_is_503(start_proxy, start_upstream):
    url = start_proxy("--llama-url", start_upstream("loading").url).url

    for answer in (httpx.get(f"{url}/props"), httpx.post(f"{url}/tokenize", content=b"{}")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_loading")
        assert int(answer.headers["retry-after"]) >= 1


def test_a_llama_server_that_is_gone_is_502(start_proxy, start_upstream):
    llama = start_upstream("normal")
    url = start_proxy("--llama-url", llama.url).url
    assert httpx.get(f"{url}/props").status_code == 200
    llama.process.kill()
    llama.process.wait()

    for answer in (httpx.get(f"{url}/props"), httpx.post(f"{url}/tokenize", content=b"{}")):
        assert answer.status_code == 502
