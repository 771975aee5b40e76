"""Latency as the official SDK meets it: real waits of simulated models, none of real ones, none on a virtual clock."""

import time
from typing import Any

import httpx
import openai
import pytest

HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]


@pytest.fixture
def client(run, sdk):
    return sdk(f"{run.base_url}v1")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_impatient_client_times_out(run, client, stream):
    run.post("/_sim/latency", json={"ttft": 60_000})

    with pytest.raises(openai.APITimeoutError):
        list(client.chat.completions.create(model="gpt-sim-1", messages=HELLO, stream=stream, timeout=0.4))


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_an_answer_does_not_come_before_its_time(run, client, stream):
    run.post("/_sim/latency", json={"ttft": 150, "per_token": 10})
    began = time.monotonic()
    with client.chat.completions.with_streaming_response.create(
        model="gpt-sim-1", messages=HELLO, max_tokens=11, stream=stream
    ) as answer:
        answer.read()

    assert time.monotonic() - began >= 0.25
    assert answer.headers["x-sim-total-ms"] == "250"


def test_a_real_model_has_its_own_time(run, client):
    run.post("/_sim/latency", json={"ttft": 60_000})

    answer = client.chat.completions.with_raw_response.create(model="tiny", messages=HELLO)

    assert "x-sim-total-ms" not in answer.headers


def test_a_virtual_clock_waits_for_nothing_and_tells_the_whole_timing(run):
    run.post("/_sim/latency", json={"preset": "cpu-13900k-llama-7b", "virtual": True})
    ask = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "x " * 20_000}], "max_tokens": 20}

    answer = run.post("/v1/chat/completions", json=ask)

    assert float(answer.headers["x-sim-ttft-ms"]) > 60_000
    (entry,) = run.get("/_sim/requests").json()["data"]
    assert entry["timing"]["virtual"]
    assert entry["timing"]["total_ms"] == float(answer.headers["x-sim-total-ms"])


def test_who_leaves_frees_the_slot(run, client):
    run.post("/_sim/latency", json={"ttft": 3_600_000, "slots": 1, "queue": 0})
    for number in range(3):
        with pytest.raises(openai.APITimeoutError):
            client.chat.completions.create(model="gpt-sim-1", messages=HELLO, timeout=0.3)
        run.get("/_sim/requests", params={"wait_for": number + 1})  # the server has to notice


@pytest.mark.parametrize("stream", [False, True])
def test_of_who_left_the_journal_tells_no_time_that_never_came(run, client, stream):
    run.post("/_sim/latency", json={"ttft": 3_600_000, "slots": 1})
    with run.stream("POST", "/v1/completions", json={"model": "m", "prompt": "Hi", "stream": True}) as served:
        assert float(served.headers["x-sim-ttft-ms"]) == 3_600_000
        with pytest.raises(openai.APITimeoutError):
            list(client.chat.completions.create(model="gpt-sim-1", messages=HELLO, timeout=0.3, stream=stream))
        queued = run.get("/_sim/requests", params={"wait_for": 1, "path": "/v1/chat/completions"}).json()["data"][0]
    first = run.get("/_sim/requests", params={"wait_for": 2}).json()["data"][0]

    assert (queued["timing"]["ttft_ms"], queued["timing"]["total_ms"]) == (None, None)
    assert 0 < queued["timing"]["queue_ms"] <= queued["ms"]
    assert (first["timing"]["queue_ms"], first["timing"]["ttft_ms"], first["timing"]["total_ms"]) == (0, None, None)


def test_a_queue_that_is_full_is_a_503(run, client):
    run.post("/_sim/latency", json={"ttft": 3_600_000, "slots": 1, "queue": 0})
    ask = {"model": "gpt-sim-1", "messages": HELLO, "stream": True}
    with run.stream("POST", "/v1/chat/completions", json=ask), pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="gpt-sim-1", messages=HELLO)

    assert caught.value.status_code == 503
    assert "The engine is currently overloaded" in str(caught.value)


def test_a_preset_for_all_runs(start_proxy):
    proxy = start_proxy(LATENCY="gpt-4o-mini")

    ask = {"model": "m", "prompt": "Hi", "max_tokens": 2}
    answer = httpx.post(f"{proxy.url}/t/a/v1/completions", json=ask, timeout=60)

    assert float(answer.headers["x-sim-total-ms"]) > 0
