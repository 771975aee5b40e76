"""`POST /v1/audio/transcriptions` and `/translations`: a recording in, a text out, in any of OpenAI's forms.

What is heard is the simulator's; speech that was made here is heard as it was written.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints import transcript_shapes as shapes
from proxy.endpoints.audio_files import Recording, recording
from proxy.endpoints.call import Call, check_simulated, json_answer
from proxy.endpoints.form import Form, parse
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS
from proxy.relay import Answer
from proxy.sim import transcript as sim
from proxy.sse import HEADERS as STREAM_HEADERS
from proxy.wording import check_choice

_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt")
_DIARIZED = "diarized_json"
# The formats of models that do not have all of them, by the beginning of their names.
_FEWER = {
    "gpt-4o-transcribe-diarize": ("json", "text", _DIARIZED),
    "gpt-4o": ("json", "text"),
    "whisper": _FORMATS,
}


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields of both endpoints, but for the file."""

    model: Annotated[str, Meta(min_length=1)]
    prompt: str | None = None
    response_format: str | None = None
    temperature: Annotated[float, Meta(ge=0, le=1)] | None = None


class TranscriptionRequest(Request, forbid_unknown_fields=True):
    """Those of transcriptions alone."""

    language: str | None = None
    languages: list[str] | None = None
    timestamp_granularities: list[str] | None = None
    include: list[str] | None = None
    stream: bool | None = None
    chunking_strategy: Any = None
    keywords: list[str] | None = None
    known_speaker_names: Annotated[list[str], Meta(max_length=4)] | None = None
    known_speaker_references: Annotated[list[str], Meta(max_length=4)] | None = None


@dataclass(frozen=True, slots=True)
class _Heard:
    """A recording with its text."""

    text: str
    milliseconds: int


async def transcriptions(call: Call) -> Answer:
    """What is said in a recording. Raises ApiError."""
    form = parse(call, files=("file",))
    ask = form.decoded(TranscriptionRequest, lenient=call.app[SETTINGS].lenient)
    wanted = _checked_format(call, ask)
    _check(ask, wanted)
    heard = _heard(form)
    usage = shapes.usage(heard.text, heard.milliseconds, ask.model, ask.prompt)
    if ask.stream and wanted in ("json", "text", _DIARIZED) and not ask.model.startswith("whisper"):
        events = shapes.events(
            heard.text,
            heard.milliseconds,
            usage,
            with_logprobs="logprobs" in (ask.include or ()),
            speakers=_speakers(ask) if wanted == _DIARIZED else None,
        )
        return Answer(_sent(events), STREAM_HEADERS)
    if wanted == _DIARIZED:
        return json_answer(shapes.diarized(heard.text, heard.milliseconds, _speakers(ask)) | {"usage": usage})
    if wanted == "verbose_json":
        granularities = ask.timestamp_granularities or ["segment"]
        return json_answer(
            shapes.verbose(heard.text, heard.milliseconds, "transcribe", granularities, ask.temperature)
            | {"usage": {"type": "duration", "seconds": -(-heard.milliseconds // 1000)}}
        )
    if wanted != "json":
        return _plain(heard, wanted)
    body: dict[str, Any] = {"text": heard.text}
    if "logprobs" in (ask.include or ()):
        body["logprobs"] = shapes.logprobs(heard.text)
    return json_answer(body | {"usage": usage})


async def translations(call: Call) -> Answer:
    """What is said in a recording, in English: the same. Raises ApiError."""
    form = parse(call, files=("file",))
    ask = form.decoded(Request, lenient=call.app[SETTINGS].lenient)
    check_choice("response_format", ask.response_format, _FORMATS)
    wanted = _checked_format(call, ask)
    heard = _heard(form)
    if wanted == "verbose_json":
        return json_answer(shapes.verbose(heard.text, heard.milliseconds, "translate", ["segment"], ask.temperature))
    return json_answer({"text": heard.text}) if wanted == "json" else _plain(heard, wanted)


def _checked_format(call: Call, ask: Request) -> str:
    check_simulated(call, ask.model)
    check_choice("response_format", ask.response_format, (*_FORMATS, _DIARIZED))
    wanted = ask.response_format or "json"
    supported = next((formats for name, formats in _FEWER.items() if ask.model.startswith(name)), None)
    if supported is not None and wanted not in supported:
        *most, last = [f"'{each}'" for each in supported]
        raise BadRequestError(
            f"response_format '{wanted}' is not compatible with model '{ask.model}'. Use {', '.join(most)} or {last} "
            "instead.",
            param="response_format",
            code="unsupported_value",
        )
    return wanted


def _check(ask: TranscriptionRequest, wanted: str) -> None:
    """The rules that span fields. Raises BadRequestError."""
    for granularity in ask.timestamp_granularities or ():
        check_choice("timestamp_granularities", granularity, ("word", "segment"))
    for each in ask.include or ():
        check_choice("include", each, ("logprobs",))
    if ask.timestamp_granularities and wanted != "verbose_json":
        raise BadRequestError(
            "timestamp_granularities is only supported with response_format 'verbose_json'.",
            param="timestamp_granularities",
            code="invalid_value",
        )
    if ask.include and (wanted != "json" or ask.model.startswith(("whisper", "gpt-4o-transcribe-diarize"))):
        raise BadRequestError(
            "include 'logprobs' is only supported with response_format 'json', and not by every model.",
            param="include",
            code="invalid_value",
        )


def _heard(form: Form) -> _Heard:
    sound: Recording = recording(form)
    return _Heard(sound.text or sim.heard(sound.data, sound.milliseconds), sound.milliseconds)


def _plain(heard: _Heard, wanted: str) -> Answer:
    if wanted == "text":
        return Answer(f"{heard.text}\n".encode(), _TEXT)
    blocks = sim.subtitles(heard.text, heard.milliseconds, web=wanted == "vtt")
    return Answer("".join(blocks).encode(), _TEXT)


def _speakers(ask: TranscriptionRequest) -> list[str]:
    return ask.known_speaker_names or ["A", "B"]


async def _sent(events: Iterable[dict[str, Any]]) -> AsyncGenerator[bytes, None]:
    for event in events:
        yield b"data: " + msgspec.json.encode(event) + b"\n\n"
