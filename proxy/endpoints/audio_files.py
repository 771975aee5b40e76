"""Recordings that are sent: whether they are of a kind that OpenAI takes, how long they are, and the text inside.

Nobody listens. The length is read from a WAV's or an MP3's header, and is a guess for other kinds; a text is inside
where our own speech endpoint put it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.endpoints.form import File, Form
from proxy.errors import BadRequestError
from proxy.sim.speech import SOFTWARE

_KINDS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_SIGNATURES = (b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"RIFF", b"ID3")
_SHORTEST = 100  # milliseconds
_BYTES_PER_SECOND = 16_000  # of what cannot be measured: 128 kbit/s
# Thousands of bits a second by the header's number (ISO/IEC 11172-3, 13818-3), of layer III.
_MPEG_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)


@dataclass(frozen=True, slots=True)
class Recording:
    """What is known of one; `text` is what was written into it, if anything."""

    data: bytes
    milliseconds: int
    text: str | None


def recording(form: Form) -> Recording:
    """The one that a form brings. Raises BadRequestError."""
    file = form.file("file")
    if not _is_named(file):
        listed = ", ".join(f"'{kind}'" for kind in _KINDS)
        raise BadRequestError(f"Invalid file format. Supported formats: [{listed}]", param="file")
    if not file.data:
        raise _too_short(0)
    if not (file.data.startswith(_SIGNATURES) or file.data[4:8] == b"ftyp" or _mpeg(file.data, 0)):
        raise BadRequestError("Audio file might be corrupted or unsupported", param="file", code="invalid_value")
    length, text = _wav(file.data) if file.data.startswith(b"RIFF") else _other(file.data)
    if length < _SHORTEST:
        raise _too_short(length)
    return Recording(file.data, length, text)


def _is_named(file: File) -> bool:
    """By its ending, or by its content type where it has none."""
    ending = file.name.rpartition(".")[2].lower()
    return ending in _KINDS if "." in file.name else file.content_type.startswith(("audio/", "video/"))


def _too_short(length: int) -> BadRequestError:
    return BadRequestError(
        f"Audio file is too short. Minimum audio length is {_SHORTEST / 1000:g} seconds, but it has {length / 1000:g}.",
        param="file",
        code="audio_too_short",
    )


def _wav(data: bytes) -> tuple[int, str | None]:
    """Its length, and the comment of a file that is ours."""
    found = dict(_chunks(data, 12))
    rate = struct.unpack_from("<I", found.get(b"fmt ", b""), 8)[0] if len(found.get(b"fmt ", b"")) >= 16 else 0
    length = len(found.get(b"data", b"")) * 1000 // (rate or _BYTES_PER_SECOND)
    about = dict(_chunks(found.get(b"LIST", b""), 4))
    ours = about.get(b"ISFT", b"").startswith(SOFTWARE)
    return length, about.get(b"ICMT", b"").rstrip(b"\0").decode("utf-8", "replace") if ours else None


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a RIFF list; a last one may be longer than what is there, as recorders of streams write it."""
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _other(data: bytes) -> tuple[int, str | None]:
    start, text = 0, None
    if data.startswith(b"ID3") and len(data) >= 10:
        start = 10 + _syncsafe(data[6:10])
        mark = b"\x03eng" + SOFTWARE + b"\0"
        at = data.find(mark, 0, start)
        if at >= 10:
            text = data[at + len(mark) : at + _syncsafe(data[at - 6 : at - 2])].decode("utf-8", "replace")
    rate = _mpeg(data, start) or _BYTES_PER_SECOND
    return max(len(data) - start, 0) * 1000 // rate, text


def _mpeg(data: bytes, at: int) -> int:
    """Bytes a second by the header of a frame of layer III; 0 where there is none."""
    if len(data) < at + 4 or data[at] != 0xFF or data[at + 1] & 0xE6 != 0xE2:
        return 0
    rates = _MPEG_1 if data[at + 1] & 0x18 == 0x18 else _MPEG_2
    number = data[at + 2] >> 4
    return rates[number] * 125 if number < len(rates) else 0


def _syncsafe(four: bytes) -> int:
    return sum((byte & 127) << shift for byte, shift in zip(four, (21, 14, 7, 0), strict=True))
