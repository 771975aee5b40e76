"""`POST /v1/audio/speech`: a text in, sound out, as a file that arrives as it is made, or as events."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints.call import Call, check_simulated, read
from proxy.errors import BadRequestError
from proxy.relay import Answer
from proxy.schema import Voice
from proxy.sim.flac import flac
from proxy.sim.mp3 import mp3
from proxy.sim.silence import aac, opus
from proxy.sim.speech import VOICES, milliseconds, pcm, sound_tokens, wav
from proxy.sim.tokens import count
from proxy.sse import HEADERS as STREAM_HEADERS
from proxy.wording import check_choice

# How each format is made of a text, a voice and a speed, and its content type.
FORMATS: dict[str, tuple[Callable[[str, str, float], Iterator[bytes]], str]] = {
    "mp3": (mp3, "audio/mpeg"),
    "opus": (opus, "audio/opus"),
    "aac": (aac, "audio/aac"),
    "flac": (flac, "audio/flac"),
    "wav": (wav, "audio/wav"),
    "pcm": (pcm, "audio/pcm"),
}
_PIECE = 32 * 1024  # bytes


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    model: Annotated[str, Meta(min_length=1)]
    input: Annotated[str, Meta(min_length=1, max_length=4096)]
    voice: str | Voice
    instructions: str | None = None
    response_format: str | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4)] | None = None
    stream_format: str | None = None


_decoder = msgspec.json.Decoder(Request)


async def speech(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    ask = read(call, _decoder)
    check_simulated(call, ask.model)
    if isinstance(ask.voice, str):
        check_choice("voice", ask.voice, VOICES)
    check_choice("stream_format", ask.stream_format, ("sse", "audio"))
    check_choice("response_format", ask.response_format, tuple(FORMATS))
    make, content_type = FORMATS[ask.response_format or "mp3"]
    speed = 1.0 if ask.speed is None else ask.speed
    voice = ask.voice if isinstance(ask.voice, str) else ask.voice.id
    pieces = _in_pieces(make(ask.input, voice, speed))
    if ask.stream_format != "sse":
        return Answer(pieces, {"Content-Type": content_type})
    if ask.model.startswith("tts-1"):
        raise BadRequestError(
            f"The model '{ask.model}' does not support 'stream_format' of type 'sse'.",
            param="stream_format",
            code="unsupported_value",
        )
    given = count(ask.input) + count(ask.instructions or "")
    return Answer(_events(pieces, given, milliseconds(ask.input, speed)), STREAM_HEADERS)


async def _in_pieces(made: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """What is made, some at a time: others have their turn in between, and a slow client is waited for."""
    held = bytearray()
    for part in made:
        held += part
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
            await asyncio.sleep(0)
    yield bytes(held)


async def _events(pieces: AsyncGenerator[bytes, None], given: int, length: int) -> AsyncGenerator[bytes, None]:
    async for piece in pieces:
        yield _event({"type": "speech.audio.delta", "audio": b64encode(piece).decode("ascii")})
    made = sound_tokens(length)
    usage = {"input_tokens": given, "output_tokens": made, "total_tokens": given + made}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(body: dict[str, object]) -> bytes:
    return b"data: " + msgspec.json.encode(body) + b"\n\n"
