"""Says what is wrong in a scenario, where, and the nearest word that would do. Reads msgspec's complaints."""

import difflib
import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from proxy.scenarios.source import Path

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?", re.DOTALL)
_ANY_KEY = "..."
_MOST = 100  # mistakes of one value
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_TYPE = re.compile(r"Expected `(.*)`, got `(.*)`")
_BOUND = re.compile(r"Expected `(\w+)` (?:of length )?(<=|>=) (\S+)")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_ENUM = re.compile(r"Invalid enum value (.*)", re.DOTALL)
_WORDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}


def mistakes(value: Any, kind: Any) -> Iterator[tuple[Path, str]]:
    """All that msgspec finds wrong. It tells one at a time: that is taken out of a copy, which it looks at again."""
    left, missing = deepcopy(value), set[Path]()
    for _ in range(_MOST):
        try:
            msgspec.convert(left, kind)
            return
        except msgspec.ValidationError as problem:
            path, message = told(problem, kind, left)
        if path not in missing:  # else it lacks what was taken out of it
            yield path, message
        while path and isinstance(path[-1], int):  # the other items keep their places
            path = path[:-1]
        if not path:
            return
        _take_out(left, path)
        missing.add(path[:-1])


def _take_out(value: Any, path: Path) -> None:
    for step in path[:-1]:
        value = value[step]
    del value[path[-1]]


def told(problem: msgspec.ValidationError, kind: Any, value: Any) -> tuple[Path, str]:
    """The place and the sentence; `kind` is the type that the value was to be."""
    found = _COMPLAINT.fullmatch(str(problem))
    assert found is not None, "the pattern takes everything"
    steps: Path = tuple([_step(*step) for step in _STEP.findall(found["path"] or "")])
    path = _with_key(steps, kind, value)
    what, here = found["what"], kind_at(kind, path)
    if unknown := _UNKNOWN.fullmatch(what):
        return (*path, unknown[1]), f"unknown key '{unknown[1]}'; {nearest(unknown[1], keys_of(here))}"
    if missing := _MISSING.fullmatch(what):
        return path, f"the key '{missing[1]}' is missing"
    subject = f"'{path[-1]}' " if path and isinstance(path[-1], str) else ""
    if enum := _ENUM.fullmatch(what):
        given = enum[1].strip("'\"") if enum[1] not in ("True", "False") else enum[1].lower()
        return path, f"{subject}cannot be '{given}'; {nearest(given, words_of(here))}"
    if wrong := _TYPE.fullmatch(what):
        kinds = [_WORDS.get(each, each) for each in wrong[1].split(" | ") if each != "null"]
        return path, f"{subject}has to be {' or '.join(kinds)}, not {_WORDS.get(wrong[2], wrong[2])}"
    if bound := _BOUND.fullmatch(what):
        return path, f"{subject}has to be {_bounded(*bound.groups())}"
    return path, f"{subject}is wrong: {what}"


def nearest(given: str, known: Collection[str]) -> str:
    """The word that was meant, or all there are."""
    near = difflib.get_close_matches(given, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(known))}"


def _step(name: str, index: str) -> str | int:
    return int(index) if index.isdigit() else name or index


def _with_key(path: Path, kind: Any, value: Any) -> Path:
    """The path with the key of the first wrong entry, which msgspec does not name."""
    if _ANY_KEY not in path:
        return path
    at = path.index(_ANY_KEY)
    for step in path[:at]:
        value = value[step]
    wanted: Any = Union[tuple(kind_at(kind, path[: at + 1]))]  # noqa: UP007 - of as many as there are
    for key, each in value.items():
        try:
            msgspec.convert(each, wanted)
        except msgspec.ValidationError:
            return (*path[:at], key, *path[at + 1 :])
    return path


def _bounded(kind: str, sign: str, bound: str) -> str:
    side = "at least" if sign == ">=" else "at most"
    number = bound.removesuffix(".0")
    if kind in ("str", "array"):
        noun = "character" if kind == "str" else "item"
        return f"{_WORDS[kind]} of {side} {number} {noun}{'s' * (number != '1')}"
    return f"{side} {number}"


def kind_at(kind: Any, path: Path) -> list[Any]:
    """The types that a value at a place may have."""
    kinds = list(_alternatives(kind))
    for step in path:
        kinds = [each for one in kinds for each in _within(one, step)]
    return kinds


def keys_of(kinds: list[Any]) -> list[str]:
    """The keys of the structures among them."""
    structs = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)]
    return [field.encode_name for kind in structs for field in msgspec.structs.fields(kind)]


def words_of(kinds: list[Any]) -> list[str]:
    """The words that can stand there."""
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    return [str(word).lower() if isinstance(word, bool) else word for word in words]


def _alternatives(kind: Any) -> Iterator[Any]:
    if get_origin(kind) is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _alternatives(each)
    else:
        yield kind


def _within(kind: Any, step: str | int) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, Struct):
        for field in msgspec.structs.fields(kind):
            if field.encode_name == step:
                yield from _alternatives(field.type)
    elif get_origin(kind) in (list, dict):
        yield from _alternatives(get_args(kind)[-1])
