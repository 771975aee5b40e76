"""YAML or JSON as plain values, with the line of every key and item. Knows nothing of scenarios.

YAML is read by the core schema of YAML 1.2, as editors do: `no` and `on` are texts, not switches. Keys are texts, and
none comes twice. PyYAML is imported when the first YAML is read.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]
_SPACE = re.compile(r"[ \t\r\n]*")
_DEEPEST = 100


class SourceError(Exception):
    """It is no YAML or JSON; says where and why."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """A value, and the line (from 1) of each place in it."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of a place, or of the nearest place around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str, *, is_json: bool) -> Document:
    """The document. Raises SourceError."""
    lines: dict[Path, int] = {(): 1}
    if is_json:
        return Document(_Json(text, lines).document(), lines)
    from proxy.scenarios.yaml_source import value_of  # noqa: PLC0415 - PyYAML, for those who write YAML

    return Document(value_of(text, lines), lines)


def joined(text: str, line: int) -> str:
    """A text without halves of characters: two that belong together are joined. Raises SourceError for one alone."""
    try:
        return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise SourceError(line, "a text has half a character (a surrogate without the other one)") from None


class _Json:
    """The standard library's decoder of texts and numbers, with the places of the rest."""

    def __init__(self, text: str, lines: dict[Path, int]) -> None:
        self._text = text
        self._lines = lines
        self._decode: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_constant=_no_constant).raw_decode
        self._at = 0
        self._line, self._counted = 1, 0

    def document(self) -> Any:
        """The whole text as a value. Raises SourceError."""
        value = self._value(())
        if self._next():
            raise self._error("there is more after the end of the JSON document")
        return value

    def _next(self) -> str:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _error(self, message: str) -> SourceError:
        return SourceError(self._line_now(), f"this is no JSON: {message}")

    def _value(self, path: Path) -> Any:
        if len(path) > _DEEPEST:
            raise self._error(f"it is nested more than {_DEEPEST} deep")
        first = self._next()
        self._lines.setdefault(path, self._line_now())
        if first == "{":
            return self._object(path)
        if first == "[":
            return self._array(path)
        return self._scalar()

    def _scalar(self) -> Any:
        try:
            value, self._at = self._decode(self._text, self._at)
        except (json.JSONDecodeError, ValueError) as problem:
            reason = problem.msg if isinstance(problem, json.JSONDecodeError) else str(problem)
            raise self._error(reason[:1].lower() + reason[1:]) from None
        return joined(value, self._line_now()) if isinstance(value, str) else value

    def _object(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._at += 1
        if self._next() == "}":
            self._at += 1
            return found
        while True:
            if self._next() != '"':
                raise self._error("expected a key in double quotes")
            line, key = self._line_now(), self._scalar()
            if key in found:
                raise SourceError(line, f"the key {key!r} comes twice")
            self._lines[(*path, key)] = line
            if self._next() != ":":
                raise self._error(f"expected ':' after {key!r}")
            self._at += 1
            found[key] = self._value((*path, key))
            if self._ended("}"):
                return found

    def _array(self, path: Path) -> list[Any]:
        found: list[Any] = []
        self._at += 1
        if self._next() == "]":
            self._at += 1
            return found
        while True:
            found.append(self._value((*path, len(found))))
            if self._ended("]"):
                return found

    def _ended(self, mark: str) -> bool:
        given = self._next()
        if given not in (mark, ","):
            raise self._error(f"expected ',' or '{mark}'")
        self._at += 1
        return given == mark


def _no_constant(name: str) -> Any:
    raise ValueError(f"the value {name} is not one of JSON's")
