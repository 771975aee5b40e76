"""Values for schemas as people write them."""

import json
import re
from pathlib import Path

import pytest

from proxy.sim.structured import Draw, Hints, SchemaError, compiled, instance
from tests.proxy.sim.structured import golden
from tests.proxy.sim.structured.golden import array, obj
from tests.proxy.sim.structured.validation import errors, made

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


def test_values_change_only_with_a_reason():
    assert golden.values() == json.loads(golden.FILE.read_text(encoding="utf-8"))


def test_the_examples_of_the_documentation_are_true():
    text = (Path(__file__).parents[4] / "docs/structured-output.md").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^\| (.+) \| `(\{.+\})` \|$", text, re.MULTILINE))
    cases = {prompt: schema for schema, prompt in golden.CASES.values()}
    assert len(shown) == 3
    for prompt, value in shown.items():
        assert made(cases[prompt], prompt, b"1") == json.loads(value)


@pytest.mark.parametrize("name", golden.CASES)
@pytest.mark.parametrize("seed", [b"1", b"2", b"3", b"4"])
def test_schemas_as_people_write_them_get_valid_values(name, seed):
    schema, prompt = golden.CASES[name]
    made(schema, prompt, seed)
    made(schema, "", seed)


def test_an_object_has_its_properties_in_the_order_of_the_schema():
    value = made(obj(z=STRING, a=STRING, m=STRING) | {"required": ["m", "a", "z"]})
    assert list(value) == ["z", "a", "m"]


def test_optional_properties_are_there_and_left_out_where_they_cannot_be():
    schema = {
        "type": "object",
        "properties": {"a": STRING, "b": False, "c": {"type": "integer", "minimum": 2, "maximum": 1}},
    }
    assert list(made(schema)) == ["a"]


def test_a_default_is_taken_unless_the_prompt_has_another_value():
    schema = obj(city={"type": "string", "default": "Berlin"}, limit={"type": "integer", "default": 10})
    assert made(schema) == {"city": "Berlin", "limit": 10}
    assert made(schema, "The weather in Oslo") == {"city": "Oslo", "limit": 10}


def test_an_example_is_taken_and_one_that_does_not_fit_is_not():
    assert made({"type": "string", "examples": ["Room 12"]}) == "Room 12"
    assert made({"type": "string", "examples": ["Room 12"], "maxLength": 3}) != "Room 12"
    assert made(obj(place={"type": "string", "description": "City and country e.g. Bogot\u00e1, Colombia"})) == {
        "place": "Bogot\u00e1, Colombia"
    }


def test_a_default_of_null_leaves_the_value_open():
    assert made(obj(name={"anyOf": [STRING, {"type": "null"}], "default": None}))["name"]


def test_numbers_of_the_prompt_are_taken_in_turn():
    assert made(obj(a={"type": "integer"}, b={"type": "integer"}), "Multiply 12 by 7") == {"a": 12, "b": 7}


def test_a_number_of_the_prompt_that_does_not_fit_is_not_taken():
    value = made(obj(count={"type": "integer", "maximum": 5}), "Give me 99 of them")
    assert value["count"] <= 5


def test_an_alternative_that_the_prompt_names_is_taken():
    kinds = [obj(type={"type": "string", "const": kind}) for kind in ("circle", "square", "triangle")]
    for seed in (b"1", b"2", b"3"):
        assert made({"oneOf": kinds}, "Draw a square", seed) == {"type": "square"}


def test_elements_of_a_list_of_people_are_the_people_of_the_prompt():
    value = made(obj(people=array(obj(name=STRING))), "Alice, Bob and Carol work at the harbour.")
    assert value == {"people": [{"name": "Alice"}, {"name": "Bob"}, {"name": "Carol"}]}


def test_elements_that_have_to_differ_do():
    values = made(
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 6}, "minItems": 6, "uniqueItems": True}
    )
    assert sorted(values) == [1, 2, 3, 4, 5, 6]


def test_all_texts_keep_to_their_length():
    for least, most in ((0, 0), (1, 1), (3, 5), (30, 30), (200, 250)):
        value = made({"type": "string", "minLength": least, "maxLength": most}, "Tell me about tea.")
        assert least <= len(value) <= most


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("price", lambda value: value == round(value, 2) and 0 < value < 1000),
        ("confidence", lambda value: 0 <= value <= 1),
        ("latitude", lambda value: -90 <= value <= 90),
        ("year", lambda value: 1900 < value < 2100),
    ],
)
def test_numbers_are_as_their_names_suggest(name, check):
    for seed in (b"1", b"2", b"3"):
        assert check(made(obj(**{name: {"type": "number"}}), seed=seed)[name])


def test_strings_are_as_their_names_suggest():
    value = made(obj(email=STRING, website=STRING, phone=STRING, firstName=STRING, created_at=STRING))
    assert "@" in value["email"]
    assert value["website"].startswith("https://")
    assert value["phone"].startswith("+")
    assert value["firstName"].isalpha()
    assert not errors({"format": "date-time"}, value["created_at"])


def test_what_any_schema_allows_is_a_value():
    made(True)
    made({})


def test_a_closed_loop_of_alternatives_comes_to_an_end():
    leaf = obj(op={"const": "leaf"}, value={"type": "number"})
    node = obj(op={"const": "add"}, left={"$ref": "#/$defs/e"}, right={"$ref": "#/$defs/e"})
    for seed in (b"1", b"2", b"3", b"4"):
        made({"$ref": "#/$defs/e", "$defs": {"e": {"anyOf": [node, leaf]}}}, seed=seed)
