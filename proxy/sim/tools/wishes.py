"""What a message asks for, one wish after another: "the weather in Paris and Rome, then book a flight".

Splits by English conjunctions and marks. Knows no tools: whoever has them says which part is worth a call.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from proxy.sim import lexicon

_EXCERPT_HEAD, _EXCERPT_TAIL = 1500, 500  # characters
_LONGEST_WORD = 200
_TOO_LONG = re.compile(rf"(\S{{{_LONGEST_WORD}}})\S+")
_MOST_CLAUSES = 40
_MOST_ITEMS = 8
_MARK = "\ue000"  # stands for a list while its sentence is split; a private character

_PREPOSITION = r"(?:in|for|at|of|to|from|on|about|with)"
_NAME = (
    r"(?:the )?[A-Z\u00c0-\u00de][\w'\u00c0-\u024f.-]*(?: (?:de |of |the )?[A-Z\u00c0-\u00de][\w'\u00c0-\u024f-]*){0,3}"
)
_SUM = r"-?\d[\d.,]*\d|-?\d"
_QUOTED = r"\"[^\"\n]{1,80}\"|\u201c[^\u201d\n]{1,80}\u201d"
_SUMS = rf"(?:{_SUM})(?: ?[-+*/x\u00d7] ?(?:{_SUM}))*"
_ITEM = rf"(?:{_PREPOSITION} )?(?:{_NAME}|{_QUOTED}|{_SUMS}|[\w.+-]+@[\w.-]*\w)"
_AND = r"(?:,? (?:and|or|as well as|plus) (?:also )?|,? & )"
_LIST = re.compile(rf"(?<![\w,-]){_ITEM}(?:, {_ITEM}){{0,16}}{_AND}{_ITEM}(?:, {_ITEM})?(?!\w)", re.ASCII)
# Small letters are names only after a preposition, and only single words: "weather in paris and rome".
_SMALL = r"[a-z][a-z'-]+"
_SMALL_LIST = re.compile(
    rf"\b(?:in|for|at) {_SMALL}(?:, (?:{_PREPOSITION} )?{_SMALL}){{0,16}}{_AND}(?:{_PREPOSITION} )?{_SMALL}"
    r"(?=[.?!\n]|$)",
    re.ASCII,
)
_PARTS, _LAST = re.compile(rf"{_AND}|, ", re.ASCII), re.compile(_AND, re.ASCII)
_LEADING = re.compile(rf"({_PREPOSITION} )?(.*)", re.ASCII | re.DOTALL)
_TOGETHER = re.compile(r"\b(?:between|both|compare|compared|versus|difference of) *$", re.ASCII | re.IGNORECASE)
_NEXT = r"\b(?:then|after that|afterwards|finally)\b,? +"
_CLAUSES = re.compile(
    rf"(?:[.?!;]+\s+|, |\s+)?(?:and )?(?P<next>(?i:{_NEXT}))|[.?!;]+(?=\s|$)|\n+|,? \band\b (?:also )?|, (?=[a-z])"
    r"|,? \b(?:as well as|also)\b ",
    re.ASCII,
)
_NO_NAMES = lexicon.VERBS | lexicon.IMPERATIVES | lexicon.FUNCTION_WORDS | lexicon.BEFORE_VERBS | frozenset({"i"})


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a message; `variants` are its texts, one for each item of a list in it.

    `whole` is the clause as it stands, after what parts it from the clause before; `items` are what the variants
    differ in, and `step` counts the "then"s before it.
    """

    whole: str
    variants: tuple[str, ...]
    items: tuple[str, ...]
    step: int


def excerpt(text: str) -> str:
    """The beginning and the end of a long text, where requests stand, without what is too long for a word."""
    if len(text) > _EXCERPT_HEAD + _EXCERPT_TAIL:
        text = text[:_EXCERPT_HEAD] + "\n" + text[-_EXCERPT_TAIL:]
    return _TOO_LONG.sub(r"\1", text) if len(text) > _LONGEST_WORD else text


def clauses(text: str) -> list[Clause]:
    """The parts of a message in their order; their wholes, joined by a comma, say what it says."""
    text = excerpt(text).replace(_MARK, " ")
    lists: list[tuple[str, tuple[str, ...]]] = []

    def hide(found: re.Match[str]) -> str:
        items = _items(found.group(), text[: found.start()])
        if items is None:
            return found.group()
        lists.append((found.group(), items))
        return _MARK

    marked = (_LIST if _LIST.search(text) else _SMALL_LIST).sub(hide, text)
    return list(_split(marked, lists))


def listed_in(text: str) -> list[str]:
    """The items of the first list in a text, also where they belong together."""
    found = _LIST.search(text)
    items = _items(found.group(), "") if found else None
    return [bare(item) for item in items or ()]


def _split(marked: str, lists: list[tuple[str, tuple[str, ...]]]) -> Iterator[Clause]:
    step, start = 0, 0
    hidden = iter(lists)
    ends = [*islice(_CLAUSES.finditer(marked), _MOST_CLAUSES), None]
    for end in ends:
        clause = marked[start : end.start() if end else len(marked)].strip()
        if clause:
            yield _clause(clause, [next(hidden) for _ in range(clause.count(_MARK))], step)
        if end:
            start, step = end.end(), step + bool(end.group("next"))


def _clause(marked: str, lists: list[tuple[str, tuple[str, ...]]], step: int) -> Clause:
    whole = marked
    for text, _ in lists:
        whole = whole.replace(_MARK, text, 1)
    if len(lists) == 1 and (items := lists[0][1]):
        return Clause(whole, tuple([marked.replace(_MARK, item) for item in items]), items, step)
    return Clause(whole, (whole,), (), step)


def _items(text: str, before: str) -> tuple[str, ...] | None:
    """The items of a list, each with the preposition of the first; nothing in it where they belong together.

    None where this is no list.
    """
    found = [part.strip() for part in _PARTS.split(text) if part.strip()]
    if ", " in _LAST.split(text)[-1]:
        if len(found) != 4:
            return None
        found = [f"{found[0]}, {found[1]}", f"{found[2]}, {found[3]}"]  # "Paris, France and Rome, Italy"
    first = _parted(found[0])[0]
    items = []
    for each in found[:_MOST_ITEMS]:
        preposition, item = _parted(each)
        if item.split(" ")[0].lower() in _NO_NAMES:
            return None
        items.append((preposition or first) + item)
    distinct = tuple(dict.fromkeys(items))
    return () if len(distinct) < 2 or _TOGETHER.search(before) else distinct


def bare(item: str) -> str:
    """An item without its preposition."""
    return _parted(item)[1]


def _parted(item: str) -> tuple[str, str]:
    """The preposition and the rest."""
    found = _LEADING.match(item)
    return (found.group(1) or "", found.group(2)) if found else ("", item)
