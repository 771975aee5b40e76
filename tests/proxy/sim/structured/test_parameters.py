"""What OpenAI asks of every function's parameters, in its words."""

from typing import Any

import pytest

from proxy.sim.structured import SchemaError, check_parameters

LIST: dict[str, Any] = {"type": "array"}
TOP = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    "schema",
    [
        obj(),
        {"type": "object"},
        obj(a={}, b=True, c={"oneOf": [{"type": "string"}, {"type": "null"}]}, d={"not": {"type": "string"}}),
        obj(a=LIST | {"items": {}}, b=LIST | {"items": True}, c=LIST | {"prefixItems": [{"type": "string"}]}),
        obj(a={"type": "object"}, enum={"type": "string"}, items={"type": "string"}),
        obj(a={"default": {"type": "array"}, "examples": [{"type": "array"}]}),
        {"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
    ],
    ids=lambda schema: str(schema)[:50],
)
def test_what_openai_takes_without_strict_is_accepted(schema):
    check_parameters(schema)


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"properties": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        ({"anyOf": [obj()]}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'."),
        ({"type": "string"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"string\"'."),
        *((obj() | {key: [{}]}, TOP) for key in ("oneOf", "allOf", "enum")),
        (obj() | {"not": {}}, TOP),
        (obj(a=LIST), "In context=('properties', 'a'), array schema missing items."),
        (obj(a={"type": ["array", "null"]}), "In context=('properties', 'a'), array schema missing items."),
        (obj(b=LIST | {"items": LIST}), "In context=('properties', 'b', 'items'), array schema missing items."),
        (obj(a={"anyOf": [{}, LIST]}), "In context=('properties', 'a', 'anyOf', '1'), array schema missing items."),
        (obj() | {"$defs": {"A": LIST}}, "In context=('$defs', 'A'), array schema missing items."),
        (obj(a=LIST, b=LIST), "In context=('properties', 'a'), array schema missing items."),
    ],
    ids=lambda case: str(case)[:50],
)
def test_what_openai_refuses_without_strict_is_refused_in_its_words(schema, message):
    with pytest.raises(SchemaError) as caught:
        check_parameters(schema)

    assert str(caught.value) == message
