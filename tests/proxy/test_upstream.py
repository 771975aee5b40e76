"""The pass-through, shown through the real entry point against real servers that behave in one way each."""

import hashlib
import json
import time
from typing import Any

import httpx
import openai
import pytest

from proxy.errors import UnreachableError
from proxy.upstream import connect

HELLO: Any = [{"role": "user", "content": "Hello"}]
ASK: dict[str, Any] = {"model": "tiny", "messages": HELLO}


@pytest.fixture
def through(start_proxy, start_upstream):
    """A proxy before one of the upstreams: (proxy, upstream)."""

    def start(name, *flags):
        upstream = start_upstream(name)
        return start_proxy("--llama-url", upstream.url, *flags), upstream

    return start


def chat(proxy, **fields):
    return httpx.post(f"{proxy.v1}/chat/completions", json=ASK | fields, timeout=20)


def seen(upstream):
    return httpx.get(f"{upstream.url}/seen").json()


def requests_of(upstream):
    return [each for each in seen(upstream) if each != "disconnected"]


def wait_until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"


def error_of(answer):
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return error


def test_the_request_reaches_llama_server_byte_for_byte(through):
    proxy, upstream = through("normal")
    body = b'{ "model":"tiny",  "messages": [{"role":"user","content":"\\u0041"}], "min_p": 0.05, "x":1e2 }'

    httpx.post(f"{proxy.v1}/chat/completions", content=body, headers={"Authorization": "Bearer k"})

    (request,) = seen(upstream)
    assert request["body"].encode() == body
    assert request["headers"]["authorization"] == "Bearer k"


def test_the_answer_comes_back_byte_for_byte(through):
    proxy, upstream = through("normal")

    for stream in (False, True):
        direct = httpx.post(f"{upstream.url}/v1/chat/completions", json=ASK | {"stream": stream})
        passed = chat(proxy, stream=stream)
        assert hashlib.sha256(passed.content).digest() == hashlib.sha256(direct.content).digest()
        assert passed.headers["content-type"] == direct.headers["content-type"]
        assert passed.headers["access-control-allow-origin"] == "*"
        assert "llama.cpp" not in passed.headers["server"]


def test_a_request_the_simulator_would_refuse_is_llama_servers_to_judge(through):
    proxy, upstream = through("normal")

    assert chat(proxy, temperature=5, response_length="epic").status_code == 200
    assert json.loads(seen(upstream)[0]["body"])["temperature"] == 5


def test_a_wrong_type_is_named_by_its_param_before_llama_server_sees_it(through):
    proxy, upstream = through("normal")

    refused = chat(proxy, temperature="hot")
    missing = httpx.post(f"{proxy.v1}/chat/completions", json={"model": ASK["model"]})

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "temperature")
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "messages")
    assert seen(upstream) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"top_k": 40, "cache_prompt": True},
        {"logit_bias": [[15043, -1.0]]},
        {"response_format": {"type": "json_object", "schema": {"type": "object"}}},
        {"metadata": {"a": "b"}, "reasoning_effort": "extreme"},
        {"messages": [*HELLO, {"role": "assistant", "content": "Hm", "reasoning_content": "hm"}]},
    ],
)
def test_fields_that_openai_does_not_have_reach_llama_server(through, fields):
    proxy, upstream = through("normal")

    assert chat(proxy, **fields).status_code == 200
    (asked,) = requests_of(upstream)
    assert fields.items() <= json.loads(asked["body"]).items()


def test_other_names_are_simulated_beside_it(through):
    proxy, upstream = through("normal")

    answer = chat(proxy, model="gpt-4o").json()

    assert answer["model"] == "gpt-4o"
    assert seen(upstream) == []


def test_an_event_arrives_before_the_next_one_is_sent(through):
    proxy, _ = through("endless")

    with httpx.stream("POST", f"{proxy.v1}/chat/completions", json=ASK | {"stream": True}, timeout=10) as answer:
        first = next(answer.iter_lines())

    assert "first" in first


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_stops_the_generation_within_a_second(through, stream):
    proxy, upstream = through("endless")
    client = httpx.Client(timeout=httpx.Timeout(20, read=0.5))

    if stream:
        with client.stream("POST", f"{proxy.v1}/chat/completions", json=ASK | {"stream": True}) as answer:
            next(answer.iter_lines())
    else:
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{proxy.v1}/chat/completions", json=ASK)
    client.close()
    left = time.monotonic()

    wait_until(lambda: "disconnected" in seen(upstream))
    assert time.monotonic() - left < 1
    assert not _said(proxy, "Traceback")


def test_a_connection_that_went_stale_is_not_the_clients_error(through):
    proxy, upstream = through("closes_idle")

    assert [chat(proxy).status_code for _ in range(4)] == [200] * 4
    assert "disconnected" in seen(upstream)  # it did happen


def test_a_request_is_not_repeated_once_a_byte_of_the_answer_was_seen(through):
    proxy, upstream = through("half_head")

    answer = chat(proxy)  # on the connection that the proxy's own look at /health has opened

    assert (answer.status_code, error_of(answer)["code"]) == (502, "upstream_unreachable")
    assert len(requests_of(upstream)) == 1


async def test_a_request_is_not_repeated_when_a_new_connection_breaks(start_upstream):
    upstream = start_upstream("drops_first")

    async with connect(upstream.url, connect_timeout=5, read_timeout=5) as llama:
        with pytest.raises(UnreachableError):
            await llama.post("/v1/chat/completions", b"{}", {})

    assert len(requests_of(upstream)) == 1


async def test_a_request_is_repeated_once_and_no_more(start_upstream):
    upstream = start_upstream("drops_first")

    async with connect(upstream.url, connect_timeout=5, read_timeout=5) as llama:
        await llama.get("/health", 5)  # leaves a connection in the pool
        with pytest.raises(UnreachableError):
            await llama.post("/v1/chat/completions", b"{}", {})

    assert len(requests_of(upstream)) == 2


def test_a_llama_server_that_is_gone_is_502(start_proxy, start_upstream):
    upstream = start_upstream("normal")
    proxy = start_proxy("--llama-url", upstream.url)
    assert chat(proxy).status_code == 200
    upstream.process.kill()
    upstream.process.wait()

    answer = chat(proxy)

    assert (answer.status_code, error_of(answer)["code"]) == (502, "upstream_unreachable")
    assert upstream.url in error_of(answer)["message"]
    assert chat(proxy, model="gpt-4o").status_code == 200


def test_a_llama_server_that_says_nothing_is_504(through):
    proxy, _ = through("silent", "--read-timeout", "0.3")

    answer = chat(proxy)

    assert (answer.status_code, error_of(answer)["code"]) == (504, "upstream_timeout")
    assert "0.3 seconds" in error_of(answer)["message"]


def test_a_stream_that_falls_silent_ends_with_an_error_event(through):
    proxy, _ = through("silent", "--read-timeout", "0.3")

    events = chat(proxy, stream=True).text.split("\n\n")

    assert "first" in events[0]
    assert json.loads(events[1].removeprefix("data: "))["error"]["code"] == "upstream_timeout"
    assert events[2:] == [""]  # and no [DONE]


def test_a_stream_that_breaks_off_ends_with_an_error_event_of_its_own(through):
    proxy, _ = through("dies")

    answer = chat(proxy, stream=True)
    events = answer.text.split("\n\n")

    assert json.loads(events[-2].removeprefix("data: "))["error"]["code"] == "upstream_unreachable"
    assert "[DONE]" not in answer.text
    assert answer.headers.get("connection") != "keep-alive"


def test_the_openai_client_raises_on_an_error_in_a_stream(through, sdk):
    proxy, _ = through("silent", "--read-timeout", "0.3")
    client = sdk(proxy.v1)

    with pytest.raises(openai.APIError, match="silent"):
        list(client.chat.completions.create(model="tiny", messages=HELLO, stream=True))


def test_a_plain_answer_that_breaks_off_is_not_taken_for_whole(through):
    proxy, _ = through("dies")

    with pytest.raises(httpx.RemoteProtocolError):
        chat(proxy)


def test_llama_servers_own_error_gets_openais_four_fields(through):
    proxy, _ = through("refuses")

    answer = chat(proxy)

    assert answer.status_code == 400
    assert error_of(answer) == {
        "message": "the request exceeds the context size",
        "type": "invalid_request_error",
        "param": None,
        "code": "exceed_context_size_error",
    }


def _said(proxy, word):
    lines = []
    while not proxy.lines.empty():
        lines.append(proxy.lines.get())
    return [line for line in lines if word in line]
