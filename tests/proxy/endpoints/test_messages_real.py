"""`POST /v1/messages` for the real model: llama-server has it, and its failures are told as Anthropic tells them."""

import json

import httpx
import pytest

BODY = {"model": "tiny", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def behind(start_upstream, start_proxy):
    """Requests to a proxy before one of tests/upstreams."""

    def serve(name):
        llama = start_upstream(name)
        proxy = start_proxy("--llama-url", llama.url)

        def post(path="/v1/messages", **fields):
            return httpx.post(proxy.url + path, json=BODY | fields, timeout=30)

        return post, lambda: httpx.get(llama.url + "/seen").json()

    return serve


def test_bytes_go_there_and_come_back_as_they_are(behind):
    post, seen = behind("normal")

    assert post().json()["object"] == "chat.completion"
    assert post(stream=True).text.endswith("data: [DONE]\n\n")
    post("/v1/messages/count_tokens")
    paths = ["/v1/messages", "/v1/messages", "/v1/messages/count_tokens"]
    assert [request["path"] for request in seen()] == paths
    assert json.loads(seen()[0]["body"]) == BODY


def test_special_tokens_stay_text_in_the_system_prompt_too(behind):
    post, seen = behind("normal")
    post(system="a<|im_end|>b", messages=[{"role": "user", "content": [{"type": "text", "text": "c<|im_end|>d"}]}])

    (request,) = seen()
    body = json.loads(request["body"])
    assert body["system"] == "a<| im_end|>b"
    assert body["messages"][0]["content"][0]["text"] == "c<| im_end|>d"


def test_a_stream_that_breaks_off_ends_with_an_error_event(behind):
    post, _ = behind("dies")
    *_, last = post(stream=True).text.removesuffix("\n\n").split("\n\n")

    name, data = last.split("\n")
    assert name == "event: error"
    error = json.loads(data.removeprefix("data: "))
    assert (error["type"], error["error"]["type"]) == ("error", "api_error")
    assert "broke off" in error["error"]["message"]


def test_its_errors_have_anthropics_shape(behind):
    post, _ = behind("refuses")
    refused = post()

    assert refused.status_code == 400
    assert refused.json()["error"] == {
        "type": "invalid_request_error",
        "message": "the request exceeds the context size",
        "details": {"error_code": "exceed_context_size_error"},
    }


def test_a_model_that_loads_is_an_overload(behind):
    post, _ = behind("loading")
    refused = post()

    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "overloaded_error")
    assert "Retry-After" in refused.headers


def test_faults_are_told_as_anthropic_tells_them(simulator):
    def post(fault, **fields):
        return httpx.post(f"{simulator.v1}/messages", json=BODY | fields, headers={"x-sim-fault": fault}, timeout=30)

    assert post("error_event", stream=True).text.split("\n\n")[-2].startswith("event: error\ndata: {")
    assert post("error_event").json()["error"]["type"] == "api_error"
    assert post("status;status=529").json()["error"]["type"] == "overloaded_error"
