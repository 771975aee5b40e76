"""What few schemas ask for: the negation of every keyword, odd patterns, numbers between near bounds."""

import re

import pytest

from proxy.sim.structured import Draw, Hints, Plan, SchemaError
from proxy.sim.structured.pattern import PatternError, read_pattern
from tests.proxy.sim.structured.validation import errors, made

OBJECT = {"type": "object"}


@pytest.mark.parametrize(
    "negated",
    [
        {"type": "string"},
        {"type": ["string", "integer"]},
        {"type": "integer"},
        {"type": "number"},
        {"type": ["null", "boolean", "string", "array", "object", "integer"]},
        {"const": "a"},
        {"enum": [1, "a", None]},
        {"minimum": 3},
        {"maximum": 3},
        {"exclusiveMinimum": 3},
        {"exclusiveMaximum": 3},
        {"minLength": 3},
        {"minLength": 0, "maxLength": 5},
        {"pattern": "^a+$"},
        {"minItems": 2},
        {"maxItems": 2},
        {"minProperties": 2},
        {"maxProperties": 1},
        {"format": "date"},
        {"multipleOf": 3},
        {"uniqueItems": True},
        {"contains": {"const": 1}},
        {"required": ["a", "b"]},
        {"dependentRequired": {"a": ["b"]}},
        {"dependentSchemas": {"a": {"required": ["b"]}}},
        {"properties": {"a": {"type": "string"}}},
        {"prefixItems": [{"type": "string"}, {"type": "integer"}]},
        {"items": {"type": "string"}},
        {"prefixItems": [{"type": "string"}], "items": {"type": "string"}},
        {"patternProperties": {"^x": {"type": "string"}}},
        {"additionalProperties": False},
        {"properties": {"a": True}, "patternProperties": {"^x": True}, "additionalProperties": {"type": "string"}},
        {"propertyNames": {"pattern": "^a"}},
        {"allOf": [{"type": "string"}, {"minLength": 2}]},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"oneOf": [{"minimum": 1}, {"maximum": 5}]},
        {"not": {"type": "string"}},
        {"if": {"type": "string"}, "then": {"minLength": 3}, "else": {"type": "integer"}},
        {"$ref": "#/$defs/word"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kept", [{}, {"type": "string"}, {"type": "number"}, {"type": "array"}, OBJECT], ids=str)
def test_what_a_keyword_excludes_is_avoided_or_told(negated, kept):
    schema = {"type": "object", "required": ["v"], "properties": {"v": {**kept, "not": negated}}}
    schema["$defs"] = {"word": {"type": "string"}}
    try:
        made(schema)  # which judges it
    except SchemaError as problem:
        told = str(problem)
    else:
        told = "'v'"
    assert "'v'" in told


def test_a_double_negation_asks_for_the_thing_itself():
    assert isinstance(
        made({"type": "object", "required": ["v"], "properties": {"v": {"not": {"not": {"type": "string"}}}}})["v"], str
    )


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("a)", "unmatched"),
        ("(a", "lacks"),
        ("a\\", "ends in the middle"),
        ("(" * 400 + ")" * 400, "groups within each other"),
        ("^*", "repeats an anchor"),
        ("a{99999}", "repeats more than"),
        ("a{9999999}", "repeats more than"),
        ("a{3,2}", "out of order"),
        ("*a", "nothing to repeat"),
        ("(?<=a)b", "lookbehind"),
        ("a(?=b)", "lookahead"),
        ("(?=a)b", "lookahead"),
        ("^(?=a)b|c", "one of several alternatives"),
        ("(?i)a", "flags"),
        ("(a)\\1", "backreference"),
        ("(?<n>a)\\k<n>", "backreference"),
        ("\\xzz", "broken escape"),
        ("\\u{zz}", "broken escape"),
        ("\\p{Nonsense}", "Unicode property"),
        ("\\p{L", "Unicode property"),
        ("[z-a]", "out of order"),
        ("[a-\\d]", "out of order"),
    ],
)
def test_a_pattern_that_cannot_be_read_says_why(pattern, words):
    with pytest.raises(PatternError, match=words):
        read_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("^a{,3}$", r"a\{,3\}"),
        (r"^\x41\u0042\u{43}$", "ABC"),
        (r"^\cA$", "\x01"),
        (r"^[\b]$", "\x08"),
        ("^(?<year>[0-9]{4})-(?P<month>[0-9]{2})$", "[0-9]{4}-[0-9]{2}"),
        ("^a{2}?b++$", "aab+"),
        (r"^\-\/$", "-/"),
        ("^[^a-z]$", "[^a-z]"),
        ("^(?:|x)$", "x?"),
        (r"^\p{Lu}$", r"\w"),
        (r"^\P{L}$", r"[^a-zA-Z]"),
    ],
)
def test_a_pattern_that_only_browsers_know_is_met(pattern, expected):
    value = Plan({"type": "string", "pattern": pattern}).instance(Draw(b"seed"), Hints.of([]))

    assert re.fullmatch(expected, value)


@pytest.mark.parametrize(
    "number",
    [
        {"type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.11},
        {"type": "number", "exclusiveMinimum": 1e-12, "exclusiveMaximum": 2e-12},
        {"type": "integer", "multipleOf": 2.5, "minimum": 1},
        {"type": "number", "multipleOf": 0.01, "minimum": 3.14, "maximum": 3.14},
        {"type": "integer", "maximum": -1000},
        {"type": "integer", "minimum": 10**20, "maximum": 10**20 + 5},
    ],
    ids=str,
)
def test_a_number_between_odd_bounds_is_found(number):
    schema = {"type": "object", "required": ["v"], "properties": {"v": number}}
    assert errors(schema, made(schema)) == []


@pytest.mark.parametrize(
    "array",
    [
        {"type": "array", "prefixItems": [{"const": 1}], "contains": {"const": 2}, "maxItems": 2},
        {"type": "array", "prefixItems": [{"type": "integer"}], "contains": {"const": 2}, "maxItems": 1},
        {"type": "array", "contains": {"type": "string"}, "minContains": 2, "maxItems": 2},
        {
            "type": "array",
            "maxItems": 1,
            "allOf": [{"contains": {"minimum": 2}}, {"contains": {"maximum": 5, "type": "integer"}}],
        },
        {
            "type": "array",
            "maxItems": 2,
            "minItems": 2,
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "contains": {"const": "a"},
        },
    ],
    ids=str,
)
def test_what_an_array_must_contain_finds_its_place(array):
    schema = {"type": "object", "required": ["v"], "properties": {"v": array}}
    assert errors(schema, made(schema)) == []
