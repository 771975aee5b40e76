"""A JSON Schema as a whole: that every keyword is well formed, where each `$ref` leads, and how deep a value must be.

Draft 2020-12, with `definitions` for `$defs`. Keywords that it does not know are passed over, as the draft says.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from proxy.sim.structured.error import SchemaError

Schema = dict[str, Any] | bool
Path = tuple[str, ...]

MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLES = ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else")
TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")

DEEPEST = 48  # levels of a value; a level costs some ten frames of Python's stack
_DEEPEST_SCHEMA = 400  # keywords on the way from the root to a part
_MOST_PARTS = 20_000
_MOST_SWEEPS = 64
_SIZES = tuple(f"{bound}{what}" for bound in ("min", "max") for what in ("Length", "Items", "Contains", "Properties"))
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_CONTAINERS = frozenset(("object", "array"))


def is_number(value: Any) -> bool:
    """Whether it is a JSON number; True and False are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


class Document:
    """A checked schema. Raises SchemaError for what is malformed, too deep, too large or leads nowhere."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.paths: dict[int, Path] = {}
        self.parts: list[dict[str, Any]] = []
        self._targets: dict[str, Schema] = {}
        self._heights: dict[int, float] = {}
        self._collect()
        self._measure()

    def target(self, part: dict[str, Any]) -> Schema:
        """The schema that the `$ref` of this part names."""
        return self._targets[part["$ref"]]

    def path(self, part: dict[str, Any]) -> Path:
        """Where a part stands; () for one that was made up on the way."""
        return self.paths.get(id(part), ())

    def height(self, schema: Schema) -> float:
        """Levels that a value has at least: 0 for a scalar or an empty list, infinity if it can never end."""
        if isinstance(schema, bool):
            return 0 if schema else math.inf
        return self._heights.get(id(schema), 0)

    def _collect(self) -> None:
        waiting: list[tuple[Any, Path]] = [(self.root, ())]
        anchors: dict[str, Schema] = {}
        references: list[tuple[str, Path]] = []
        while waiting or references:
            if not waiting:  # every anchor of what is known by now has been seen
                waiting += self._follow(references, anchors)
                references = []
                continue
            schema, path = waiting.pop()
            if isinstance(schema, bool) or id(schema) in self.paths:
                continue
            if not isinstance(schema, dict):
                raise SchemaError(path, f"{_shown(schema)} is not of type 'object', 'boolean'.")
            if len(path) > _DEEPEST_SCHEMA or len(self.parts) >= _MOST_PARTS:
                raise SchemaError(None, f"The schema is too large: {_MOST_PARTS} parts and {_DEEPEST_SCHEMA} levels.")
            self.paths[id(schema)] = path
            self.parts.append(schema)
            check_form(schema, path)
            waiting += children(schema, path)
            if "$anchor" in schema:
                anchors[f"#{schema['$anchor']}"] = schema
            if "$ref" in schema:
                references.append((schema["$ref"], path))

    def _follow(self, references: list[tuple[str, Path]], anchors: dict[str, Schema]) -> Iterator[tuple[Any, Path]]:
        for reference, path in references:
            if reference not in self._targets:
                found = anchors[reference] if reference in anchors else self._pointed(reference, path)
                self._targets[reference] = found
                yield found, tuple(unquote(reference).split("/")[1:])

    def _pointed(self, reference: str, path: Path) -> Schema:
        missing = SchemaError(path, f"reference to component {reference!r} which was not found in the schema.")
        if reference != "#" and not reference.startswith("#/"):
            raise missing
        at = self.root
        for token in unquote(reference).split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(at, dict) and name in at:
                at = at[name]
            elif isinstance(at, list) and name.isascii() and name.isdigit() and len(name) < 6 and int(name) < len(at):
                at = at[int(name)]
            else:
                raise missing
        if not isinstance(at, dict | bool):
            raise missing
        return at

    def _measure(self) -> None:
        # Bottom up, from "never ends" downwards, until nothing changes: the least solution, recursion or not.
        self._heights = {id(part): math.inf for part in self.parts}
        sweeps = min(_MOST_SWEEPS, 1 + 100_000 // max(1, len(self.parts)))
        for _ in range(sweeps if self._targets else 1):
            changed = False
            for part in reversed(self.parts):
                height = self._measured(part)
                if height != self._heights[id(part)]:
                    self._heights[id(part)] = height
                    changed = True
            if not changed:
                break

    def _measured(self, part: dict[str, Any]) -> float:
        heights = [self.height(each) for each in part.get("allOf", ())]
        if "$ref" in part:
            heights.append(self.height(self.target(part)))
        heights += [min(map(self.height, part[key])) for key in ("anyOf", "oneOf") if key in part]
        if "enum" not in part and "const" not in part:
            heights.append(self._own_height(part))
        return max(heights, default=0)

    def _own_height(self, part: dict[str, Any]) -> float:
        types = part.get("type", TYPES)
        if not _CONTAINERS.issuperset((types,) if isinstance(types, str) else types):
            return 0
        below: list[Schema] = []
        if "array" not in types:
            below = [part.get("properties", {}).get(name, True) for name in part.get("required", ())]
        elif "object" not in types and part.get("minItems"):
            below = [*part.get("prefixItems", ()), part.get("items", True)][: int(min(part["minItems"], _MOST_PARTS))]
        return 1 + max(map(self.height, below), default=0) if below else 0


def children(schema: dict[str, Any], path: Path) -> Iterator[tuple[Any, Path]]:
    """Every schema directly within this one, with its path."""
    for key, value in schema.items():
        if key in SINGLES:
            yield value, (*path, key)
        elif key in LISTS:
            for at, each in enumerate(value):
                yield each, (*path, key, str(at))
        elif key in MAPS:
            for name, each in value.items():
                yield each, (*path, key, name)


def check_form(schema: dict[str, Any], path: Path) -> None:
    """Raise SchemaError, in the words of the draft's meta-schema, for a keyword that has the wrong form."""
    for key, value in schema.items():
        check = _FORMS.get(key)
        complaint = check(value) if check else None
        if complaint:
            raise SchemaError((*path, key), complaint)


def _shown(value: Any) -> str:
    # A hostile schema is quoted only as far as it helps; containers are not walked.
    if isinstance(value, dict | list):
        return "[...]" if isinstance(value, list) else "{...}"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_a(kinds: type | tuple[type, ...], name: str) -> Callable[[Any], str | None]:
    return lambda value: None if isinstance(value, kinds) else f"{_shown(value)} is not of type {name!r}."


def _type_form(value: Any) -> str | None:
    names = value if isinstance(value, list) else [value]
    if names and all(isinstance(name, str) and name in TYPES for name in names):
        return None
    wrong = next((name for name in names if name not in TYPES), value) if isinstance(value, list) else value
    return f"{_shown(wrong)} is not valid under any of the given schemas."


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)  # an int may be too large for a float


def _number_form(value: Any) -> str | None:
    if not is_number(value):
        return f"{_shown(value)} is not of type 'number'."
    return None if _is_finite(value) else f"{value!r} is not a finite number."


def _multiple_form(value: Any) -> str | None:
    return _number_form(value) or (None if value > 0 else f"{value!r} is less than or equal to the minimum of 0.")


def _size_form(value: Any) -> str | None:
    if not is_number(value) or not _is_finite(value) or value != int(value):
        return f"{_shown(value)} is not of type 'integer'."
    return None if value >= 0 else f"{value!r} is less than the minimum of 0."


def _names_form(value: Any) -> str | None:
    if not isinstance(value, list):
        return f"{_shown(value)} is not of type 'array'."
    wrong = [each for each in value if not isinstance(each, str)]
    return f"{_shown(wrong[0])} is not of type 'string'." if wrong else None


def _full_list(value: Any) -> str | None:
    if not isinstance(value, list):
        return f"{_shown(value)} is not of type 'array'."
    return None if value else "[] should be non-empty."


def _name_lists(value: Any) -> str | None:
    if not isinstance(value, dict):
        return f"{_shown(value)} is not of type 'object'."
    return next(filter(None, map(_names_form, value.values())), None)


def _refused(_: Any) -> str:
    return "dynamic references are not supported."


_FORMS: dict[str, Callable[[Any], str | None]] = {
    "type": _type_form,
    "enum": _full_list,
    "required": _names_form,
    "dependentRequired": _name_lists,
    "uniqueItems": _is_a(bool, "boolean"),
    "multipleOf": _multiple_form,
    "avoid\0": _refused,
    "unmatched\0": _refused,
    "$dynamicRef": _refused,
    "$recursiveRef": _refused,
    **dict.fromkeys(("pattern", "format", "$ref", "$anchor"), _is_a(str, "string")),
    **dict.fromkeys(_BOUNDS[:4], _number_form),
    **dict.fromkeys(_SIZES, _size_form),
    **dict.fromkeys(MAPS, _is_a(dict, "object")),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _full_list),
}
