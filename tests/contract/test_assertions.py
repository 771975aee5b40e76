"""Assertions on what clients of both kinds of model asked and were answered, plain and streamed."""

import threading
from typing import Any

import pytest

CHAT = "/v1/chat/completions"
HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]
MODELS = ["gpt-sim-1", "tiny"]
CALLS = {"tool_calls": [{"name": "get_weather", "arguments": {"city": "Rome"}}]}


def ask(run, model="gpt-sim-1", messages=HELLO, **more):
    return run.post(CHAT, json={"model": model, "messages": messages, "max_tokens": 50, **more})


TWICE_AND_NOT_AFTER_THE_STOP = [
    {"requests": {"tool_called": "get_weather"}, "exactly": 2},
    {"requests": {"tool_called": "get_weather"}, "none": True, "after": {"user": "stop"}},
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_two_calls_of_a_tool_and_none_after_the_stop(run, model, stream):
    run.post(
        "/_sim/scenario",
        json={"rules": [{"when": {"user": "stop"}, "answer": {"text": "Stopped."}}, {"answer": CALLS}]},
    )
    for text in ("weather", "and now?", "stop"):
        ask(run, model, [{"role": "user", "content": text}], stream=stream)
    told = run.post("/_sim/assertions", json=TWICE_AND_NOT_AFTER_THE_STOP).json()
    assert told["passed"], told
    ask(run, model, [{"role": "user", "content": "weather again"}], stream=stream)
    told = run.post("/_sim/assertions", json=TWICE_AND_NOT_AFTER_THE_STOP).json()

    assert [result["message"] for result in told["results"]] == [
        "expected exactly 2 requests with tool_called get_weather, found 3: 1, 2, 4",
        "expected no requests with tool_called get_weather after request 3, found 1: 4",
    ]


def test_assertions_wait_for_what_is_still_to_come(run):
    later = threading.Timer(0.3, ask, [run])
    later.start()
    wish = {"assertions": [{"requests": {"status": 200}, "exactly": 1}], "wait_s": 20}
    told = run.post("/_sim/assertions", json=wish).json()
    later.join()

    assert told["passed"]
    never = {"assertions": [{"requests": {"status": 500}}], "wait_s": 0.1}
    assert not run.post("/_sim/assertions", json=never).json()["passed"]


@pytest.mark.parametrize(
    ("body", "code"), [(b"{", None), (b"[]", "invalid_assertion"), (b'[{"exact": 1}]', "invalid_assertion")]
)
def test_what_is_no_assertion_is_a_400(run, body, code):
    answer = run.post("/_sim/assertions", content=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_regex_that_goes_on_for_ever_is_given_up_and_said(run):
    run.post(CHAT, json={"model": "gpt-sim-1", "messages": [{"role": "user", "content": "a" * 60 + "!"}]})

    refused = run.post("/_sim/assertions", json=[{"requests": {"user": {"regex": "(a+)+$"}}}])

    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "assertion_too_slow"
    assert run.post("/_sim/assertions", json=[{"requests": {"user": {"regex": "a+!"}}}]).json()["passed"]
