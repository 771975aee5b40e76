"""The cases of images and audio."""

import io
import struct
import wave
import zlib
from collections.abc import Mapping
from typing import Any

from openai.types import ImageEditStreamEvent, ImageGenStreamEvent, ImagesResponse
from openai.types.audio import (
    Transcription,
    TranscriptionDiarized,
    TranscriptionStreamEvent,
    TranscriptionVerbose,
    Translation,
)

from tests.conformance.cases import Case, Endpoint, Shape


def png(size: int = 64) -> bytes:
    """A black picture with transparency."""
    rows = zlib.compress((b"\0" + b"\0\0\0\0" * size) * size)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def wav(seconds: float = 1.0) -> bytes:
    """Silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(2 * int(8000 * seconds)))
    return file.getvalue()


def multipart(name: str, content: bytes, field: str, **data: Any) -> Any:
    """The form of an upload."""
    return lambda: {"data": data, "files": {field: (name, content)}}


def heard(**data: Any) -> Any:
    return multipart("sound.wav", wav(), "file", **{"model": "whisper-1", **data})


def seen(**data: Any) -> Any:
    return multipart("picture.png", png(), "image", **{"model": "gpt-image-1", "prompt": "A red kite", **data})


def draws(**more: Any) -> Mapping[str, Any]:
    return {"model": "gpt-image-1", "prompt": "A red kite", **more}


def speaks(**more: Any) -> Mapping[str, Any]:
    return {"model": "gpt-4o-mini-tts", "input": "Hello there", "voice": "alloy", **more}


SOUNDS = ("audio/mpeg", "audio/wav", "audio/pcm", "audio/opus", "audio/aac", "audio/flac")
DRAWN = "pictures are shapes and colours drawn from the request, not what it says"
HEARD = "only this simulator's own speech is understood; other recordings get sentences drawn from their bytes"
ENDPOINTS = (
    Endpoint(
        "POST",
        "/images/generations",
        Shape(None, ImagesResponse),
        [
            Case("gpt-image-1", draws(size="1024x1024"), ("data.0.b64_json", "usage.total_tokens"), stream=False),
            Case("partial images", draws(partial_images=2), ("b64_json", "usage.total_tokens"), plain=False),
            Case(
                "two of dall-e-2, in base64",
                draws(model="dall-e-2", n=2, size="256x256", response_format="b64_json"),
                ("data.1.b64_json",),
                stream=False,
            ),
            Case(
                "dall-e-3, by URL",
                draws(model="dall-e-3", size="1024x1024", response_format="url"),
                ("data.0.url",),
                stream=False,
            ),
        ],
        lacks=(DRAWN,),
        events=Shape(None, ImageGenStreamEvent),
        framing="any",
    ),
    Endpoint(
        "POST",
        "/images/edits",
        Shape(None, ImagesResponse),
        [
            Case("a picture", form=seen(), shows=("data.0.b64_json",), stream=False),
            Case("partial images", form=seen(partial_images="1"), shows=("b64_json",), plain=False),
        ],
        lacks=(DRAWN,),
        events=Shape(None, ImageEditStreamEvent),
        framing="any",
    ),
    Endpoint(
        "POST",
        "/images/variations",
        Shape(None, ImagesResponse),
        [
            Case(
                "a picture",
                form=multipart("picture.png", png(), "image", model="dall-e-2", n="1", size="256x256"),
                shows=("data.0",),
            )
        ],
        lacks=(DRAWN,),
    ),
    Endpoint(
        "POST",
        "/audio/speech",
        Shape(content_types=SOUNDS),
        [Case(form, speaks(response_format=form)) for form in ("mp3", "wav", "pcm", "opus", "aac", "flac")],
        lacks=("what is spoken hums",),
    ),
    Endpoint(
        "POST",
        "/audio/transcriptions",
        Shape(None, Transcription),
        [
            Case("whisper-1", form=heard(), shows=("text",), stream=False),
            Case("gpt-4o-transcribe", form=heard(model="gpt-4o-transcribe"), shows=("text",)),
        ],
        lacks=(HEARD,),
        events=Shape(None, TranscriptionStreamEvent),
        framing="any",
    ),
    Endpoint(
        "POST",
        "/audio/transcriptions",
        Shape(None, TranscriptionVerbose),
        form="verbose_json",
        ours=frozenset({"task"}),
        notes=("`task` of a verbose transcription is what OpenAI sends, and is not in the SDK.",),
        cases=[Case("verbose_json", form=heard(response_format="verbose_json"), shows=("segments.0.text",))],
    ),
    Endpoint(
        "POST",
        "/audio/transcriptions",
        Shape(None, TranscriptionDiarized),
        form="diarized_json",
        cases=[
            Case(
                "diarized_json",
                form=heard(model="gpt-4o-transcribe-diarize", response_format="diarized_json"),
                shows=("segments.0.speaker",),
            )
        ],
    ),
    Endpoint(
        "POST",
        "/audio/transcriptions",
        Shape(content_types=("text/plain", "text/vtt", "application/x-subrip")),
        form="text, srt, vtt",
        cases=[Case(form, form=heard(response_format=form)) for form in ("text", "srt", "vtt")],
    ),
    Endpoint(
        "POST",
        "/audio/translations",
        Shape(None, Translation),
        [Case("json", form=heard(), shows=("text",))],
        lacks=(HEARD,),
    ),
)
