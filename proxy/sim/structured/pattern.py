r"""Reads a regular expression of JSON Schema (ECMA-262) into a tree, and writes a text that a tree matches.

Groups, alternation, quantifiers, classes, escapes, anchors and word boundaries; lookaheads at the beginning, where they
are further patterns. Refuses, as PatternError, what no finite automaton can do (backreferences) and what is rare
(lookbehind, lookahead elsewhere, flags). `\d`, `\w` and `\s` are ASCII, as ECMA-262 has them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proxy.sim.structured.draw import Draw

Ranges = tuple[tuple[int, int], ...]  # of code points, in order, first and last included
Tree = tuple[Any, ...]
"""("set", ranges) | ("cat", trees) | ("alt", trees) | ("rep", tree, least, most or None) | ("at", one of ^ $ b B)"""

LAST = 0x10FFFF
DIGITS: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
_LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
_PROPERTIES: dict[str, Ranges] = {
    **dict.fromkeys(
        ("L", "Letter", "Alphabetic"), ((0x41, 0x5A), (0x61, 0x7A), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F))
    ),
    **dict.fromkeys(("Lu", "Uppercase_Letter"), ((0x41, 0x5A), (0xC0, 0xD6), (0xD8, 0xDE))),
    **dict.fromkeys(("Ll", "Lowercase_Letter"), ((0x61, 0x7A), (0xDF, 0xF6), (0xF8, 0xFF))),
    **dict.fromkeys(("N", "Nd", "Number"), DIGITS),
}
_MOST_REPEATS = 2000
_DEEPEST = 40  # groups within groups
_WORDS = ("sample", "river", "garden", "amber", "summit", "harbor", "meadow", "orchid", "lantern", "cedar")


class PatternError(Exception):
    """A pattern that cannot be read; the message completes "pattern '...' "."""


@dataclass(slots=True)
class Pattern:
    """`tree` must match somewhere; so must each of `also`, and none of `never`."""

    tree: Tree = ("cat", [])
    also: list[Tree] = field(default_factory=list)
    never: list[Tree] = field(default_factory=list)


def read_pattern(source: str) -> Pattern:
    """Raises PatternError."""
    return _Reader(source).pattern()


def inverted(ranges: Ranges) -> Ranges:
    """Every code point that is not in them."""
    found, at = [], 0
    for first, last in ranges:
        if first > at:
            found.append((at, first - 1))
        at = last + 1
    return tuple(found) if at > LAST else (*found, (at, LAST))


def _united(ranges: list[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


_CLASSES = {
    "d": DIGITS, "w": WORD, "s": SPACE, "D": inverted(DIGITS), "W": inverted(WORD), "S": inverted(SPACE),
}  # fmt: skip
_ANY = inverted(_LINE_ENDS)
_ANCHORS = {"A": "^", "Z": "$", "z": "$", "b": "b", "B": "B"}


class _Reader:
    """A recursive-descent reader; one method for each level of the grammar."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._depth = 0

    def pattern(self) -> Pattern:
        found = Pattern()
        start = self._at
        anchored = self._took("^")
        while self._source.startswith(("(?=", "(?!"), self._at):
            wanted = found.also if self._source[self._at + 2] == "=" else found.never
            self._at += 3
            inner = self._alternatives()
            self._expect(")")
            wanted.append(("cat", [("at", "^"), inner]) if anchored else inner)
        if (found.also or found.never) and not anchored:
            raise PatternError("has a lookahead that is not at the beginning, after ^.")
        if not (found.also or found.never):
            self._at = start
        found.tree = self._alternatives()
        if found.also or found.never:
            if found.tree[0] == "alt":
                raise PatternError("has a lookahead in one of several alternatives.")
            found.tree = ("cat", [("at", "^"), found.tree])
        if self._at < len(self._source):
            raise PatternError("has an unmatched ')'.")
        return found

    def _took(self, text: str) -> bool:
        if self._source.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._took(text):
            raise PatternError(f"lacks a {text!r}.")

    def _next(self) -> str:
        if self._at >= len(self._source):
            raise PatternError("ends in the middle.")
        self._at += 1
        return self._source[self._at - 1]

    def _peek(self) -> str:
        return self._source[self._at : self._at + 1]

    def _alternatives(self) -> Tree:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise PatternError(f"has more than {_DEEPEST} groups within each other.")
        options = [self._sequence()]
        while self._took("|"):
            options.append(self._sequence())
        self._depth -= 1
        return options[0] if len(options) == 1 else ("alt", options)

    def _sequence(self) -> Tree:
        parts: list[Tree] = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else ("cat", parts)

    def _repeated(self, atom: Tree) -> Tree:
        while True:
            bounds = self._quantifier()
            if bounds is None:
                return atom
            if atom[0] == "at":
                raise PatternError("repeats an anchor.")
            least, most = bounds
            if max(least, most or 0) > _MOST_REPEATS:
                raise PatternError(f"repeats more than {_MOST_REPEATS} times.")
            if most is not None and most < least:
                raise PatternError("has a quantifier with its bounds out of order.")
            atom = ("rep", atom, least, most)
            if self._peek() in ("?", "+"):  # lazy or possessive: the same texts match
                self._at += 1

    def _quantifier(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._took(sign):
                return bounds
        if self._peek() != "{":
            return None
        end = self._source.find("}", self._at)
        first, comma, last = self._source[self._at + 1 : max(end, self._at)].partition(",")
        if not (first.isascii() and first.isdigit() and (last == "" or (last.isascii() and last.isdigit()))):
            return None  # an ordinary brace, as browsers read it
        if len(first) > 6 or len(last) > 6:
            raise PatternError(f"repeats more than {_MOST_REPEATS} times.")
        self._at = end + 1
        least = int(first)
        return least, (int(last) if last else None) if comma else least

    def _atom(self) -> Tree:
        char = self._next()
        if char == "(":
            return self._group()
        if char == "[":
            return ("set", self._class())
        if char == ".":
            return ("set", _ANY)
        if char in "^$":
            return ("at", char)
        if char in "*+?":
            raise PatternError("has nothing to repeat.")
        if char == "\\":
            if self._peek() in _ANCHORS and self._peek():
                return ("at", _ANCHORS[self._next()])
            return ("set", self._escape())
        return ("set", ((ord(char), ord(char)),))

    def _group(self) -> Tree:
        if self._took("?"):
            if self._source.startswith(("<=", "<!"), self._at):
                raise PatternError("has a lookbehind, which is not supported.")
            if self._took("P<") or self._took("<"):
                while self._next() != ">":
                    pass
            elif self._peek() in ("=", "!"):
                raise PatternError("has a lookahead that is not at the beginning, after ^.")
            elif not self._took(":"):
                raise PatternError("has flags, which are not supported.")
        inner = self._alternatives()
        self._expect(")")
        return inner

    def _escape(self) -> Ranges:
        char = self._next()
        if char in _CLASSES:
            return _CLASSES[char]
        if char in ("p", "P"):
            return self._property(char == "P")
        if char.isdigit() and char != "0":
            raise PatternError("has a backreference, which is not supported.")
        if char == "k":
            raise PatternError("has a backreference, which is not supported.")
        code = _CONTROLS.get(char)
        if code is None:
            code = self._code(char)
        return ((code, code),)

    def _code(self, char: str) -> int:
        if char == "c":
            return ord(self._next()) % 32
        if char == "u" and self._took("{"):
            end = self._source.find("}", self._at)
            digits, self._at = self._source[self._at : end], end + 1
        elif char in ("x", "u"):
            width = 2 if char == "x" else 4
            digits, self._at = self._source[self._at : self._at + width], self._at + width
        else:
            return ord(char)
        try:
            return min(int(digits, 16), LAST)
        except ValueError:
            raise PatternError(f"has a broken escape '\\{char}'.") from None

    def _property(self, negated: bool) -> Ranges:
        self._expect("{")
        end = self._source.find("}", self._at)
        name = self._source[self._at : end].rpartition("=")[2]
        if end < 0 or name not in _PROPERTIES:
            raise PatternError(f"has the Unicode property {name[:20]!r}, which is not supported.")
        self._at = end + 1
        return inverted(_PROPERTIES[name]) if negated else _PROPERTIES[name]

    def _class(self) -> Ranges:
        negated = self._took("^")
        found: list[tuple[int, int]] = []
        while not self._took("]"):
            first = self._member()
            if self._peek() == "-" and self._source[self._at + 1 : self._at + 2] not in ("]", "") and _single(first):
                self._at += 1
                last = self._member()
                if not _single(last) or last[0][0] < first[0][0]:
                    raise PatternError("has a range that is out of order.")
                first = ((first[0][0], last[0][0]),)
            found += first
        ranges = _united(found)
        return inverted(ranges) if negated else ranges

    def _member(self) -> Ranges:
        char = self._next()
        if char != "\\":
            return ((ord(char), ord(char)),)
        if self._took("b"):
            return ((8, 8),)
        return self._escape()


def _single(ranges: Ranges) -> bool:
    return len(ranges) == 1 and ranges[0][0] == ranges[0][1]


def least_length(tree: Tree) -> int:
    """Characters that the shortest match has."""
    kind = tree[0]
    if kind == "set":
        return 1
    if kind == "cat":
        return sum(map(least_length, tree[1]))
    if kind == "alt":
        return min(map(least_length, tree[1]))
    return int(tree[2]) * least_length(tree[1]) if kind == "rep" and tree[2] else 0


def written(tree: Tree, draw: Draw, spend: Callable[[int], None]) -> str:
    """A text that the tree matches, anchors left aside; letters are words where the tree leaves the choice."""
    kind = tree[0]
    spend(1)
    if kind == "set":
        return nice_character(tree[1], draw)
    if kind == "cat":
        return "".join([written(each, draw, spend) for each in tree[1]])
    if kind == "alt":
        return written(draw.among(tree[1]), draw, spend)
    if kind == "at":
        return ""
    _, inner, least, most = tree
    alone = inner[0] == "set"
    spare = (5 if alone else 2) if most is None else min(most - least, 6 if alone else 2)
    count = least + (draw.below(spare + 1) if least else min(spare, 1 + draw.below(spare + 1)))
    if alone:
        spend(count)
        return _run(inner[1], count, draw)
    return "".join([written(inner, draw, spend) for _ in range(count)])


def _run(ranges: Ranges, count: int, draw: Draw) -> str:
    for first, upper in ((0x61, False), (0x41, True)):
        if any(low <= first and high >= first + 25 for low, high in ranges):
            text = "".join([draw.among(_WORDS) for _ in range(count // 5 + 1)])[:count]
            return text.upper() if upper else text
    return "".join([nice_character(ranges, draw) for _ in range(count)])


def nice_character(ranges: Ranges, draw: Draw) -> str:
    """One of the set: a letter or digit if there is one, then any other printable of ASCII, then the rest."""
    for low, high in (*WORD[:2], WORD[3], (0x20, 0x7E), (0xA1, 0xD7FF), (0, 0xD7FF), (0xE000, LAST)):
        found = [(max(low, first), min(high, last)) for first, last in ranges if first <= high and last >= low]
        if found:
            first, last = draw.among(found)
            return chr(first + draw.below(last - first + 1))
    raise PatternError("has an empty class.")
