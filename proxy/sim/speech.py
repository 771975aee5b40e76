"""Speech of a text: a hum for each syllable, with the pauses of the words and sentences, so that its length is right.

A pure function to samples of 16 bits at 24 kHz, in whole numbers and some at a time, as WAV or bare; mp3.py has the
same hum in its own way. A WAV file keeps the text as its comment, so that a transcription can give it back.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise

VERSION = 1  # goes up whenever any sound changes
RATE = 24_000  # samples a second
VOICES = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse"),
    *("marin", "cedar"),
)
SOFTWARE = b"openai-api-simulator"

_SYLLABLE, _BETWEEN_WORDS, _COMMA, _SENTENCE = 170, 60, 200, 400  # milliseconds
_LOUD, _QUIET = 6000, 3000
_SOUNDS = re.compile(r"[aeiouy]+|[0-9]|[^\x00-\x7f\u00c0-\u02ff]")  # each is a syllable
_PAUSES = {",": _COMMA, ";": _COMMA, ":": _COMMA, ".": _SENTENCE, "!": _SENTENCE, "?": _SENTENCE, "\u3002": _SENTENCE}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word with its times in milliseconds, at the usual speed; after it there is a pause until `next`."""

    word: str
    start: int
    end: int
    next: int
    syllables: int

    @property
    def ends_sentence(self) -> bool:
        """Whether the voice falls."""
        return self.next - self.end == _SENTENCE


def spoken(text: str) -> list[Spoken]:
    """The words in order, from time 0."""
    words, at = [], 0
    for word in text.split():
        syllables = max(1, len(_SOUNDS.findall(word.lower())))
        end = at + syllables * _SYLLABLE
        after = end + _PAUSES.get(word.rstrip("\"')")[-1:], _BETWEEN_WORDS)
        words.append(Spoken(word, at, end, after, syllables))
        at = after
    return words


def milliseconds(text: str, speed: float = 1) -> int:
    """How long the speech is: at least a tenth of a second."""
    words = spoken(text)
    return max(100, _at_speed(words[-1].next if words else 0, speed))


def sound_tokens(milliseconds: int) -> int:
    """20 a second, as of OpenAI's models that speak."""
    return -(-milliseconds // 50)


def pcm(text: str, voice: str, speed: float) -> Iterator[bytes]:
    """The samples, a syllable at a time: signed, little-endian."""
    sent = 0
    for word in spoken(text):
        begin, end, after = (_at_speed(each, speed) * RATE // 1000 for each in (word.start, word.end, word.next))
        periods = pitches(word, voice)
        edges = [begin + (end - begin) * at // len(periods) for at in range(len(periods) + 1)]
        for period, (left, right) in zip(periods, pairwise(edges), strict=True):
            yield _hum(period, right - left)
        yield bytes(2 * (after - end))
        sent = after
    yield bytes(2 * (milliseconds(text, speed) * RATE // 1000 - sent))


def wav(text: str, voice: str, speed: float) -> Iterator[bytes]:
    """The same as a file (RIFF WAVE), its head first."""
    size = 2 * (milliseconds(text, speed) * RATE // 1000)
    about = b"INFO" + _chunk(b"ISFT", SOFTWARE + b"\0") + _chunk(b"ICMT", text.encode("utf-8", "replace") + b"\0")
    shape = _chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, 2 * RATE, 2, 16))
    head = b"WAVE" + shape + _chunk(b"LIST", about) + b"data" + struct.pack("<I", size)
    yield b"RIFF" + struct.pack("<I", len(head) + size) + head
    yield from pcm(text, voice, speed)


def pitches(word: Spoken, voice: str) -> list[int]:
    """The period of each syllable in samples; it is longer, so the voice lower, where a sentence ends."""
    base = 90 + 9 * (VOICES.index(voice) if voice in VOICES else len(VOICES))
    drawn = blake2b(f"{VERSION} {word.word}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    fall = 120 if word.ends_sentence else 100
    return [base * (90 + drawn[at % 16] % 21) * fall // 10_000 for at in range(word.syllables)]


def _at_speed(milliseconds: int, speed: float) -> int:
    return milliseconds * 1000 // round(speed * 1000)


def _hum(period: int, samples: int) -> bytes:
    """Quiet, loud and quiet again, in whole periods, and nothing for what is left."""
    times = samples // period
    edge = times // 8
    quiet, loud = _wave(period, _QUIET), _wave(period, _LOUD)
    return quiet * edge + loud * (times - 2 * edge) + quiet * edge + bytes(2 * (samples - times * period))


@lru_cache(maxsize=512)
def _wave(period: int, height: int) -> bytes:
    """One period of a triangle."""
    steps = [4 * height * at // period for at in range(period)]
    wave = [
        step if step <= height else 2 * height - step if step <= 3 * height else step - 4 * height for step in steps
    ]
    return struct.pack(f"<{period}h", *wave)


def _chunk(kind: bytes, data: bytes) -> bytes:
    """Padded to an even length, as RIFF wants it."""
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
