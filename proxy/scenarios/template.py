"""Values of the request within an answer: `{{last_user}}`, `{{match.city}}`, `{{$.metadata.id}}`; `\\{{` stays as `{{`.

A text that is nothing but one JSONPath becomes the value there, a number say; elsewhere what is no text is JSON.
"""

import difflib
import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from proxy.scenarios.asked import Asked
from proxy.scenarios.jsonpath import find, steps

_PLACE = re.compile(r"\\\{\{|\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_ALONE = re.compile(r"\{\{\s*(\$[^{}]*?)\s*\}\}\Z")


MOST = 4 * 2**20  # characters of values in one answer


class TooLongError(Exception):
    """An answer whose values are longer than MOST together: a long request named many times."""


@dataclass(slots=True)
class Room:
    """How much more may be filled in."""

    left: int = MOST

    def take(self, value: str) -> str:
        """The value. Raises TooLongError where it has no room."""
        self.left -= len(value)
        if self.left < 0:
            raise TooLongError
        return value


@dataclass(frozen=True, slots=True)
class Values:
    """Where values come from: the request, what the rule's expressions found, and how often the rule answered."""

    asked: Asked
    found: dict[str, str]
    number: int
    room: Room = field(default_factory=Room)


NAMES: dict[str, Callable[[Values], str]] = {
    "last_user": lambda values: values.asked.user,
    "system": lambda values: values.asked.system,
    "tool_result": lambda values: values.asked.tool_result or "",
    "model": lambda values: values.asked.model,
    "endpoint": lambda values: values.asked.endpoint,
    "turn": lambda values: str(values.asked.turn),
    "number": lambda values: str(values.number),
}


def filled(given: Any, values: Values) -> Any:
    """A text, or all texts in a JSON value, with the values in. Raises TooLongError."""
    if isinstance(given, str):
        if alone := _ALONE.match(given):
            at = find(alone[1], values.asked.document)
            values.room.take(json.dumps(at))
            return at[0] if at else ""
        return text(given, values)
    if isinstance(given, dict):
        return {name: filled(value, values) for name, value in given.items()}
    return [filled(item, values) for item in given] if isinstance(given, list) else given


def text(given: str, values: Values) -> str:
    """A text with the values in. Raises TooLongError."""
    return _PLACE.sub(lambda place: "{{" if place[1] is None else values.room.take(_value(place[1], values)), given)


def _value(name: str, values: Values) -> str:
    if name.startswith("$"):
        at = find(name, values.asked.document)
        return "" if not at else at[0] if isinstance(at[0], str) else json.dumps(at[0], ensure_ascii=False)
    if name.startswith("match."):
        return values.found.get(name.removeprefix("match."), "")
    if name.startswith("header."):
        return values.asked.headers.get(name.removeprefix("header."), "")
    return NAMES[name](values)


def problems(given: Any, groups: Collection[str]) -> Iterator[str]:
    """What is wrong with the places in a value; `groups` are those that the rule's expressions have."""
    if isinstance(given, dict):
        given = list(given.values())
    if isinstance(given, list):
        for item in given:
            yield from problems(item, groups)
    elif isinstance(given, str):
        for name in [place[1] for place in _PLACE.finditer(given) if place[1] is not None]:
            if problem := _problem(name, groups):
                yield problem


def _problem(name: str, groups: Collection[str]) -> str | None:
    if name.startswith("$"):
        try:
            steps(name)
        except ValueError as problem:
            return f"'{{{{{name}}}}}' is no JSONPath: {problem}"
        return None
    known = {*NAMES, *[f"match.{group}" for group in groups]}
    if name in known or (name.startswith("header.") and name != "header."):
        return None
    if name.startswith("match.") and not groups:
        return f"there is no value '{{{{{name}}}}}': no regex of this rule has found anything"
    near = difflib.get_close_matches(name, known, n=1)
    guess = (
        f"did you mean '{{{{{near[0]}}}}}'?"
        if near
        else f"there are {', '.join(sorted(known))}, header.NAME and $.PATH"
    )
    return f"there is no value '{{{{{name}}}}}'; {guess}"
