"""The rules of strict mode, in OpenAI's words."""

import copy
from typing import Any

import pytest

from proxy.sim.structured import SchemaError, check_strict

STRING: dict[str, Any] = {"type": "string"}


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def levels(count: int) -> dict[str, Any]:
    schema: dict[str, Any] = STRING
    for _ in range(count):
        schema = obj(a=schema)
    return schema


def accepted(schema: Any) -> None:
    before = copy.deepcopy(schema)
    check_strict(schema)
    assert schema == before


def refused(schema: Any) -> str:
    with pytest.raises(SchemaError) as caught:
        check_strict(schema)
    return str(caught.value)


@pytest.mark.parametrize(
    "schema",
    [
        obj(),
        obj(name=STRING, age={"type": ["integer", "null"], "minimum": 0, "maximum": 150}),
        obj(kind={"type": "string", "enum": ["a", "b"]}, fixed={"type": "string", "const": "x"}),
        obj(tags={"type": "array", "items": STRING, "minItems": 1, "maxItems": 5}),
        obj(when={"type": "string", "format": "date-time"}, code={"type": "string", "pattern": "^[A-Z]+$"}),
        obj(item={"anyOf": [obj(a=STRING), obj(b={"type": "number", "multipleOf": 0.5}), {"type": "null"}]}),
        obj(next={"anyOf": [{"$ref": "#"}, {"type": "null"}]}),
        obj(step={"$ref": "#/$defs/Step"}) | {"$defs": {"Step": obj(text=STRING)}, "title": "T", "description": "d"},
        levels(10),
        obj(**{f"p{at}": STRING for at in range(5000)}),
        obj(e={"type": "string", "enum": [f"v{at}" for at in range(1000)]}),
    ],
    ids=lambda schema: str(schema)[:50],
)
def test_what_openai_documents_is_accepted(schema):
    accepted(schema)


RULE = "'required' is required to be supplied and to be an array including every key in properties."
CLOSED = "'additionalProperties' is required to be supplied and to be false."
NO_TYPE = "is not valid under any of the given schemas."
ROOT = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "array"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
        ({"properties": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        (True, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        (obj() | {"anyOf": [obj()]}, ROOT),
        (
            {"type": "object", "properties": {}},
            "In context=(), 'additionalProperties' is required to be supplied and to be false.",
        ),
        (
            obj(a={"type": "object", "properties": {}, "additionalProperties": True}),
            "In context=('properties', 'a'), 'additionalProperties' is required to be supplied and to be false.",
        ),
        (obj(a=STRING) | {"required": []}, f"In context=(), {RULE} Missing 'a'."),
        (obj(a=STRING) | {"required": ["a", "b"]}, f"In context=(), {RULE} Extra required key 'b' supplied."),
        (obj(a={}), "In context=('properties', 'a'), schema must have a 'type' key."),
        (obj(a={"const": "x"}), "In context=('properties', 'a'), schema must have a 'type' key."),
        (obj(a={"type": "array"}), "In context=('properties', 'a'), array schema missing items."),
        (obj(a={"type": "string", "default": "x"}), "In context=('properties', 'a'), 'default' is not permitted."),
        (obj(a={"type": "string", "minLength": 1}), "In context=('properties', 'a'), 'minLength' is not permitted."),
        (obj(a={"oneOf": [STRING]}), "In context=('properties', 'a'), 'oneOf' is not permitted."),
        (obj(a={"allOf": [STRING]}), "In context=('properties', 'a'), 'allOf' is not permitted."),
        (
            obj(a={"type": "array", "items": STRING, "uniqueItems": True}),
            "In context=('properties', 'a'), 'uniqueItems' is not permitted.",
        ),
        (obj(a={"type": "string", "format": "uri"}), "In context=('properties', 'a'), 'uri' is not a valid format."),
        (
            obj(a={"$ref": "#", "description": "d"}),
            "context=('properties', 'a'), $ref cannot have keywords {'description'}",
        ),
        (
            obj(a={"$ref": "#/$defs/none"}),
            "In context=('properties', 'a'), reference to component '#/$defs/none' which was not found in the schema.",
        ),
        (
            obj(a={"anyOf": [STRING, {"type": "object"}]}),
            f"In context=('properties', 'a', 'anyOf', '1'), {CLOSED}",
        ),
        (obj(a={"type": "odd"}), f"In context=('properties', 'a', 'type'), 'odd' {NO_TYPE}"),
        (levels(11), "11 levels of nesting exceeds limit of 10."),
        (obj(**{f"p{at}": STRING for at in range(5001)}), "5001 parameters exceeds limit of 5000."),
    ],
    ids=lambda case: str(case)[:50],
)  # fmt: skip
def test_what_openai_refuses_is_refused_in_its_words(schema, message):
    assert refused(schema) == message


def test_arrays_count_as_levels():
    schema: dict[str, Any] = STRING
    for _ in range(6):
        schema = obj(a={"type": "array", "items": schema})
    assert refused(schema) == "12 levels of nesting exceeds limit of 10."


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (obj(e={"type": "integer", "enum": list(range(1001))}), "Expected at most 1000 enum values in total"),
        (obj(e={"type": "string", "enum": [f"{at:0100}" for at in range(251)]}), "Expected at most 15000 characters"),
        (obj(**{"p" * 60_000: STRING, "q" * 60_001: STRING}), "Expected at most 120000 characters"),
    ],
    ids=lambda case: str(case)[:50],
)
def test_the_limits_on_names_and_values_are_kept(schema, message):
    assert refused(schema).startswith(message)
