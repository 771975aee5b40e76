"""Recordings that are sent: whether they are of a kind that OpenAI takes, how long they are, and the text inside.

Nobody listens. The length is read from the headers of WAV, MP3, FLAC and Opus, and is a guess for other kinds; a text
is inside where our own speech endpoint put it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from proxy.endpoints.form import File, Form
from proxy.errors import BadRequestError
from proxy.sim.speech import SOFTWARE

_KINDS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_SIGNATURES = (b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"RIFF", b"ID3")
_SHORTEST, _LONGEST = 100, 86_400_000  # milliseconds; a header that tells of more is wrong
_MOST_CHUNKS = 1000  # of a RIFF list that are looked at
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
    length, text = _read(file.data)
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


def _read(data: bytes) -> tuple[int, str | None]:
    """Milliseconds, and the text inside."""
    if data.startswith(b"RIFF"):
        return _wav(data)
    length = _told(data)
    return (length, _comment(data)) if 0 < length <= _LONGEST else _mp3(data)


def _told(data: bytes) -> int:
    """The milliseconds that the header of a FLAC file tells, or the last page of an Ogg Opus one; 0 of other kinds."""
    if data.startswith(b"fLaC") and len(data) >= 26:
        rate_and_samples = int.from_bytes(data[18:26], "big")  # 20 bits, 8 of other things, 36 bits
        rate, samples = rate_and_samples >> 44, rate_and_samples & (1 << 36) - 1
        return samples * 1000 // rate if rate else 0
    if data.startswith(b"OggS") and b"OpusHead" in data[:64]:
        last = data.rfind(b"OggS")
        return int.from_bytes(data[last + 6 : last + 14], "little") // 48
    return 0


def _comment(data: bytes) -> str | None:
    """A Vorbis comment of ours, which is the only one and near the beginning."""
    mark = SOFTWARE + struct.pack("<I", 1)
    at = data.find(mark, 0, 1000) + len(mark)
    if at < len(mark) or len(data) < at + 4:
        return None
    size = struct.unpack_from("<I", data, at)[0]
    return data[at + 4 : at + 4 + size].removeprefix(b"COMMENT=").decode("utf-8", "replace")


def _wav(data: bytes) -> tuple[int, str | None]:
    """Its length, and the comment of a file that is ours."""
    found = dict(islice(_chunks(data, 12), _MOST_CHUNKS))
    rate = struct.unpack_from("<I", found.get(b"fmt ", b""), 8)[0] if len(found.get(b"fmt ", b"")) >= 16 else 0
    length = len(found.get(b"data", b"")) * 1000 // (rate or _BYTES_PER_SECOND)
    about = dict(islice(_chunks(found.get(b"LIST", b""), 4), _MOST_CHUNKS))
    ours = about.get(b"ISFT", b"").startswith(SOFTWARE)
    return length, about.get(b"ICMT", b"").rstrip(b"\0").decode("utf-8", "replace") if ours else None


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a RIFF list; a last one may be longer than what is there, as recorders of streams write it."""
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _mp3(data: bytes) -> tuple[int, str | None]:
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
