"""Speech as MPEG-2 audio, layer III (ISO/IEC 13818-3), mono, 24 kHz, 32 kbit/s: one tone a frame, or silence.

A frame holds a single spectral line, whose code needs no encoder. An ID3v2.4 tag before the frames keeps the text as
a comment.
"""

from collections.abc import Iterator
from functools import lru_cache

from proxy.sim.speech import RATE, SOFTWARE, Spoken, milliseconds, pitches, spoken

FRAME = 96  # bytes
SAMPLES = 576  # of a frame: 24 ms
BYTES_PER_SECOND = FRAME * RATE // SAMPLES
_HEADER = bytes([0xFF, 0xF3, 0x44, 0xC4])
_LINES = 576  # from 0 to 12 kHz
_GAIN = 194  # 210 is full loudness, each 4 less a half


def mp3(text: str, voice: str, speed: float) -> Iterator[bytes]:
    """The file: the tag, then the frames."""
    yield tag(text)
    yield from map(_frame, _lines(text, voice, speed))


def tag(text: str) -> bytes:
    """The text as a comment (https://id3.org/id3v2.4.0-frames)."""
    comment = b"\x03eng" + SOFTWARE + b"\0" + text.encode("utf-8", "replace")
    frame = b"COMM" + _syncsafe(len(comment)) + b"\0\0" + comment
    return b"ID3\x04\0\0" + _syncsafe(len(frame)) + frame


def _syncsafe(number: int) -> bytes:
    return bytes([number >> shift & 127 for shift in (21, 14, 7, 0)])


def _lines(text: str, voice: str, speed: float) -> Iterator[int]:
    """The line of each frame by what is spoken in its middle; 0 is silence."""
    frames = -(-milliseconds(text, speed) * RATE // 1000 // SAMPLES)
    words = iter(spoken(text))
    word: Spoken | None = next(words, None)
    periods = pitches(word, voice) if word else []
    for number in range(frames):
        now = (2 * number + 1) * SAMPLES * 500 * round(speed * 1000) // (RATE * 1000)
        while word and now >= word.next:
            word = next(words, None)
            periods = pitches(word, voice) if word else []
        if word is None or now >= word.end:
            yield 0
        else:
            syllable = (now - word.start) * len(periods) // (word.end - word.start)
            yield max(2, 2 * _LINES // periods[syllable])


@lru_cache(maxsize=512)
def _frame(line: int) -> bytes:
    """A frame with one line, given as its even number; its code is that of Huffman table 1, by pairs of lines."""
    pairs = line // 2
    code = "1" * pairs + "010" if line else ""  # nothing, nothing, ... and then 1 with its sign, and 0
    side = "".join(
        [
            f"{0:09b}",  # its data begins here; a private bit
            f"{len(code):012b}{pairs + 1 if line else 0:09b}{_GAIN:08b}",
            f"{0:09b}{0:01b}",  # no scale factors, a long window
            f"{1:05b}" * 3 + f"{15:04b}{7:03b}",  # table 1 in all regions
            "00",
        ]
    )
    bits = (side + code).ljust(8 * (FRAME - len(_HEADER)), "0")
    return _HEADER + int(bits, 2).to_bytes(FRAME - len(_HEADER), "big")
