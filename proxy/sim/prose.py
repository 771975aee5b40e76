"""Composes the text of an answer from a reading of the prompt and a digest."""

from typing import Literal

from proxy.sim.topics import Reading

Length = Literal["short", "medium", "long"]
_SENTENCES = (
    "It helps to begin with what is already known about {t}.",
    "A small example often says more about {t} than a long definition.",
    "Most of the difficulty with {t} comes from the details.",
    "It is worth checking a second source before relying on any claim about {t}.",
)


def compose(reading: Reading, length: Length, digest: bytes) -> str:
    """The text: one sentence, a paragraph, or three paragraphs."""
    left = int.from_bytes(digest, "little")
    start = left % 4
    lines = [_SENTENCES[(start + i) % 4].replace("{t}", reading.topics[0]) for i in range(4)]
    return {"short": lines[0], "medium": " ".join(lines), "long": "\n\n".join([" ".join(lines[:2])] * 3)}[
        length
    ]
