"""Answers that are spoken, as the official SDK gets them."""

import base64
import io
import json
import wave
from typing import Any

import httpx
import openai
import pytest

ASK: Any = {"model": "gpt-audio", "messages": [{"role": "user", "content": "Tell me about tides."}]}
HEADS = {"wav": b"RIFF", "mp3": b"ID3", "flac": b"fLaC", "opus": b"OggS", "aac": b"\xff\xf1"}


def spoken(form="pcm16", voice: Any = "alloy"):
    return ASK | {"modalities": ["text", "audio"], "audio": {"voice": voice, "format": form}}


@pytest.fixture
def client(simulator, sdk):
    return sdk(simulator.v1)


@pytest.mark.parametrize("form", HEADS)
def test_the_text_is_spoken_in_each_format(client, form):
    text = client.chat.completions.create(**ASK).choices[0].message.content

    answer = client.chat.completions.create(**spoken(form))

    message = answer.choices[0].message
    assert (message.content, message.audio.transcript) == (None, text)
    assert base64.b64decode(message.audio.data).startswith(HEADS[form])
    assert message.audio.expires_at == answer.created + 3600


def test_its_length_is_its_tokens_and_it_can_be_transcribed(client):
    answer = client.chat.completions.create(**spoken("wav"))

    sound = base64.b64decode(answer.choices[0].message.audio.data)
    with wave.open(io.BytesIO(sound)) as file:
        seconds = file.getnframes() / file.getframerate()
    read = client.chat.completions.create(**ASK)
    assert answer.usage.completion_tokens_details.audio_tokens == pytest.approx(20 * seconds, abs=1)
    assert answer.usage.completion_tokens == (
        read.usage.completion_tokens + answer.usage.completion_tokens_details.audio_tokens
    )
    told = client.audio.transcriptions.create(model="whisper-1", file=("a.wav", sound))
    assert told.text == answer.choices[0].message.audio.transcript


@pytest.mark.parametrize("more", [{}, {"n": 3}, {"max_tokens": 60}, {"stop": ["the"]}, {"stream_options": None}])
def test_the_joined_stream_is_the_plain_answer(client, more):
    options = {"stream_options": {"include_usage": True}} if "stream_options" not in more else {}
    plain = client.chat.completions.create(**spoken() | more)

    chunks = list(client.chat.completions.create(**spoken() | more | options, stream=True))

    for choice in plain.choices:
        ours = [each for chunk in chunks for each in chunk.choices if each.index == choice.index]
        parts = [each.delta.audio for each in ours if each.delta.audio]
        assert "".join([part.transcript or "" for part in parts]) == choice.message.audio.transcript
        joined = "".join([part.data or "" for part in parts])
        assert base64.b64decode(joined) == base64.b64decode(choice.message.audio.data)
        assert [part.id for part in parts if part.id] == [choice.message.audio.id] == [parts[0].id]
        assert [each.finish_reason for each in ours if each.finish_reason] == [choice.finish_reason]
        # As the SDK describes it: the last update tells the time alone, and no reason.
        assert ours[-1].delta.to_dict() == {"audio": {"expires_at": parts[-1].expires_at}}
        assert (ours[-1].finish_reason, ours[-2].finish_reason) == (None, choice.finish_reason)
    if options:
        assert chunks[-1].usage == plain.usage


def test_the_sdks_stream_helper_joins_it_too(client):
    plain = client.chat.completions.create(**spoken()).choices[0].message.audio

    with client.chat.completions.stream(**spoken()) as stream:
        joined = stream.get_final_completion().choices[0].message.audio

    assert (joined.id, joined.transcript, joined.data) == (plain.id, plain.transcript, plain.data)


def test_a_paced_stream_has_it_all(client):
    paced = {"stream_options": {"tokens_per_second": 50_000}, "max_tokens": 100, "stream": True}

    parts = [chunk.choices[0].delta.audio for chunk in client.chat.completions.create(**spoken() | paced)]

    plain = client.chat.completions.create(**spoken(), max_tokens=100).choices[0].message.audio
    assert "".join([part.transcript or "" for part in parts if part]) == plain.transcript
    assert "".join([part.data or "" for part in parts if part]) == plain.data


@pytest.mark.parametrize("most", [1, 5, 10, 30, 100, 500])
@pytest.mark.parametrize("stream", [False, True])
def test_max_tokens_counts_text_and_sound(client, most, stream):
    answer = client.chat.completions.create(
        **spoken(), max_tokens=most, stream=stream, **({"stream_options": {"include_usage": True}} if stream else {})
    )
    usage = list(answer)[-1].usage if stream else answer.usage

    assert usage.completion_tokens <= most
    assert usage.completion_tokens > most - 20 or most < 10, "as much as there is room for"


def test_another_voice_is_another_sound_and_the_same_request_the_same(client):
    one, same, other = [
        client.chat.completions.create(**spoken("wav", voice)).choices[0].message.audio
        for voice in ("alloy", "alloy", {"id": "voice_1"})
    ]

    assert (one.id, one.data) == (same.id, same.data)
    assert one.transcript == other.transcript
    assert one.id != other.id
    assert one.data != other.data


def test_calls_and_refusals_are_not_spoken(client):
    tool: Any = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
    called = client.chat.completions.create(**spoken("wav"), tools=[tool], tool_choice="required")
    refused = client.chat.completions.create(
        **spoken("wav") | {"messages": [{"role": "user", "content": "Speak! [[refuse]]"}]}
    )

    assert called.choices[0].message.tool_calls
    assert refused.choices[0].message.refusal
    for answer in (called, refused):
        assert answer.choices[0].message.audio is None
        assert answer.usage.completion_tokens_details.audio_tokens == 0


def test_an_earlier_sound_may_be_named(client):
    earlier = client.chat.completions.create(**spoken("wav")).choices[0].message.audio
    turns = [*ASK["messages"], {"role": "assistant", "audio": {"id": earlier.id}}, {"role": "user", "content": "More!"}]

    assert client.chat.completions.create(**spoken("wav") | {"messages": turns}).choices[0].message.audio.transcript


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_scenario_says_is_spoken(run, sdk, stream):
    run.post("/_sim/scenario", json={"rules": [{"answer": {"text": "High tide at noon."}}]}).raise_for_status()

    answer = sdk(f"{run.base_url}v1").chat.completions.create(**spoken(), stream=stream)

    if not stream:
        assert answer.choices[0].message.audio.transcript == "High tide at noon."
    else:
        parts = [choice.delta.audio for chunk in answer for choice in chunk.choices if choice.delta.audio]
        assert "".join([part.transcript or "" for part in parts]) == "High tide at noon."


def test_a_stored_answer_keeps_its_sound(run, sdk):
    client = sdk(f"{run.base_url}v1")
    answer = client.chat.completions.create(**spoken("mp3"), store=True)

    assert client.chat.completions.retrieve(answer.id).choices[0].message.audio == answer.choices[0].message.audio


@pytest.mark.parametrize(
    ("fields", "param", "message"),
    [
        ({"audio": None}, "audio", "Missing required parameter: 'audio'."),
        ({"audio": {"format": "wav"}}, "audio.voice", "Missing required parameter: 'audio.voice'."),
        ({"audio": {"voice": "alloy"}}, "audio.format", "Missing required parameter: 'audio.format'."),
        ({"audio": {"voice": "me", "format": "wav"}}, "audio.voice", "Invalid value: 'me'. Supported values"),
        (
            {"audio": {"voice": "ash", "format": "ogg"}},
            "audio.format",
            "Invalid value: 'ogg'. Supported values",
        ),
        ({"audio": {"voice": "ash", "format": "wav", "speed": 2}}, "audio.speed", "Unknown parameter: 'audio.speed'."),
        (
            {"stream": True, "audio": {"voice": "ash", "format": "wav"}},
            "audio.format",
            "Unsupported value: 'audio.format' does not support 'wav' when stream=true. Supported values are: 'pcm16'.",
        ),
        ({"logprobs": True}, "logprobs", "Unsupported parameter: 'logprobs' is not supported with 'modalities'"),
    ],
)
def test_what_cannot_be_spoken_is_refused(client, fields, param, message):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**spoken("wav") | fields)

    assert caught.value.param == param
    assert message in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
def test_what_was_recorded_is_replayed_and_in_the_other_mode_spoken_again(start_proxy, stream):
    proxy = start_proxy("--record-from", start_proxy("--seed", "7").v1)
    with httpx.Client(base_url=proxy.url, timeout=30) as http:
        http.post("/t/a/_sim/recording").raise_for_status()
        said = heard(http.post("/t/a/v1/chat/completions", json=spoken() | {"stream": stream}))
        recording = http.get("/t/a/_sim/recording").content
        http.post("/t/b/_sim/scenario", content=recording, headers={"Content-Type": "application/yaml"})
        for mode in (stream, not stream):
            assert heard(http.post("/t/b/v1/chat/completions", json=spoken() | {"stream": mode})) == said
        assert heard(http.post("/t/c/v1/chat/completions", json=spoken())) != said


def heard(answer):
    """Transcript and samples of a raw answer."""
    assert answer.status_code == 200, answer.text
    if not answer.headers["content-type"].startswith("text/event-stream"):
        audio = answer.json()["choices"][0]["message"]["audio"]
        return audio["transcript"], base64.b64decode(audio["data"])
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    parts = [audio for each in events for choice in each["choices"] if (audio := choice["delta"].get("audio"))]
    joined = "".join([part.get("data", "") for part in parts])
    return "".join([part.get("transcript", "") for part in parts]), base64.b64decode(joined)
