"""The rules that OpenAI holds a schema to when `strict` is true, and the words in which it refuses one.

Sources: the guide "Structured model outputs" of OpenAI's documentation (section "Supported schemas", as of 2026) for
the rules and limits; public reports of its 400 answers for the wording.
"""

from collections.abc import Iterator
from typing import Any

from proxy.sim.structured.document import Document, Path, children
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.parameters import NO_ITEMS, TOP_LEVEL, check_type

MOST_PROPERTIES = 5_000
MOST_LEVELS = 10
MOST_ENUM_VALUES = 1_000
MOST_CHARACTERS = 120_000  # of all property names, definition names, enum and const values
LONG_ENUM, LONG_ENUM_CHARACTERS = 250, 15_000  # an enum with more values than that may have this many characters

FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))
_REFUSED = (
    "allOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else", "patternProperties",
    "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties", "unevaluatedItems", "contains",
    "minContains", "maxContains", "uniqueItems", "minLength", "maxLength", "default",
)  # fmt: skip
_SAY_THE_TYPE = frozenset(("type", "$ref", "anyOf"))


def check_strict(schema: Any) -> None:
    """Raise SchemaError if strict mode does not take this schema."""
    check_type(schema)
    if any(key in schema for key in ("anyOf", "oneOf", "allOf", "enum", "not")):
        raise SchemaError(None, TOP_LEVEL)
    Document(schema)
    sizes = _Sizes()
    deepest = 0
    waiting: list[tuple[Any, Path, int]] = [(schema, (), 0)]
    while waiting:
        part, path, level = waiting.pop()
        if isinstance(part, bool):
            raise SchemaError(path, "schema must have a 'type' key.")
        _check_part(part, path)
        sizes.add(part)
        deepest = max(deepest, level)
        # In reverse, so that the first fault in reading order is the one that is named.
        waiting += [(each, at, _level(at, level)) for each, at in reversed(list(_inner(part, path)))]
    if deepest > MOST_LEVELS:
        raise SchemaError(None, f"{deepest} levels of nesting exceeds limit of {MOST_LEVELS}.")
    sizes.check()


def _inner(part: dict[str, Any], path: Path) -> Iterator[tuple[Any, Path]]:
    return ((each, at) for each, at in children(part, path) if each is not False or at[-1] != "additionalProperties")


def _level(path: Path, level: int) -> int:
    # Every step into an object or an array is a level; a definition is measured on its own.
    if path[-2:-1] and path[-2] in ("$defs", "definitions"):
        return 0
    return level + (path[-1] == "items" or path[-2:-1] == ("properties",))


def _check_part(part: dict[str, Any], path: Path) -> None:
    refused = [key for key in _REFUSED if key in part]
    if refused:
        raise SchemaError(path, f"{refused[0]!r} is not permitted.")
    if "$ref" in part:
        others = sorted(part.keys() - {"$ref", "$defs", "definitions"})
        if others:
            named = "{" + ", ".join(map(repr, others)) + "}"
            raise SchemaError(None, f"context={path!r}, $ref cannot have keywords {named}")
        return
    if _SAY_THE_TYPE.isdisjoint(part):
        raise SchemaError(path, "schema must have a 'type' key.")
    types = part.get("type", ())
    types = (types,) if isinstance(types, str) else types
    if "object" in types:
        _check_object(part, path)
    if "array" in types and not isinstance(part.get("items"), dict):
        raise SchemaError(path, NO_ITEMS)
    if "format" in part and part["format"] not in FORMATS:
        raise SchemaError(path, f"{part['format']!r} is not a valid format.")


def _check_object(part: dict[str, Any], path: Path) -> None:
    if part.get("additionalProperties") is not False:
        raise SchemaError(path, "'additionalProperties' is required to be supplied and to be false.")
    properties = part.get("properties", {})
    required = part.get("required", [])
    rule = "'required' is required to be supplied and to be an array including every key in properties."
    for name in properties:
        if name not in required:
            raise SchemaError(path, f"{rule} Missing {name!r}.")
    for name in required:
        if name not in properties:
            raise SchemaError(path, f"{rule} Extra required key {name!r} supplied.")


class _Sizes:
    """What is counted over the whole schema."""

    def __init__(self) -> None:
        self.properties = self.enum_values = self.characters = 0

    def add(self, part: dict[str, Any]) -> None:
        self.properties += len(part.get("properties", ()))
        values = part.get("enum", [])
        self.enum_values += len(values)
        strings = [value for value in (*values, part.get("const")) if isinstance(value, str)]
        length = sum(map(len, strings))
        if len(values) > LONG_ENUM and length > LONG_ENUM_CHARACTERS:
            raise SchemaError(
                None,
                f"Expected at most {LONG_ENUM_CHARACTERS} characters in total in an enum with more than {LONG_ENUM} "
                f"values when using structured outputs, but received {length}.",
            )
        names = (*part.get("properties", ()), *part.get("$defs", ()), *part.get("definitions", ()))
        self.characters += length + sum(map(len, names))

    def check(self) -> None:
        if self.properties > MOST_PROPERTIES:
            raise SchemaError(None, f"{self.properties} parameters exceeds limit of {MOST_PROPERTIES}.")
        for received, most, what in (
            (self.enum_values, MOST_ENUM_VALUES, "enum values"),
            (self.characters, MOST_CHARACTERS, "characters of names, enum and const values"),
        ):
            if received > most:
                raise SchemaError(
                    None,
                    f"Expected at most {most} {what} in total within a single schema when using structured outputs, "
                    f"but received {received}. Consider reducing the number of {what}, or use "
                    "'strict: false' to opt out of structured outputs.",
                )
