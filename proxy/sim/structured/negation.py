"""What `not` asks for, as schemas of which one must be met.

Exact for every keyword except a few (formats, `multipleOf`, `uniqueItems`, bounds of `contains`), where any value is
tried and then checked.
"""

from collections.abc import Callable, Iterator
from typing import Any

from proxy.sim.structured.check import AVOID, UNMATCHED, identity
from proxy.sim.structured.document import TYPES, Schema

Part = dict[Any, Any]


def negations(schema: Schema, target: Callable[[Part], Schema]) -> list[Schema]:
    """Schemas of which each excludes `schema`; none, if everything meets it. `target` follows a `$ref`."""
    if isinstance(schema, bool):
        return [] if schema else [True]
    if "$ref" in schema and len(schema) == 1:
        return [{"not": target(schema)}]
    found: list[Schema] = []
    for keyword in _ORDER:
        if keyword in schema:
            found += _NEGATIONS[keyword](schema, target)
    return found


def _not(schema: Schema) -> Schema:
    return {"not": schema} if isinstance(schema, dict) else not schema


def _types(schema: Part, _: Any) -> Iterator[Schema]:
    types = schema["type"]
    types = {types} if isinstance(types, str) else set(types)
    if "number" in types:
        types.add("integer")
    others = [each for each in TYPES if each not in types]
    if "integer" in types and "number" not in types:
        yield {"type": "number", "not": {"type": "integer"}} if others == ["number"] else {"type": others}
    elif others:
        yield {"type": others}


def _limits(keyword: str, kind: str, opposite: str, shift: int) -> Callable[[Part, Any], Iterator[Schema]]:
    def negated(schema: Part, _: Any) -> Iterator[Schema]:
        bound = schema[keyword] + shift
        if not shift or bound >= 0:
            yield {"type": kind, opposite: bound}

    return negated


def _required(schema: Part, _: Any) -> Iterator[Schema]:
    for name in schema["required"]:
        yield {"type": "object", "properties": {name: False}}


def _dependent(schema: Part, _: Any) -> Iterator[Schema]:
    for name, others in schema["dependentRequired"].items():
        for other in others:
            yield {"type": "object", "required": [name], "properties": {other: False}}


def _properties(schema: Part, _: Any) -> Iterator[Schema]:
    for name, each in schema["properties"].items():
        yield {"type": "object", "required": [name], "properties": {name: _not(each)}}


def _prefix(schema: Part, _: Any) -> Iterator[Schema]:
    for at, each in enumerate(schema["prefixItems"]):
        yield {"type": "array", "minItems": at + 1, "prefixItems": [*[True] * at, _not(each)]}


def _items(schema: Part, _: Any) -> Iterator[Schema]:
    at = len(schema.get("prefixItems", ()))
    yield {"type": "array", "minItems": at + 1, "prefixItems": [*[True] * at, _not(schema["items"])]}


def _dependent_schemas(schema: Part, _: Any) -> Iterator[Schema]:
    for name, each in schema["dependentSchemas"].items():
        yield {"type": "object", "required": [name], "not": each}


def _condition(schema: Part, _: Any) -> Iterator[Schema]:
    yield {"allOf": [schema["if"], {"not": schema.get("then", True)}]}
    yield {"allOf": [{"not": schema["if"]}, {"not": schema.get("else", True)}]}


def _one_of(schema: Part, _: Any) -> Iterator[Schema]:
    options = schema["oneOf"]
    yield {"allOf": [{"not": each} for each in options]}
    for at, each in enumerate(options):
        if at:
            yield {"allOf": [options[0], each]}


def _pattern_properties(schema: Part, _: Any) -> Iterator[Schema]:
    for source, each in schema["patternProperties"].items():
        yield {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": source},
            "additionalProperties": _not(each),
        }


def _additional(schema: Part, _: Any) -> Iterator[Schema]:
    known = [identity(name) for name in schema.get("properties", ())]
    others = {
        "type": "string",
        AVOID: known,
        "allOf": [{UNMATCHED: each} for each in schema.get("patternProperties", ())],
    }
    yield {
        "type": "object",
        "minProperties": 1,
        "propertyNames": others if others["allOf"] else {"type": "string", AVOID: known},
        "additionalProperties": _not(schema["additionalProperties"]),
    }


def _names(schema: Part, _: Any) -> Iterator[Schema]:
    yield {"type": "object", "minProperties": 1, "propertyNames": {"not": schema["propertyNames"]}}


def _fixed(keyword: str, kind: str) -> Callable[[Part, Any], Iterator[Schema]]:
    def negated(_: Part, __: Any) -> Iterator[Schema]:
        yield {"type": kind, "not": {keyword: _[keyword]}} if keyword not in _UNSOLVED else {"type": kind}

    return negated


_UNSOLVED = ("format", "multipleOf", "uniqueItems")
_NEGATIONS: dict[Any, Callable[[Part, Any], Iterator[Schema]]] = {
    "type": _types,
    "const": lambda schema, _: iter([{AVOID: [identity(schema["const"])]}]),
    "enum": lambda schema, _: iter([{AVOID: [identity(each) for each in schema["enum"]]}]),
    AVOID: lambda _, __: iter([True]),
    UNMATCHED: lambda schema, _: iter([{"type": "string", "pattern": schema[UNMATCHED]}]),
    "pattern": lambda schema, _: iter([{"type": "string", UNMATCHED: schema["pattern"]}]),
    "minimum": _limits("minimum", "number", "exclusiveMaximum", 0),
    "maximum": _limits("maximum", "number", "exclusiveMinimum", 0),
    "exclusiveMinimum": _limits("exclusiveMinimum", "number", "maximum", 0),
    "exclusiveMaximum": _limits("exclusiveMaximum", "number", "minimum", 0),
    "minLength": _limits("minLength", "string", "maxLength", -1),
    "maxLength": _limits("maxLength", "string", "minLength", 1),
    "minItems": _limits("minItems", "array", "maxItems", -1),
    "maxItems": _limits("maxItems", "array", "minItems", 1),
    "minProperties": _limits("minProperties", "object", "maxProperties", -1),
    "maxProperties": _limits("maxProperties", "object", "minProperties", 1),
    **{keyword: _fixed(keyword, kind) for keyword, kind in zip(_UNSOLVED, ("string", "number", "array"), strict=True)},
    "contains": lambda schema, _: iter([{"type": "array", "items": _not(schema["contains"])}]),
    "required": _required,
    "dependentRequired": _dependent,
    "properties": _properties,
    "prefixItems": _prefix,
    "items": _items,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "dependentSchemas": _dependent_schemas,
    "$ref": lambda schema, target: iter([{"not": target(schema)}]),
    "allOf": lambda schema, _: iter([{"not": each} for each in schema["allOf"]]),
    "anyOf": lambda schema, _: iter([{"allOf": [{"not": each} for each in schema["anyOf"]]}]),
    "oneOf": _one_of,
    "not": lambda schema, _: iter([schema["not"]]),
    "if": _condition,
}
# What keeps the shape of a value comes first: another constant rather than another type.
_ORDER = (
    "const",
    "enum",
    "properties",
    *[key for key in _NEGATIONS if key not in ("const", "enum", "properties", "type")],
    "type",
)
