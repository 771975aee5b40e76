"""Speech in formats that need a real encoder for a sound: its length, without its sound, as Ogg Opus and as AAC.

An Ogg Opus file (RFC 7845, RFC 3533) keeps the text as a comment. AAC is a bare stream of frames (ISO/IEC 13818-7).
"""

import struct
from collections.abc import Iterator

from proxy.sim.checksum import checksum
from proxy.sim.flac import comments
from proxy.sim.speech import RATE, milliseconds

_OPUS_RATE, _OPUS_PACKET = 48_000, 960  # samples: 20 ms
_PRE_SKIP = 312  # samples that a decoder leaves out, as libopus has it
_PACKETS = 50  # of a page: a second
_SERIAL = 1
_SILENT_OPUS = b"\xf8\xff\xfe"
# A header for 24 kHz, mono and 11 bytes; then a single channel in which no band has anything, and the end.
_SILENT_AAC = b"\xff\xf1\x58\x40\x01\x7f\xfc\x00\x00\x00\x07"
_AAC_SAMPLES = 1024


def aac(text: str, _voice: str, speed: float) -> Iterator[bytes]:
    """As many silent frames as the speech is long."""
    frames = -(-milliseconds(text, speed) * RATE // 1000 // _AAC_SAMPLES)
    return iter([_SILENT_AAC * frames])


def opus(text: str, _voice: str, speed: float) -> Iterator[bytes]:
    """The pages: head, comment, and a second of silent packets each."""
    yield _page(0, 2, 0, [b"OpusHead" + struct.pack("<BBHIhB", 1, 1, _PRE_SKIP, RATE, 0, 0)])
    yield _page(1, 0, 0, [b"OpusTags" + comments(text)])
    end = _PRE_SKIP + milliseconds(text, speed) * _OPUS_RATE // 1000
    packets = -(-end // _OPUS_PACKET)
    for page, start in enumerate(range(0, packets, _PACKETS), 2):
        some = min(_PACKETS, packets - start)
        last = start + some == packets
        position = end if last else (start + some) * _OPUS_PACKET
        yield _page(page, 4 if last else 0, position, [_SILENT_OPUS] * some)


def _page(number: int, flags: int, position: int, packets: list[bytes]) -> bytes:
    lacing = b"".join([b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets])
    head = struct.pack("<4sBBqII", b"OggS", 0, flags, position, _SERIAL, number)
    rest = bytes([len(lacing)]) + lacing + b"".join(packets)
    return head + struct.pack("<I", checksum(head + bytes(4) + rest, 32, 0x04C11DB7)) + rest
