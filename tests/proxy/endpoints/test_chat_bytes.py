"""Every kind of answer as bytes, whole and streamed: both say the same, in OpenAI's order."""

import json
from dataclasses import replace

import pytest

from proxy.endpoints.chat_bytes import Frame, plain
from proxy.endpoints.chat_events import Events
from proxy.sim.job import Answer, Choice, TokenLogprob, ToolCall
from tests.chunks import chunks, events, joined

TOKENS = (
    TokenLogprob(b"Hi", -0.125, ((b"Hi", -0.125), (b"Yo", -2.5))),
    TokenLogprob(b" \xf0\x9f", -1.0),
    TokenLogprob(b"\x8c\x8b", -0.0),
)
PARIS = ToolCall("call_1", "get_weather", '{"city":"Paris, \\"la ville\\"","days":[1,2]}')
OSLO = ToolCall("call_2", "get_weather", '{"city":"Oslo"}')
NOTE = ToolCall("call_3", "note", "SELECT 1;\nSELECT 'é';", custom=True)

CHOICES = {
    "text": Choice(0, 'Hello, "you".\n\nBye \U0001f30b', "stop", 9),
    "no text": Choice(0, "", "stop", 0),
    "refusal": Choice(0, "", "stop", 5, refusal="I cannot help with that."),
    "one call": Choice(0, "", "tool_calls", 12, tool_calls=(PARIS,)),
    "three calls": Choice(0, "", "tool_calls", 20, tool_calls=(PARIS, OSLO, NOTE)),
    "text and a call": Choice(0, "I shall look.", "tool_calls", 20, tool_calls=(OSLO,)),
    "a call without arguments": Choice(0, "", "tool_calls", 2, tool_calls=(ToolCall("call_4", "now", ""),)),
    "logprobs": Choice(0, "Hi \U0001f30b", "length", 3, logprobs=TOKENS),
    "logprobs of nothing": Choice(0, "", "length", 3, logprobs=(), reasoning_tokens=3),
    "logprobs of a refusal": Choice(0, "", "stop", 3, refusal="Hi \U0001f30b", logprobs=TOKENS),
}


def answer(*choices):
    return Answer("chatcmpl-1", choices, 10, sum(choice.completion_tokens for choice in choices), "fp_1")


def streamed(given, frame=None, **options):
    frame = frame or Frame("m")
    return Events(given, frame, b"7", **({"with_usage": True} | options)).at_once()


@pytest.mark.parametrize("kind", CHOICES)
@pytest.mark.parametrize("obfuscated", [False, True])
def test_the_stream_joined_is_the_plain_answer(kind, obfuscated):
    given = answer(CHOICES[kind])

    whole = json.loads(plain(given, Frame("m"), b"7"))
    together = joined(chunks(streamed(given, obfuscated=obfuscated)))

    if kind in ("no text", "logprobs of nothing"):  # an empty delta cannot tell null from ""
        together["choices"][0]["message"]["content"] = ""
        together["choices"][0]["logprobs"] = whole["choices"][0]["logprobs"]
    assert together == whole


def test_four_choices_of_four_kinds_stream_in_turns():
    kinds = ("text", "refusal", "three calls", "logprobs")
    given = answer(*(replace(CHOICES[kind], index=index) for index, kind in enumerate(kinds)))

    stream = chunks(streamed(given))

    assert joined(stream) == json.loads(plain(given, Frame("m"), b"7"))
    assert [chunk["choices"][0]["index"] for chunk in stream[:8]] == [0, 1, 2, 3] * 2


def test_a_call_begins_with_its_id_and_name_and_goes_on_with_arguments_only():
    stream = chunks(streamed(answer(CHOICES["one call"]), with_usage=False))

    deltas = [chunk["choices"][0]["delta"] for chunk in stream]
    assert deltas[0] == {"role": "assistant", "content": None, "refusal": None}
    begun = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": ""}}
    assert deltas[1] == {"tool_calls": [begun]}
    assert deltas[2]["tool_calls"][0].keys() == {"index", "function"}
    assert deltas[-1] == {}
    assert [chunk["choices"][0]["finish_reason"] for chunk in stream] == [None] * (len(stream) - 1) + ["tool_calls"]


def test_functions_answer_with_a_function_call():
    frame = Frame("m", functions=True)

    whole = json.loads(plain(answer(CHOICES["one call"]), frame, b"7"))
    stream = chunks(streamed(answer(CHOICES["one call"]), frame))

    (choice,) = whole["choices"]
    assert choice["finish_reason"] == "function_call"
    assert choice["message"]["function_call"] == {"name": "get_weather", "arguments": PARIS.arguments}
    assert "tool_calls" not in choice["message"]
    assert stream[1]["choices"][0]["delta"] == {"function_call": {"name": "get_weather", "arguments": ""}}
    assert joined(stream) == whole


def test_a_token_that_is_half_a_character_is_told_by_its_bytes():
    (choice,) = json.loads(plain(answer(CHOICES["logprobs"]), Frame("m"), b"7"))["choices"]

    first, half, _ = choice["logprobs"]["content"]
    assert choice["logprobs"]["refusal"] is None
    assert half == {"token": "bytes: \\xf0\\x9f", "logprob": -1.0, "bytes": [32, 0xF0, 0x9F], "top_logprobs": []}
    assert first["top_logprobs"][1] == {"token": "Yo", "logprob": -2.5, "bytes": [89, 111]}


def test_each_content_chunk_has_the_logprobs_of_its_own_tokens():
    stream = chunks(streamed(answer(CHOICES["logprobs"]), with_usage=False))

    told = [chunk["choices"][0] for chunk in stream]
    assert [choice["logprobs"] and len(choice["logprobs"]["content"]) for choice in told] == [None, 1, 2, None]
    assert told[2]["delta"] == {"content": " \U0001f30b"}


def test_usage_has_its_details_and_comes_last_without_choices():
    one = Choice(0, "a", "stop", 9, reasoning_tokens=5, accepted_prediction_tokens=1, rejected_prediction_tokens=2)
    stream = chunks(streamed(answer(one), Frame("m", sound_tokens=4)))

    assert all(chunk["usage"] is None for chunk in stream[:-1])
    assert stream[-1]["choices"] == []
    assert stream[-1]["usage"] == {
        "prompt_tokens": 10,
        "completion_tokens": 9,
        "total_tokens": 19,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 4},
        "completion_tokens_details": {
            "reasoning_tokens": 5,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 1,
            "rejected_prediction_tokens": 2,
        },
    }


def test_without_include_usage_no_chunk_speaks_of_usage():
    assert not any("usage" in chunk for chunk in chunks(streamed(answer(CHOICES["text"]), with_usage=False)))


def test_obfuscation_evens_out_the_sizes_of_the_deltas():
    text = Choice(0, "a bb ccc dddd eeeee ffffff ggggggg", "stop", 9)

    stream = events(streamed(answer(text), obfuscated=True, with_usage=False))[:-1]

    assert all(json.loads(event)["obfuscation"] for event in stream)
    assert len({len(event) % 32 for event in stream[1:-1]}) == 1
