"""What a property's name says about its value, and what the prompt has for it.

Knows English names only; any other property gets the topic of the prompt or a plain word.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from proxy.sim import lexicon
from proxy.sim.prose import compose
from proxy.sim.structured import formats
from proxy.sim.structured.draw import Draw
from proxy.sim.structured.hints import Hints
from proxy.sim.structured.merge import Node
from proxy.sim.structured.place import Place
from proxy.sim.structured.vocabulary import (
    ANY_NUMBER,
    BEFORE_PLACES,
    COUNTED,
    KINDS,
    LABELS,
    MONEY,
    NUMBERS,
    SAMPLES,
    TALKS_OF_PEOPLE,
)  # fmt: skip
from proxy.sim.topics import Reading

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", re.ASCII)
_EXAMPLE = re.compile(
    r"\b(?:e\.g\.|eg\.|for example|such as|example:)[,:]?\s+[\"'`]?([^\"'`;()\n]{2,60}?)[\"'`]?(?:[.;)]|$| or )"
)
_TITLES = frozenset(("name", "title", "subject", "heading", "headline", "event", "topic"))
_ADDRESSEES = frozenset(("to", "cc", "bcc", "recipient", "recipients", "sender", "from"))
_GIVEN = frozenset(("person", "firstname", "lastname", "prose", "question"))
_QUOTED = frozenset(("text", "message", "body", "content", "sentence", "quote", "excerpt", "comment"))
_BEFORE_NO_PEOPLE = BEFORE_PLACES - {"for", "from"}
_PARTS_OF_NAMES = {"first": "firstname", "given": "firstname", "last": "lastname", "family": "lastname"}
_FORMS = {"email": "email", "idn-email": "email", "uri": "url", "date": "date", "url": "url"}
_MADE: dict[str, Callable[[Draw], str]] = {
    "date": formats.date,
    "email": formats.email,
    "url": formats.web_address,
    "time": formats.clock,
    "moment": formats.moment,
    "phone": lambda draw: f"+1 555 01{draw.below(100):02d}",
    "year": lambda draw: str(2000 + draw.below(26)),
}


@lru_cache(maxsize=4096)
def words_of(name: str) -> tuple[str, ...]:
    """The words in a name, in lower case: ("shipping", "address") of `shippingAddress`."""
    return tuple([word.lower() for word in _PARTS.findall(name[:100])])


def singular(word: str) -> str:
    """What one of them is called."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.lower() in ("people", "children", "addresses", "boxes", "classes", "branches", "dishes"):
        return {"people": "person", "children": "child"}.get(word.lower(), word[:-2])
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@lru_cache(maxsize=4096)
def kind_of(name: str, owner: str) -> str:
    """What stands in a property: a key of SAMPLES, one of the kinds, or "" for a name that says nothing."""
    words = words_of(name)
    if words[1:] and "".join(words) in SAMPLES:
        return "".join(words)
    if words[1:] and words[0] in _PARTS_OF_NAMES and words[-1] == "name":
        return _PARTS_OF_NAMES[words[0]]
    of_owner = singular("".join(words_of(owner)[-1:]))
    for word in reversed(words):
        found = word if word in SAMPLES else KINDS.get(word, "")
        if found == "name" or (found == "item" and of_owner in SAMPLES):
            return _kind_of_name(words[:-1] or words_of(owner)[-1:])
        if found:
            return found
    return ""


def _kind_of_name(of: tuple[str, ...]) -> str:
    if not of or of == ("full",) or not TALKS_OF_PEOPLE.isdisjoint((of[-1], singular(of[-1]))):
        return "person"
    one = singular(of[-1])
    return one if one in SAMPLES else KINDS.get(one, "topic")


class Meaning:
    """Values by name for one search; what the prompt gave once is not given to the same name again."""

    def __init__(self, hints: Hints, draw: Draw) -> None:
        self._hints = hints
        self._draw = draw
        self._used: set[tuple[str, Any]] = set()

    def told(self, made: Node, place: Place) -> Iterator[Any]:
        """Values that the prompt has for this place."""
        if not self._hints.text:
            return
        if "string" in made.types:
            yield from self._fresh(place, self._strings(place, made.first("format", "")))
        if "integer" in made.types or "fraction" in made.types:
            yield from self._numbers(place)

    def texts(self, made: Node, place: Place) -> Iterator[str]:
        """Texts that read well at this place, none from the prompt but its topics."""
        example = self._described(made)
        if example:
            yield example
        kind = kind_of(place.name, place.owner)
        if kind in _MADE:
            yield _MADE[kind](self._draw)
        elif kind == "id":
            yield f"{(place.owner or 'id')[:3].upper()}-{1000 + self._draw.below(9000)}"
        elif kind == "prose":
            yield from self._fresh(place, self._prose())
        if kind not in SAMPLES:
            yield from self._topics(place)
        samples = self._draw.shuffled(SAMPLES.get(kind, SAMPLES["topic"]))
        if place.many:
            yield from self._fresh(place, iter(samples))
        yield from samples

    def range(self, place: Place) -> tuple[int, int]:
        """The numbers to expect."""
        return self._number(place)[:2]

    def decimals(self, place: Place) -> int:
        """How many decimals a number has that need not be whole."""
        return self._number(place)[2] or 1

    def _number(self, place: Place) -> tuple[int, int, int]:
        return next((NUMBERS[word] for word in reversed(words_of(place.name)) if word in NUMBERS), ANY_NUMBER)

    def truth(self) -> bool:
        """True or false."""
        return bool(self._draw.below(2))

    def length(self, place: Place, element: Node) -> int:
        """How many elements an array has."""
        if "string" in element.types and element.values is None:
            told = set(self._strings(Place(singular(place.name), place.owner), element.first("format", "")))
            if told:
                return min(len(told), 10)
        for name in ("name", "city", "person", "title"):
            if any(name in properties for properties in element.every("properties")):
                told = set(self._strings(Place(name, element.title or singular(place.name)), ""))
                return min(len(told), 10) or 2
        return 2 + self._draw.below(2)

    def labels(self, place: Place) -> Iterator[str]:
        """Names for the properties of a map."""
        if kind_of(place.name, place.owner) == "person":
            yield from [name for _, name in self._hints.names]
        yield from LABELS

    def singular(self, name: str) -> str:
        """What an element of an array of this name is called."""
        return singular(name)

    def rank(self, made: Node) -> int:
        """How late an alternative comes: 0 if the prompt names it, 2 if it is null."""
        if made.types == ("null",) or made.dead:
            return 2
        fixed = [value for value in made.values or () if isinstance(value, str)]
        for properties in made.every("properties"):
            fixed += [
                each["const"]
                for each in properties.values()
                if isinstance(each, dict) and isinstance(each.get("const"), str)
            ]
        return 0 if any(map(self._mentioned, fixed)) else 1

    def ordered(self, values: list[Any]) -> list[Any]:
        """Values to choose from: what the prompt names, then the others, null last."""
        shuffled = self._draw.shuffled(values)
        return sorted(
            shuffled,
            key=lambda value: 2 if value is None else 0 if isinstance(value, str) and self._mentioned(value) else 1,
        )

    def _mentioned(self, value: str) -> bool:
        words = words_of(value)
        return bool(words) and self._hints.words.issuperset(words)

    def _fresh(self, place: Place, values: Iterator[str]) -> Iterator[str]:
        for value in values:
            if not place.many:
                yield value
            elif (place.name, value) not in self._used:
                self._used.add((place.name, value))
                yield value

    def _strings(self, place: Place, form: str) -> Iterator[str]:
        hints = self._hints
        words = words_of(place.name)
        kind = _FORMS.get(form, "") if form else kind_of(place.name, place.owner)
        if words:
            count = len(words)
            yield from [value for name, value in hints.assigned if words_of(name)[-count:] == words]
            if words[-1] in _ADDRESSEES:
                yield from hints.emails
        if kind == "place":
            yield from self._places(words[-1])
        elif kind in ("topic", "tag"):
            yield from hints.quoted
            yield from self._topics(place)
        elif kind in SAMPLES and kind not in _GIVEN:
            yield from [sample for sample in SAMPLES[kind] if self._mentioned(sample)]
        else:
            yield from self._given(kind, place)

    def _given(self, kind: str, place: Place) -> Sequence[str]:
        """What the prompt has of a kind."""
        hints = self._hints
        names = [name for before, name in hints.names if before not in _BEFORE_NO_PEOPLE]
        given: dict[str, Sequence[str]] = {
            "person": names,
            "firstname": [name.split()[0] for name in names],
            "lastname": [name.split()[-1] for name in names],
            "date": hints.dates + hints.days,
            "time": hints.times,
            "email": hints.emails,
            "url": hints.urls,
            "id": hints.codes,
            "question": (hints.text,),
            "prose": hints.quoted if place.name in _QUOTED else (),
        }
        return given.get(kind, ())

    def _topics(self, place: Place) -> Iterator[str]:
        if place.many:
            yield from self._fresh(place, self._all_topics(place))
        else:
            yield from self._all_topics(place)

    def _all_topics(self, place: Place) -> Iterator[str]:
        names = {word for _, name in self._hints.names for word in name.split()}
        for topic in self._hints.topics:
            words = topic.split()
            if words[0] in lexicon.DETERMINERS.values() and words[1:]:
                words = words[1:]
            if words[2:] and words[0] in words_of(place.owner) and words[1] in lexicon.LINKS:
                words = words[2:]  # the name of a recipe is not "recipe for bread"
            if names.isdisjoint(words) or "query" in place.name:
                text = " ".join(words)
                yield text[0].upper() + text[1:] if place.name in _TITLES and text[0].isascii() else text

    def _places(self, word: str) -> Iterator[str]:
        names = self._hints.names
        wanted = {"from": ("from",), "origin": ("from",), "departure": ("from",), "to": ("to",), "destination": ("to",),
                  "arrival": ("to",)}.get(word, tuple(BEFORE_PLACES))  # fmt: skip
        yield from [name for before, name in names if before in wanted]
        yield from [name for before, name in names if before in BEFORE_PLACES]
        yield from [name for before, name in names if before not in BEFORE_PLACES]
        yield from self._hints.places

    def _numbers(self, place: Place) -> Iterator[float]:
        words = words_of(place.name)
        near = {singular(word) for word in words}
        if "age" in near:
            near |= {"year", "old"}
        if not MONEY.isdisjoint(near):
            near |= {"$", "\u20ac", "\u00a3", "cost"}
        taken = self._used
        for at, (before, text, after) in enumerate(self._hints.numbers):
            if not near.isdisjoint((singular(before.lower()), singular(after.lower()))) and ("number", at) not in taken:
                taken.add(("number", at))
                yield _number(text)
        if not (words and words[-1] in NUMBERS) or not COUNTED.isdisjoint(words):
            for at, (_, text, _) in enumerate(self._hints.numbers):
                if ("number", at) not in taken:
                    taken.add(("number", at))
                    yield _number(text)

    def _described(self, made: Node) -> str:
        text = made.first("description", "")
        found = _EXAMPLE.search(text[:500]) if isinstance(text, str) else None
        return found.group(1).strip() if found else ""

    def _prose(self) -> Iterator[str]:
        if self._hints.topics:
            digest = self._draw.below(1 << 512).to_bytes(64, "little")
            opening, *rest = compose(Reading("", "statement", self._hints.topics), "medium", digest)
            yield from [each.strip() for each in (*rest, opening)]


def _number(text: str) -> float:
    return float(text) if "." in text else int(text)
