"""`POST /v1/audio/speech` over HTTP: files, events, and errors in OpenAI's words."""

import io
import json
import wave
from base64 import b64decode

import httpx
import pytest


@pytest.fixture
def speak(http):
    def ask(text="Hello there.", **fields):
        return http.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": text, **fields})

    return ask


def test_mp3_unless_told(speak):
    answer = speak()

    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
    assert answer.content == speak(response_format="mp3").content
    assert answer.content.startswith(b"ID3")


def test_a_wav_and_its_bare_samples_agree(speak):
    sound, bare = speak(response_format="wav"), speak(response_format="pcm")

    assert (sound.headers["content-type"], bare.headers["content-type"]) == ("audio/wav", "audio/pcm")
    with wave.open(io.BytesIO(sound.content)) as read:
        assert read.readframes(read.getnframes()) == bare.content


def test_a_faster_speech_is_shorter(speak):
    assert len(speak(response_format="pcm", speed=4).content) < len(speak(response_format="pcm").content) / 3


def test_a_custom_voice_speaks(speak):
    assert speak(voice={"id": "voice_1"}).content != speak().content


@pytest.mark.parametrize(("kind", "beginning"), [("opus", b"OggS"), ("aac", b"\xff\xf1"), ("flac", b"fLaC")])
def test_every_other_format_of_openai_too(speak, kind, beginning):
    answer = speak(response_format=kind)

    assert (answer.status_code, answer.headers["content-type"]) == (200, f"audio/{kind}")
    assert answer.content.startswith(beginning)


@pytest.mark.parametrize("kind", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_joined_events_are_the_file(speak, kind):
    fields = {"model": "gpt-4o-mini-tts", "response_format": kind, "instructions": "Whisper."}
    answer = speak("word " * 100, **fields, stream_format="sse")

    assert answer.headers["content-type"].startswith("text/event-stream")
    *deltas, done = [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\n\n")[:-1]]
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    joined = b"".join([b64decode(event["audio"], validate=True) for event in deltas])
    assert joined == speak("word " * 100, **fields).content
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] > 100
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"text": ""}, "input", "empty_string"),
        ({"text": "a" * 4097}, "input", "string_above_max_length"),
        ({"text": 5}, "input", "invalid_type"),
        ({"voice": "nobody"}, "voice", "invalid_value"),
        ({"voice": {"id": 5}}, "voice.id", "invalid_type"),
        ({"response_format": "ogg"}, "response_format", "invalid_value"),
        ({"speed": 0.2}, "speed", "decimal_below_min_value"),
        ({"speed": 4.1}, "speed", "decimal_above_max_value"),
        ({"stream_format": "wav"}, "stream_format", "invalid_value"),
        ({"stream_format": "sse"}, "stream_format", "unsupported_value"),
        ({"pitch": 1}, "pitch", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(speak, fields, param, code):
    answer = speak(**fields)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_fields_that_must_be_there(http):
    for missing in ("model", "input", "voice"):
        fields = {"model": "tts-1", "input": "a", "voice": "alloy"}
        del fields[missing]
        error = http.post("/v1/audio/speech", json=fields).json()["error"]
        assert (error["param"], error["code"]) == (missing, "missing_required_parameter")


def test_the_real_model_does_not_speak(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("normal").url)
    fields = {"model": "tiny", "input": "a", "voice": "alloy"}

    answer = httpx.post(f"{proxy.v1}/audio/speech", json=fields)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
