"""Values for schemas as people write them."""

import pytest

from proxy.sim.structured import Draw, Hints, SchemaError, compiled, instance
from tests.proxy.sim.structured.validation import made


def obj(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


STRING = {"type": "string"}


def test_openais_calendar_event_is_taken_from_the_prompt():
    schema = obj(name=STRING, date=STRING, participants={"type": "array", "items": STRING}) | {"title": "CalendarEvent"}
    value = made(schema, "Alice and Bob are going to a science fair on Friday.")
    assert value == {"name": "Science fair", "date": "Friday", "participants": ["Alice", "Bob"]}


def test_openais_weather_tool_gets_the_city_and_the_unit_of_the_prompt():
    units = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    value = made(obj(location=STRING, units=units), "What is the weather like in Paris today, in fahrenheit?")
    assert value == {"location": "Paris", "units": "fahrenheit"}


def test_a_chain_of_references_ends():
    schema = obj(value={"type": "integer"}, next={"anyOf": [{"$ref": "#"}, {"type": "null"}]})
    value = made(schema)
    assert value["next"]["next"]["next"] is None


def test_the_same_draw_gives_the_same_value_and_another_one_another():
    schema = obj(name=STRING, count={"type": "integer"}, tags={"type": "array", "items": STRING})
    values = [made(schema, "Tell me about tea.", seed) for seed in (b"a", b"a", b"b")]
    assert values[0] == values[1] != values[2]


def test_the_part_that_cannot_be_met_is_named():
    with pytest.raises(
        SchemaError, match=r"In context=\('properties', 'a'\), no number meets type number, minimum 5, maximum 3"
    ):
        instance(obj(a={"type": "number", "minimum": 5, "maximum": 3}), Draw(b""), Hints.of([]))


def test_a_plan_is_remembered_by_its_text():
    assert compiled('{"type": "string"}') is compiled('{"type": "string"}')


def test_text_that_is_no_json_is_refused():
    with pytest.raises(SchemaError, match="The schema is not JSON"):
        compiled("{")
