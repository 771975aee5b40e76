"""Random schemas over all keywords, for hypothesis. They are small; many have no value at all."""

from typing import Any

from hypothesis import strategies as st

NAMES = st.sampled_from(["a", "b", "name", "x1", "price"])
SIZES = st.integers(0, 4)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 20),
    st.sampled_from([0.5, -1.5, 2.0, 1e3]),
    st.sampled_from(["", "a", "abc", "x1"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=4
)
PATTERNS = st.sampled_from(
    [
        "^a",
        "b$",
        "^[a-z]+$",
        r"^\d{2,3}$",
        "^(foo|bar)-[0-9]+$",
        "[^a]",
        "^x?y*$",
        "a.c",
        r"^\w{1,3}$",
        "^$",
        "^(?!a)[a-c]{1,4}$",
    ]
)
FORMATS = st.sampled_from(
    ["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri", "uri-reference",
     "json-pointer", "relative-json-pointer", "regex", "idn-email", "iri", "unknown"]
)  # fmt: skip
TYPES = st.sampled_from(["string", "number", "integer", "boolean", "object", "array", "null"])
BOUNDS = st.one_of(st.integers(-10, 20), st.sampled_from([0.5, -0.25, 1.1, 3.75]))
STEPS = st.sampled_from([1, 2, 3, 7, 0.5, 0.1, 0.01, 2.5, 1.0])

SINGLE: dict[str, st.SearchStrategy[Any]] = {
    "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
    "enum": st.lists(VALUES, min_size=1, max_size=4),
    "const": VALUES,
    "minimum": BOUNDS,
    "maximum": BOUNDS,
    "exclusiveMinimum": BOUNDS,
    "exclusiveMaximum": BOUNDS,
    "multipleOf": STEPS,
    "minLength": SIZES,
    "maxLength": SIZES,
    "pattern": PATTERNS,
    "format": FORMATS,
    "minItems": SIZES,
    "maxItems": SIZES,
    "uniqueItems": st.booleans(),
    "minContains": SIZES,
    "maxContains": SIZES,
    "minProperties": SIZES,
    "maxProperties": SIZES,
    "required": st.lists(NAMES, max_size=2, unique=True),
    "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, max_size=2, unique=True), max_size=2),
    "default": VALUES,
    "examples": st.lists(VALUES, max_size=2),
    "x-unknown": VALUES,
}


def _nested(inner: st.SearchStrategy[Any]) -> dict[str, st.SearchStrategy[Any]]:
    by_name = st.dictionaries(NAMES, inner, max_size=3)
    several = st.lists(inner, min_size=1, max_size=3)
    return {
        "properties": by_name,
        "patternProperties": st.dictionaries(PATTERNS, inner, max_size=2),
        "additionalProperties": inner,
        "propertyNames": inner,
        "dependentSchemas": by_name,
        "items": inner,
        "prefixItems": several,
        "contains": inner,
        "anyOf": several,
        "oneOf": several,
        "allOf": several,
        "not": inner,
        "if": inner,
        "then": inner,
        "else": inner,
    }


def _schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keywords = SINGLE | _nested(inner)
    chosen = st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=5, unique=True)
    return chosen.flatmap(lambda names: st.fixed_dictionaries({name: keywords[name] for name in names}))


LEAVES = st.booleans() | st.lists(st.sampled_from(sorted(SINGLE)), max_size=3, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: SINGLE[name] for name in names})
)
REFERENCES = st.sampled_from([{"$ref": "#/$defs/one"}, {"$ref": "#/$defs/two"}, {"$ref": "#"}])
SCHEMAS = st.recursive(LEAVES, _schema, max_leaves=6)
RECURSIVE = st.tuples(
    st.recursive(LEAVES | REFERENCES, _schema, max_leaves=5),
    st.recursive(LEAVES, _schema, max_leaves=3),
    st.recursive(LEAVES, _schema, max_leaves=3),
).map(lambda parts: {"allOf": [parts[0]], "$defs": {"one": parts[1], "two": parts[2]}})
