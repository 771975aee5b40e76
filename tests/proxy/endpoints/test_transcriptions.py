"""`POST /v1/audio/transcriptions` and `/translations` over HTTP: every form of answer, and OpenAI's errors."""

import json
import struct

import httpx
import pytest

TEXT = "Hello there, how are you? I am fine, thank you."
UNKNOWN = b"OggS" + bytes(range(256)) * 500  # 8 seconds at a guess


@pytest.fixture(params=["mp3", "wav", "flac", "opus"])
def speech(http, request):
    fields = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": request.param}
    return f"speech.{request.param.replace('opus', 'ogg')}", http.post("/v1/audio/speech", json=fields).content


@pytest.fixture
def hear(http):
    def ask(file=("a.ogg", UNKNOWN), model="whisper-1", path="transcriptions", **fields):
        files = [] if file is None else [("file", file)]
        values = [
            (name, each) for name, value in fields.items() for each in ([value] if isinstance(value, str) else value)
        ]
        return http.post(
            f"/v1/audio/{path}", files=[*files, *((name, (None, value)) for name, value in [("model", model), *values])]
        )

    return ask


def events_of(answer):
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(event.removeprefix("data: ")) for event in answer.text.split("\n\n")[:-1]]


def test_our_own_speech_is_heard_as_it_was_written(hear, speech):
    body = hear(speech).json()

    assert list(body) == ["text", "usage"]
    assert body["text"] == TEXT
    assert hear(speech, path="translations").json() == {"text": TEXT}


def test_the_length_is_read_from_the_file(hear, speech):
    assert 3 < hear(speech, response_format="verbose_json").json()["duration"] < 5
    assert hear(speech).json()["usage"] == {"type": "duration", "seconds": 4}


def test_any_other_recording_has_sentences_of_its_own(hear):
    text = hear().json()["text"]

    assert text == hear().json()["text"] != hear(("a.ogg", UNKNOWN + b"!")).json()["text"]
    assert text.count(".") >= 2


def test_a_comment_of_another_program_is_not_the_text(hear, speech):
    name, sound = speech
    assert hear((name, sound.replace(b"openai-api-simulator", b"some-other-recorder!"))).json()["text"] != TEXT


def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(hear, speech):
    name, sound = speech
    for size in range(1, len(sound), len(sound) // 50):
        assert hear((name, sound[:size])).status_code in (200, 400)


def test_text_and_subtitles_are_plain_text(hear, speech):
    text, srt, vtt = (hear(speech, response_format=kind) for kind in ("text", "srt", "vtt"))

    assert {answer.headers["content-type"] for answer in (text, srt, vtt)} == {"text/plain; charset=utf-8"}
    assert text.text == TEXT + "\n"
    assert srt.text.startswith("1\n00:00:00,000 --> 00:00:02,1")
    assert vtt.text.startswith("WEBVTT\n\n00:00:00.000 --> ")
    assert hear(speech, path="translations", response_format="srt").text == srt.text


def test_verbose_json_has_segments_words_or_both(hear, speech):
    def ask(**fields):
        return hear(speech, response_format="verbose_json", **fields).json()

    body = ask(temperature="0.5")
    assert list(body) == ["task", "language", "duration", "text", "segments", "usage"]
    assert (body["task"], body["language"], body["text"]) == ("transcribe", "english", TEXT)
    assert "".join([segment["text"] for segment in body["segments"]]) == " " + TEXT
    assert {segment["temperature"] for segment in body["segments"]} == {0.5}
    assert 0 < body["segments"][-1]["end"] <= body["duration"]
    words = ask(**{"timestamp_granularities[]": "word"})
    assert "segments" not in words
    assert " ".join([word["word"] for word in words["words"]]) == TEXT
    assert {"segments", "words"} <= set(ask(**{"timestamp_granularities[]": ["word", "segment"]}))
    translated = hear(speech, path="translations", response_format="verbose_json").json()
    assert (translated["task"], translated["segments"]) == ("translate", ask()["segments"])


def test_speakers_take_turns(hear, speech):
    model = "gpt-4o-transcribe-diarize"
    body = hear(speech, model, response_format="diarized_json").json()
    named = hear(speech, model, response_format="diarized_json", **{"known_speaker_names[]": ["Ann", "Bob"]}).json()

    assert " ".join([segment["text"] for segment in body["segments"]]) == body["text"] == TEXT
    assert [segment["speaker"] for segment in body["segments"]] == ["A", "B"]
    assert [segment["speaker"] for segment in named["segments"]] == ["Ann", "Bob"]
    *events, done = events_of(hear(speech, model, response_format="diarized_json", stream="true"))
    assert [event for event in events if event["type"] == "transcript.text.segment"] == body["segments"]
    assert "".join([event["delta"] for event in events if event["type"] == "transcript.text.delta"]) == TEXT
    assert done["text"] == TEXT


@pytest.mark.parametrize("fields", [{}, {"include[]": "logprobs"}])
def test_a_joined_stream_is_the_plain_answer(hear, fields):
    plain = hear(model="gpt-4o-transcribe", prompt="Trains", **fields).json()
    *deltas, done = events_of(hear(model="gpt-4o-transcribe", prompt="Trains", stream="true", **fields))

    assert {event["type"] for event in deltas} == {"transcript.text.delta"}
    assert "".join([event["delta"] for event in deltas]) == plain["text"]
    assert done == {"type": "transcript.text.done", **plain}
    told = [each for event in deltas for each in event.get("logprobs", [])]
    assert told == plain.get("logprobs", [])
    assert plain["usage"]["input_token_details"] == {"text_tokens": 2, "audio_tokens": 80}


def test_logprobs_are_of_the_text(hear):
    body = hear(model="gpt-4o-transcribe", **{"include[]": "logprobs"}).json()

    assert bytes(byte for each in body["logprobs"] for byte in each["bytes"]).decode() == body["text"]
    assert len(body["logprobs"]) == body["usage"]["output_tokens"]


def test_whisper_does_not_stream(hear):
    assert hear(stream="true").json() == hear().json()


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"file": None}, "file", "missing_required_parameter"),
        ({"file": (None, "text")}, "file", "invalid_type"),
        ({"file": ("a.txt", UNKNOWN)}, "file", None),
        ({"file": ("upload", UNKNOWN)}, "file", None),
        ({"file": ("a.mp3", b"")}, "file", "audio_too_short"),
        ({"file": ("a.mp3", b"not a sound")}, "file", "invalid_value"),
        ({"file": ("a.ogg", UNKNOWN[:1000])}, "file", "audio_too_short"),
        ({"file": ("a.wav", b"RIFF")}, "file", "audio_too_short"),
        ({"file": ("a.wav", b"RIFF\xff\xff\xff\xffWAVEfmt " + bytes(30))}, "file", "audio_too_short"),
        ({"file": ("a.mp3", b"ID3\x04\0\0\x7f\x7f\x7f\x7f")}, "file", "audio_too_short"),
        ({"temperature": "2"}, "temperature", "decimal_above_max_value"),
        ({"temperature": "warm"}, "temperature", "invalid_type"),
        ({"response_format": "xml"}, "response_format", "invalid_value"),
        ({"response_format": "diarized_json"}, "response_format", "unsupported_value"),
        ({"response_format": "srt", "model": "gpt-4o-transcribe"}, "response_format", "unsupported_value"),
        ({"timestamp_granularities[]": "word"}, "timestamp_granularities", "invalid_value"),
        (
            {"timestamp_granularities[]": "day", "response_format": "verbose_json"},
            "timestamp_granularities",
            "invalid_value",
        ),
        ({"include[]": "logprobs"}, "include", "invalid_value"),
        ({"include[]": "noise"}, "include", "invalid_value"),
        ({"pitch": "1"}, "pitch", "unknown_parameter"),
        ({"path": "translations", "language": "en"}, "language", "unknown_parameter"),
        ({"path": "translations", "response_format": "diarized_json"}, "response_format", "invalid_value"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(hear, fields, param, code):
    answer = hear(**fields)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_a_file_without_an_ending_is_known_by_its_content_type(hear):
    assert hear(("recording", UNKNOWN, "audio/ogg")).status_code == 200


def test_a_recorder_of_streams_may_not_have_known_the_size(hear):
    head = b"RIFF\xff\xff\xff\xffWAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16)
    body = hear(("a.wav", head + b"data\xff\xff\xff\xff" + bytes(32_000)), response_format="verbose_json").json()

    assert body["duration"] == 2


def test_the_real_model_does_not_listen(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("normal").url)

    answer = httpx.post(
        f"{proxy.v1}/audio/transcriptions", files=[("file", ("a.ogg", UNKNOWN)), ("model", (None, "tiny"))]
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "model")
