"""That wrong answers are seen: the checks themselves, against a server that answers what a test says."""

import json
from typing import Any

import httpx
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from tests.conformance.asking import ask
from tests.conformance.cases import Case, Endpoint, Refused, Shape

MESSAGE: dict[str, Any] = {"role": "assistant", "content": "Hi", "refusal": None}
CHOICE: dict[str, Any] = {"index": 0, "message": MESSAGE, "logprobs": None, "finish_reason": "stop"}
RIGHT = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [CHOICE]}
CHUNK = {
    "id": "chatcmpl-1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "logprobs": None, "finish_reason": None}],
}
CHAT = Endpoint(
    "POST",
    "/chat/completions",
    Shape("CreateChatCompletionResponse", ChatCompletion),
    [Case("hello", {"messages": []}, shows=("choices.0.message.content",))],
    events=Shape("CreateChatCompletionStreamResponse", ChatCompletionChunk),
)
TYPED = Endpoint("POST", "/responses", Shape(), [Case("hello", {}, plain=False)], events=Shape(), framing="typed")


def asked(endpoint=CHAT, plain=RIGHT, stream=b"", **answer):
    """The outcome where every plain answer and every stream is as told."""

    def handle(request):
        if b'"stream": true' in request.content or b'"stream":true' in request.content:
            return httpx.Response(200, content=stream, headers={"content-type": "text/event-stream"})
        return httpx.Response(answer.get("status", 200), json=plain)

    with httpx.Client(transport=httpx.MockTransport(handle), base_url="http://test/v1") as client:
        return ask(client, endpoint, "m")


def sse(*events, end=b"data: [DONE]\n\n", name=b""):
    return b"".join(name + b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + end


def test_a_right_answer_and_a_right_stream_pass():
    outcome = asked(stream=sse(CHUNK))
    assert (outcome.problems, outcome.there) == ([], True)
    assert (outcome.plain.right, outcome.stream.right, outcome.sdk.right) == (1, 1, 2)


@pytest.mark.parametrize(
    ("change", "seen_by"),
    [
        ({"id": None}, ["plain", "sdk"]),
        ({"created": "1"}, ["plain", "sdk"]),
        ({"created": 1.5}, ["plain", "sdk"]),
        ({"object": "chat.completion.chunk"}, ["plain", "sdk"]),
        ({"choices": None}, ["plain", "sdk"]),
        ({"timings": {}}, ["sdk"]),
        ({"choices": [CHOICE | {"message": MESSAGE | {"content": None}}]}, ["plain"]),
    ],
    ids=str,
)
def test_a_wrong_field_is_seen(change, seen_by):
    outcome = asked(plain=RIGHT | change, stream=sse(CHUNK))
    assert [name for name in ("plain", "sdk") if getattr(outcome, name).problems] == seen_by
    assert outcome.stream.problems == []


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (sse(CHUNK, end=b""), "does not end with [DONE]"),
        (sse(CHUNK, end=b"data: [DONE]"), "the last event is not ended"),
        (sse(CHUNK, name=b"event: x\n"), "begins with ['event: x']"),
        (sse(CHUNK | {"object": "chat.completion"}), "is not one of"),
        (sse(CHUNK | {"choices": []}), "is in no event"),
        (b"data: {\n\n" + sse(), "not JSON"),
        (b": hello\n\n" + sse(), "has no data"),
    ],
)
def test_a_wrong_stream_is_seen(stream, words):
    assert any(words in problem for problem in asked(stream=stream).stream.problems)


def test_events_of_the_responses_api_are_known_by_their_type_and_counted():
    delta = {
        "type": "response.output_text.delta",
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": "Hi",
        "logprobs": [],
        "sequence_number": 0,
    }
    name = b"event: response.output_text.delta\n"
    assert asked(TYPED, stream=sse(delta, end=b"", name=name)).problems == []
    for change in ({"sequence_number": 1}, {"delta": 1}, {"type": "response.output_texts.delta"}):
        named = b"event: " + str((delta | change)["type"]).encode() + b"\n"
        assert asked(TYPED, stream=sse(delta | change, end=b"", name=named)).problems != []


def test_an_endpoint_that_is_not_there_is_told_from_one_that_is_wrong():
    assert not asked(status=404, stream=b"x").plain.right
    missing = Endpoint("POST", "/x", Shape(), [Case("hello", {})])
    assert not asked(missing, status=404).there
    assert asked(missing, status=500).there


def test_what_should_be_refused_and_is_not_is_seen():
    endpoint = Endpoint("POST", "/x", Shape(), [], refused=[Refused("sound", {}, "audio")])
    error = {"error": {"message": "No sound.", "type": "invalid_request_error", "param": "audio", "code": None}}
    assert asked(endpoint, plain=error, status=400).problems == []
    assert asked(endpoint, plain=error, status=200).problems == ["refuses sound: 200 instead of 400"]
    other = {"error": error["error"] | {"param": "sound"}}
    assert asked(endpoint, plain=other, status=400).problems == ["refuses sound: param is 'sound' instead of 'audio'"]
