"""Composes the text of an answer from a reading of the prompt and 64 bytes that decide every choice.

Knows the plan of an answer, by roles; sentences.py has the words.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import product

from proxy.sim.job import Length
from proxy.sim.sentences import BODY, OPENINGS, SOCIAL
from proxy.sim.topics import Reading

Plan = tuple[tuple[str, ...], ...]  # paragraphs of roles; "open" stands for the kind of the turn

_PLANS: dict[Length, tuple[Plan, ...]] = {
    "short": ((("open",),), (("open", "detail"),), (("open", "closing"),)),
    "medium": (
        (("open", "context", "detail", "example", "closing"),),
        (("open", "detail", "link", "caution", "closing"),),
        (("open", "context", "link", "detail", "caution"),),
        (("open", "example", "detail", "link", "closing"),),
    ),
    "long": (
        (
            ("open", "context", "detail"),
            ("context", "detail", "link", "detail"),
            ("example", "detail", "caution"),
            ("caution", "link", "closing"),
        ),
        (
            ("open", "detail", "link"),
            ("example", "context", "detail"),
            ("context", "detail", "caution", "example"),
            ("detail", "closing"),
        ),
    ),
}
_PLANS_WITHOUT_TOPIC: dict[Length, Plan] = {
    "short": (("open",),),
    "medium": (("open", "offer"),),
    "long": (("open", "offer"), ("talk", "talk", "talk"), ("talk", "offer")),
}
_COURTESIES = {"hello": ("Hello! ", "Hi! ", "Hi there! "), "thanks": ("You're welcome! ", "Glad to help! ")}
# A topic that was named twice is then mostly referred to.
_NAMES = ("", "", "this subject", "", "the topic", "this", "")
_CHOICE = re.compile(r"\[([^\]]*)\]")


def compose(reading: Reading, length: Length, digest: bytes) -> Iterator[str]:
    """The text, a sentence with the space before it at a time, so that who needs only its beginning can stop.

    One or two sentences, a paragraph, or four paragraphs; for a turn without a topic, less.
    """
    writer = _Writer(reading, digest)
    before = ""
    if reading.topics and reading.courtesy:
        courtesies = _COURTESIES[reading.courtesy]
        before = courtesies[writer.below(len(courtesies))]
    plans = _PLANS[length] if reading.topics else (_PLANS_WITHOUT_TOPIC[length],)
    for paragraph in plans[writer.below(len(plans))]:
        for role in paragraph:
            yield before + writer.sentence(role)
            before = " "
        before = "\n\n"


@cache
def _variants() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Every sentence with its choices made in every way, by role: 0.3 MB, built at the first answer."""
    roles = OPENINGS | SOCIAL | BODY
    return {role: tuple([_expand(text) for text in texts.split("\n\n")]) for role, texts in roles.items()}


def _expand(text: str) -> tuple[str, ...]:
    # Splitting leaves plain text and the insides of brackets in turn.
    parts = [part.split("|") if at % 2 else [part] for at, part in enumerate(_CHOICE.split(" ".join(text.split())))]
    return tuple(["".join(choice) for choice in product(*parts)])


class _Writer:
    """Writes sentence after sentence, none of them twice before its role has run out."""

    __slots__ = ("_kind", "_left", "_named", "_other", "_topic", "_unused")

    def __init__(self, reading: Reading, digest: bytes) -> None:
        self._left = int.from_bytes(digest, "little")
        self._kind = reading.kind
        self._topic, self._other = (*reading.topics[:2], "", "")[:2]
        self._named = 0
        self._unused: dict[str, list[tuple[str, ...]]] = {}

    def below(self, limit: int) -> int:
        """Spend some of the 512 bits on a number below `limit`; a long answer needs about 200."""
        self._left, drawn = divmod(self._left, limit)
        return drawn

    def sentence(self, role: str) -> str:
        if role == "open":
            role = self._kind
        elif (role == "link" and not self._other) or (role == "context" and self._kind == "code"):
            role = "detail"
        unused = self._unused.get(role)
        if not unused:
            unused = self._unused[role] = list(_variants()[role])
        variants = unused.pop(self.below(len(unused)))
        text = variants[self.below(len(variants))]
        if "{" not in text:
            return text
        return text.replace("{t}", self._name()).replace("{o}", self._other)

    def _name(self) -> str:
        name = _NAMES[self._named % len(_NAMES)] or self._topic
        self._named += 1
        return name
