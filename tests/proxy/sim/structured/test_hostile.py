"""Schemas that are huge, deep, endless or impossible: an answer comes, and it says what is wrong."""

from typing import Any

import pytest

from proxy.sim.structured import Draw, Hints, SchemaError, check_schema, compiled, instance
from tests.proxy.sim.structured.validation import made

STRING: dict[str, Any] = {"type": "string"}


def nested(levels):
    schema: dict[str, Any] = STRING
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def doubling(levels):
    """Definitions of which each holds the next twice: a value of 2 ** levels parts."""
    defs = {
        f"d{at}": {
            "type": "object",
            "properties": {"a": {"$ref": f"#/$defs/d{at + 1}"}, "b": {"$ref": f"#/$defs/d{at + 1}"}},
            "required": ["a", "b"],
        }
        for at in range(levels)
    }
    return {"$defs": defs | {f"d{levels}": STRING}, "$ref": "#/$defs/d0"}


def refused(schema):
    with pytest.raises(SchemaError) as caught:
        instance(schema, Draw(b"seed"), Hints.of([]))
    return str(caught.value)


IMPOSSIBLE: list[tuple[Any, str]] = [
    (False, "In context=(), the schema 'false' allows no value."),
    ({"type": "string", "allOf": [{"type": "integer"}]}, "no value has the types integer and string at once"),
    ({"type": "integer", "minimum": 3, "maximum": 2}, "no number meets type integer, minimum 3, maximum 2"),
    ({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 4}, "no number meets"),
    ({"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 6}, "multipleOf 7"),
    ({"type": "string", "minLength": 3, "maxLength": 2}, "a string cannot have at least 3 and at most 2 characters"),
    ({"type": "string", "pattern": "^a{5}$", "maxLength": 3}, "no string was found that meets pattern '^a{5}$', maxL"),
    ({"type": "string", "pattern": "^a$", "format": "email"}, "pattern '^a$', format 'email'"),
    ({"enum": [1, 2], "type": "string"}, "no value of 'enum' or 'const' meets the other keywords"),
    ({"const": 1, "enum": [2]}, "'enum' and 'const' leave no value"),
    ({"type": "array", "minItems": 3, "maxItems": 2}, "an array cannot have at least 3 and at most 2 elements"),
    ({"type": "array", "minItems": 1, "items": False}, "an array cannot have at least 1 and at most 0 elements"),
    ({"type": "array", "items": {"enum": [1, 2]}, "minItems": 3, "uniqueItems": True}, "there are not 3 different"),
    ({"type": "object", "minProperties": 2, "maxProperties": 1}, "an object cannot have at least 2 and at most 1"),
    ({"type": "object", "minProperties": 1, "additionalProperties": False}, "an object cannot have as many as 1"),
    ({"type": "object", "required": ["a"], "properties": {"a": False}}, "the schema 'false' allows no value"),
    ({"type": "object", "required": ["a"], "propertyNames": {"pattern": "^b"}}, "the required property 'a' is no name"),
    ({"not": {}}, "In context=(), the schema 'false' allows no value."),
    ({"type": "string", "not": {"type": "string"}}, "no value has the types"),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "more than 48 levels deep"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "message"), IMPOSSIBLE, ids=lambda case: str(case)[:60])
def test_what_cannot_be_met_is_told(schema, message):
    assert message in refused(schema)


def test_the_path_leads_to_the_part():
    inner = {"type": "array", "items": {"type": "integer", "minimum": 9, "maximum": 1}, "minItems": 1}
    message = refused({"type": "object", "properties": {"list": inner}, "required": ["list"]})
    assert message.startswith("In context=('properties', 'list', 'items'), no number meets")


MALFORMED: list[tuple[Any, str]] = [
    (None, "In context=(), None is not of type 'object', 'boolean'."),
    ({"type": "str"}, "In context=('type',), 'str' is not valid under any of the given schemas."),
    ({"type": []}, "is not valid under any"),
    ({"properties": []}, "In context=('properties',), [...] is not of type 'object'."),
    ({"properties": {"a": 5}}, "In context=('properties', 'a'), 5 is not of type 'object', 'boolean'."),
    ({"enum": []}, "[] should be non-empty."),
    ({"enum": "a"}, "'a' is not of type 'array'."),
    ({"required": [1]}, "1 is not of type 'string'."),
    ({"required": "a"}, "'a' is not of type 'array'."),
    ({"dependentRequired": []}, "is not of type 'object'"),
    ({"minLength": -1}, "-1 is less than the minimum of 0."),
    ({"minItems": 1.5}, "1.5 is not of type 'integer'."),
    ({"minimum": "1"}, "'1' is not of type 'number'."),
    ({"minimum": float("inf")}, "inf is not a finite number."),
    ({"multipleOf": 0}, "0 is less than or equal to the minimum of 0."),
    ({"uniqueItems": 1}, "1 is not of type 'boolean'."),
    ({"$ref": "#/$defs/none"}, "reference to component '#/$defs/none' which was not found in the schema."),
    ({"$ref": "https://example.com/schema"}, "was not found in the schema"),
    ({"$ref": "#/type", "type": "string"}, "was not found in the schema"),
    ({"$dynamicRef": "#a"}, "dynamic references are not supported."),
    ({"pattern": "("}, "pattern '(' lacks a ')'."),
    ({"pattern": "(?<=a)b"}, "has a lookbehind, which is not supported."),
    ({"pattern": r"(a)\1"}, "has a backreference, which is not supported."),
    ({"pattern": "^(a{1,500}){1,500}$"}, "is too large."),
    ({"pattern": "a{9999}"}, "repeats more than 2000 times."),
    ({"pattern": "(" * 100 + "a" + ")" * 100}, "has more than 40 groups within each other."),
    ({"enum": ["long " * 100, 1, 2], "minLength": "long " * 100}, "long long"),
]


@pytest.mark.parametrize(("schema", "message"), MALFORMED, ids=lambda case: str(case)[:60])
def test_what_is_no_schema_is_refused_in_the_words_of_the_metaschema(schema, message):
    with pytest.raises(SchemaError) as caught:
        check_schema(schema)
    assert message in str(caught.value)


LETTERS = {"type": "object", "properties": dict.fromkeys("abcdefgh", STRING), "required": list("abcdefgh")}
TOO_MUCH: dict[str, Any] = {
    "a value too deep": nested(60),
    "a schema too deep": nested(5000),
    "doubling": doubling(40),
    "a long array": {"type": "array", "minItems": 10**9},
    "a long string": {"type": "string", "minLength": 10**9},
    "a large object": {"type": "object", "minProperties": 10**9},
    "many objects": {"type": "array", "minItems": 9000, "items": LETTERS},
    "pigeons": {"type": "array", "uniqueItems": True, "minItems": 12, "prefixItems": [{"enum": list(range(11))}] * 12},
    "choices": {
        "type": "object",
        "maxProperties": 5,
        "allOf": [{"anyOf": [{"required": [f"a{at}"]}, {"required": [f"b{at}"]}]} for at in range(20)],
    },
    "a paradox": {"not": {"$ref": "#"}},
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_work_is_refused(name):
    assert refused(TOO_MUCH[name])


CHAIN = {f"d{at}": {"$ref": f"#/$defs/d{at + 1}"} for at in range(500)}
KINDS = [{"type": "object", "properties": {"t": {"const": at}}, "required": ["t"]} for at in range(100)]
MANY = [f"p{at}" for at in range(2000)]
LARGE: dict[str, Any] = {
    "deep": nested(40),
    "many numbers": {"type": "array", "minItems": 2000, "items": {"type": "integer"}},
    "long": {"type": "string", "minLength": 50_000},
    "a pattern that backtracks": {"type": "string", "pattern": "^(a+)+$", "minLength": 100},
    "a long pattern": {"type": "string", "pattern": "^[a-z]{1000}$"},
    "many kinds": {"oneOf": KINDS},
    "many choices": {"type": "integer", "allOf": [{"anyOf": [{"minimum": at}, {"maximum": -at}]} for at in range(60)]},
    "many properties": {"type": "object", "properties": dict.fromkeys(MANY, STRING), "required": MANY},
    "wide and endless": {"type": "object", "properties": {name: {"$ref": "#"} for name in MANY[:20]}},
    "wide lists": {
        "type": "object",
        "properties": {name: {"type": "array", "items": {"$ref": "#"}} for name in MANY[:20]},
    },
    "a chain": {"$defs": CHAIN | {"d500": STRING}, "$ref": "#/$defs/d0"},
    "a great integer": {"type": "integer", "minimum": 10**400},
    "a great number": {"type": "number", "minimum": 1e308},
    "a tiny number": {"type": "number", "exclusiveMinimum": 0, "maximum": 5e-324},
}


@pytest.mark.parametrize("name", LARGE)
def test_what_is_large_but_can_be_met_is_met(name):
    assert instance(LARGE[name], Draw(b"seed"), Hints.of(["A prompt. " * 5000])) is not None


def test_references_that_lead_nowhere_end():
    assert isinstance(instance({"anyOf": [{"$ref": "#"}, STRING]}, Draw(b"seed"), Hints.of([])), str)
    assert made({"$defs": {"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/a"}}}}, "$ref": "#/$defs/a"})


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "9" * 5000])
def test_text_that_cannot_be_read_is_refused(text):
    with pytest.raises(SchemaError):
        compiled(text)
