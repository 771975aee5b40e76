"""Reads a prompt: what kind of turn it is and which of its words an answer can be about."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[A-Za-z]{4,24}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer is made from."""

    kind: str
    topics: tuple[str, ...]


def read(turns: list[str], background: list[str]) -> Reading:
    """Read the user's turns, the last one first."""
    words = _WORD.findall(turns[-1][:1000]) if turns else []
    return Reading("question", tuple(words[-2:]) or tuple(background[:0]) or ("your message",))
