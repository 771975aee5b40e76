"""What is heard in a recording: nothing is listened to, but sentences are drawn that take about as long.

A pure function from a recording's bytes and length to a text, and from a text to the times of its words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from proxy.sim.speech import milliseconds, spoken

VERSION = 1  # goes up whenever any text changes
_LONGEST = 3_600_000  # milliseconds that are heard
_SENTENCES = (
    "The train to the coast leaves early on Sunday.",
    "Please send me the notes before the meeting begins.",
    "She put the letters on the table and closed the door.",
    "We have to check the numbers once more.",
    "A light rain fell on the garden all afternoon.",
    "He asked for a cup of tea and a quiet corner.",
    "The second part of the plan is easier than the first.",
    "Nobody knows how the story ends.",
    "They walked along the river until it was dark.",
    "The new office is on the third floor, next to the stairs.",
    "I will call you back in ten minutes.",
    "Most of the work was done by the end of May.",
    "The children found an old map under the stairs.",
    "Let us start with the question from last week.",
    "A good answer is often a short one.",
    "The market opens at seven and closes at noon.",
    "It took two days to paint the whole house.",
    "Thank you for listening, and good night.",
)


@dataclass(frozen=True, slots=True)
class Timed:
    """A word or a sentence with its times in milliseconds."""

    text: str
    start: int
    end: int


def heard(recording: bytes, length: int) -> str:
    """Sentences for a recording of so many milliseconds: at least one."""
    seen = blake2b(b"%d " % VERSION + recording).digest()
    order = sorted(range(len(_SENTENCES)), key=lambda number: blake2b(seen + b"%d" % number).digest())
    said: list[str] = []
    taken = 0
    while not said or taken < min(length, _LONGEST):
        sentence = _SENTENCES[order[len(said) % len(order)]]
        taken += milliseconds(sentence)
        if said and taken > min(length, _LONGEST):
            break
        said.append(sentence)
    return " ".join(said)


def words(text: str, length: int) -> list[Timed]:
    """The words of a text that fills so many milliseconds."""
    whole = milliseconds(text)
    return [Timed(each.word, each.start * length // whole, each.end * length // whole) for each in spoken(text)]


def sentences(text: str, length: int) -> list[Timed]:
    """Its sentences; each ends where the next one begins."""
    whole, found, held = milliseconds(text), [], Timed("", 0, 0)
    for each in spoken(text):
        held = Timed(f"{held.text} {each.word}".strip(), held.start, each.next * length // whole)
        if each.ends_sentence:
            found.append(held)
            held = Timed("", held.end, held.end)
    return found + ([held] if held.text else [])


def subtitles(text: str, length: int, *, web: bool) -> Iterator[str]:
    """The blocks of an SRT file, or of a WebVTT one (https://www.w3.org/TR/webvtt1/)."""
    if web:
        yield "WEBVTT\n\n"
    for number, each in enumerate(sentences(text, length), 1):
        times = f"{_clock(each.start)} --> {_clock(each.end)}"
        yield f"{times}\n{each.text}\n\n" if web else f"{number}\n{times.replace('.', ',')}\n{each.text}\n\n"


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"
