"""What a prompt offers as values: names, numbers, dates, addresses, quotations, words and topics.

Knows no schema; reads the beginning and the end of a long prompt only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proxy.sim import lexicon, topics
from proxy.sim.structured.vocabulary import CALENDAR, NO_NAMES

_EXCERPT_HEAD, _EXCERPT_TAIL = 3000, 1000  # characters
_MOST_TEXTS = 4

_CAPITALISED = r"[A-Z\u00c0-\u00de][\w'\u00c0-\u024f-]*"
_NAME = re.compile(
    rf"(?:St\. )?{_CAPITALISED}(?: (?:de |of |the )?{_CAPITALISED})*(?:, [A-Z]{{2}}\b)?",
    re.ASCII,
)
_BEFORE = re.compile(r"([A-Za-z]+)[ ,:]*$", re.ASCII)
_NUMBER = re.compile(
    r"(?:([A-Za-z]+)[ :=]*)?(?<![\w.\-/:#])([$\u20ac\u00a3]?)(-?\d{1,15}(?:\.\d{1,9})?)"
    r"(?![\w:/]|[.-]\d)%?(?:[ -]?([A-Za-z]+))?",
    re.ASCII,
)
_DATE = re.compile(r"(?<!\d)(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(?!\d)", re.ASCII)
_DAY = re.compile(
    rf"\b((?:next |this )?(?:{'|'.join(sorted(CALENDAR - {'may', 'march'}))}|today|tomorrow|tonight)"
    r"(?: \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?)?)\b",
    re.ASCII | re.IGNORECASE,
)
_TIME = re.compile(r"(?<![\d:.])(\d{1,2}:\d{2}(?: ?[ap]m)?|\d{1,2} ?[ap]m)\b", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[A-Za-z0-9._~%/?#=&+-]*[A-Za-z0-9/])?", re.ASCII)
_QUOTED = re.compile(r"(?<!\w)[\"'\u201c\u2018`]([^\"\u201c\u201d\u2018`\n]{1,200}?)[\"'\u201d\u2019`](?!\w)")
_ASSIGNED = re.compile(
    r"\b([A-Za-z_][A-Za-z_ ]{0,30}?)[\"'`]?\s*(?::|=| is| named| called)\s*[\"'`]?([\w@.+/-]{1,80})", re.ASCII
)
_CODE = re.compile(r"(?<![\w.:/@-])#?([A-Za-z]{0,8}[-_]?\d[\w-]*)(?![\w/@:]|\.\d)", re.ASCII)
_WHERE = re.compile(r"\b(?:in|at|near|to|for) ([a-z]{3,20})\b", re.ASCII)
_WORD = re.compile(r"[a-z0-9]+", re.ASCII)
# Capitalised at the beginning of a sentence, and no names.
_NO_NAMES = lexicon.FUNCTION_WORDS | lexicon.VERBS | lexicon.GREETINGS | lexicon.THANKS
_NO_NAMES |= lexicon.IMPERATIVES | lexicon.GENERIC_NOUNS | lexicon.LINKS | lexicon.DETERMINERS.keys()
_NO_NAMES |= CALENDAR | lexicon.YES_NO | NO_NAMES


_NO_TOPICS = _NO_NAMES | {"that", "this", "code"}


@dataclass(frozen=True, slots=True)
class Hints:
    """Values found in a prompt, in its order.

    `names` are capitalised phrases with the word before each, `places` other words where one may be named;
    `numbers` are (word or currency sign before, number, word after).
    `assigned` leads from a name to its value, as "city" to "Paris" in "city: Paris".
    """

    topics: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = ()
    numbers: tuple[tuple[str, str, str], ...] = ()
    dates: tuple[str, ...] = ()
    days: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    assigned: tuple[tuple[str, str], ...] = ()
    words: frozenset[str] = frozenset()
    text: str = ""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Hints":
        """Read the user's turns: the last one first, then a few before it."""
        recent = list(texts)[: -1 - _MOST_TEXTS : -1]
        text = "\n".join([_excerpt(each) for each in recent])
        bare = _URL.sub(" ", _EMAIL.sub(" ", text))
        undated = _TIME.sub(" ", _DAY.sub(" ", _DATE.sub(" ", bare)))
        about = topics.read([_URL.sub(" ", _EMAIL.sub(" ", each)) for each in reversed(recent)], ()).topics
        return cls(
            topics=tuple([topic for topic in about if not _NO_TOPICS.issuperset(topic.lower().split())]),
            names=tuple(_names(bare)),
            places=tuple([word for word in _WHERE.findall(text) if word not in _NO_NAMES]),
            numbers=tuple([(sign or before, text, after) for before, sign, text, after in _NUMBER.findall(undated)]),
            dates=tuple(dict.fromkeys(_DATE.findall(bare))),
            days=tuple(dict.fromkeys(_DAY.findall(bare))),
            times=tuple(dict.fromkeys(_TIME.findall(bare))),
            emails=tuple(dict.fromkeys(_EMAIL.findall(text))),
            urls=tuple(dict.fromkeys(_URL.findall(text))),
            codes=tuple(dict.fromkeys([code for code in _CODE.findall(undated) if len(code) > 2])),
            quoted=tuple(dict.fromkeys(_QUOTED.findall(text))),
            assigned=tuple([(name.lower().strip(), value) for name, value in _ASSIGNED.findall(text)]),
            words=frozenset(_WORD.findall(text.lower())),
            text=" ".join(text.split())[:400],
        )


def _excerpt(text: str) -> str:
    if len(text) <= _EXCERPT_HEAD + _EXCERPT_TAIL:
        return text
    return text[:_EXCERPT_HEAD] + "\n" + text[-_EXCERPT_TAIL:]


def _names(text: str) -> Iterator[tuple[str, str]]:
    last = ""
    for found in _NAME.finditer(text):
        earlier = text[max(0, found.start() - 30) : found.start()]
        before = (_BEFORE.findall(earlier) or [""])[0]
        words = found.group().split()
        begins = earlier.rstrip(" ")[-1:] in ("", ".", "!", "?", ":", "\n")
        while words and (begins or not words[1:]) and words[0].lower().removesuffix("'s") in _NO_NAMES:
            before = words.pop(0)
        while words and words[-1].lower() in CALENDAR:
            words.pop()
        if words and len(words[0]) > 1:
            # In "in Paris and London" both are places.
            last = last if before.lower() in ("and", "or", "") else before.lower()
            yield last, " ".join(words).removesuffix("'s")
