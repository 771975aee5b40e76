"""Speech as FLAC (RFC 9639), without squeezing it: the samples of speech.py as they are, in frames."""

import array
import struct
import sys
from collections.abc import Iterator

from proxy.sim.checksum import checksum
from proxy.sim.speech import RATE, SOFTWARE, milliseconds, pcm

_BLOCK = 4096  # samples of a frame
_BLOCK_CODE, _OTHER_BLOCK_CODE, _RATE_CODE, _DEPTH_CODE = 12, 7, 7, 8


def flac(text: str, voice: str, speed: float) -> Iterator[bytes]:
    """The file: the head, then a frame at a time."""
    samples = milliseconds(text, speed) * RATE // 1000
    about = struct.pack(">HH6x", _BLOCK, _BLOCK) + (RATE << 44 | 15 << 36 | samples).to_bytes(8, "big") + bytes(16)
    yield b"fLaC" + _block(0, about) + _block(0x84, comments(text))
    held, number = b"", 0
    for part in pcm(text, voice, speed):
        held += part
        while len(held) >= 2 * _BLOCK:
            yield _frame(number, held[: 2 * _BLOCK])
            held, number = held[2 * _BLOCK :], number + 1
    if held:
        yield _frame(number, held)


def comments(text: str) -> bytes:
    """The text as a Vorbis comment (https://xiph.org/vorbis/doc/v-comment.html)."""
    comment = b"COMMENT=" + text.encode("utf-8", "replace")
    return struct.pack("<I", len(SOFTWARE)) + SOFTWARE + struct.pack("<II", 1, len(comment)) + comment


def _block(kind: int, data: bytes) -> bytes:
    return bytes([kind]) + len(data).to_bytes(3, "big") + data


def _frame(number: int, samples: bytes) -> bytes:
    """One channel of 16 bits; `samples` are little-endian, as everywhere but here."""
    size = len(samples) // 2
    whole = size == _BLOCK
    head = bytes([0xFF, 0xF8, (_BLOCK_CODE if whole else _OTHER_BLOCK_CODE) << 4 | _RATE_CODE, _DEPTH_CODE])
    head += chr(number).encode()  # FLAC numbers its frames in the form of UTF-8; here there are a few thousand
    head += b"" if whole else struct.pack(">H", size - 1)
    head += bytes([checksum(head, 8, 0x07)])
    turned = array.array("h", samples)
    if sys.byteorder == "little":
        turned.byteswap()
    frame = head + b"\x02" + turned.tobytes()  # as they are
    return frame + struct.pack(">H", checksum(frame, 16, 0x8005))
