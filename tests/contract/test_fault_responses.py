"""Every fault in the Responses API, plain and by the streaming helper: what the official SDK gives for it."""

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from proxy.faults.table import FAULTS
from tests import running

WHOLE = "the same"
# By fault: what comes plain, and what by the helper. An error, or the fields that are not those of a whole answer.
NO_END = (RuntimeError, "Didn't receive a `response.completed` event")
LATE = (openai.APITimeoutError, "timed out")
GONE = (openai.APIConnectionError, "Connection error")
NO_JSON = (json.JSONDecodeError, "Unterminated|Expecting")
LIMITED = (openai.RateLimitError, "Rate limit reached")
TOO_LONG = (openai.BadRequestError, "maximum context length")
FILTERED = {"status": "incomplete", "reason": "content_filter", "half": True}
GIVES: dict[str, tuple[str, Any, Any]] = {
    "status": (";status=429", LIMITED, LIMITED),
    "context_length": ("", TOO_LONG, TOO_LONG),
    "slow_start": (";seconds=0.01", WHOLE, WHOLE),
    "slow_events": (";seconds=0.001", WHOLE, WHOLE),
    "stall": (";after_events=0", LATE, LATE),
    "cut": ("", GONE, GONE),
    "reset": ("", GONE, GONE),
    "truncated_json": ("", NO_JSON, NO_JSON),
    "malformed_json": ("", NO_JSON, NO_JSON),
    "split_characters": (";seconds=0.001", WHOLE, WHOLE),
    "crlf": ("", WHOLE, WHOLE),
    "comments": ("", WHOLE, WHOLE),
    "duplicate_events": ("", WHOLE, (RuntimeError, "Duplicate response output index 0")),
    "reorder_events": (";event=3", WHOLE, (IndexError, "out of range")),
    "no_done": ("", WHOLE, NO_END),
    "no_finish_reason": ("", {"status": None}, {"status": None}),
    "no_usage": ("", {"usage": False}, {"usage": False}),
    "early_usage": ("", WHOLE, WHOLE),  # in this API they come with the last event
    "error_event": ("", (openai.InternalServerError, "The server had an error"), NO_END),
    "content_type": ("", WHOLE, WHOLE),
    "gzip": ("", WHOLE, WHOLE),
    "empty_choices": ("", {"text": ""}, {"text": ""}),
    "content_filter": ("", FILTERED, NO_END),
}


@pytest.fixture(scope="module")
def client():
    with running.proxy() as proxy, OpenAI(base_url=proxy.v1, api_key="any", max_retries=0, timeout=20) as client:
        yield client


def answered(client, fault, *, stream):
    ask: Any = {"model": "gpt-sim-1", "input": "Grüße aus München!", "extra_headers": {"x-sim-fault": fault}}
    if not stream:
        return client.responses.create(**ask)
    with client.responses.stream(**ask) as events:
        return events.get_final_response()


def told(response):
    details = response.incomplete_details
    return {
        "text": response.output_text,
        "status": response.status,
        "reason": details and details.reason,
        "usage": response.usage is not None,
    }


def test_every_fault_is_in_the_table():
    assert GIVES.keys() == FAULTS.keys()


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("name", GIVES)
def test_what_the_sdk_gives(client, name, stream):
    settings, plain, streamed = GIVES[name]
    expected = streamed if stream else plain
    if name == "stall":
        client = client.with_options(timeout=0.5)

    if isinstance(expected, tuple):
        with pytest.raises(expected[0], match=expected[1]):
            answered(client, name + settings, stream=stream)
        return
    whole = told(answered(client, "", stream=stream))
    seen = told(answered(client, name + settings, stream=stream))
    changes = {} if expected == WHOLE else dict(expected)
    if changes.pop("half", False):
        changes["text"] = whole["text"][: len(whole["text"]) // 2]
    assert seen == whole | changes


def test_a_filtered_stream_ends_as_incomplete(client):
    ask: Any = {"model": "gpt-sim-1", "input": "Hi", "extra_headers": {"x-sim-fault": "content_filter"}}
    last = list(client.responses.create(**ask, stream=True))[-1]

    assert (last.type, last.response.status) == ("response.incomplete", "incomplete")
    assert last.response.incomplete_details.reason == "content_filter"
