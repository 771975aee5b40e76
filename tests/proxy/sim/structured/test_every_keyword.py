"""Random schemas over all keywords: a value is valid to an independent judge, and its lack is told."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings

from proxy.sim.structured import Draw, Hints, Plan, SchemaError
from tests.proxy.sim.structured import schemas
from tests.proxy.sim.structured.validation import errors

HINTS = Hints.of(["Tell me about tea in Paris: 3 cups for 12 euros, says bob@example.com."])
# Some value of every kind: a schema that one of them meets has a value.
SIMPLE: list[Any] = [
    None, True, False, 0, 1, 2, -3, 7, 12, 0.5, 1.1, 3.75, "", "a", "abc", "x1", "b", "12", "foo-1", "2024-01-01",
    [], [1], ["a", "b"], [1, 2, 3], {}, {"a": 1}, {"a": "a", "b": "b"}, {"name": "x", "price": 1},
]  # fmt: skip

thorough = settings(
    max_examples=200, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


def judged(schema: Any, value: Any) -> list[str]:
    try:
        return errors(schema, value)
    except RecursionError:  # a schema that leads to itself and no further: the judge has no answer
        return []


def value_of(schema: Any) -> Any:
    """A value that is valid, or the reason why there is none."""
    try:
        value = Plan(schema).instance(Draw(b"seed"), HINTS)
    except SchemaError as error:
        return error
    assert not judged(schema, value)
    assert value == json.loads(json.dumps(value))
    return value


@thorough
@given(schemas.SCHEMAS)
def test_a_value_is_valid_and_found_where_there_is_one(schema):
    if isinstance(value_of(schema), SchemaError):
        assert all(errors(schema, value) for value in SIMPLE)


@thorough
@given(schemas.RECURSIVE)
def test_a_value_is_valid_where_references_lead_back(schema):
    value_of(schema)


@settings(parent=thorough, max_examples=60)
@given(schemas.SCHEMAS)
def test_the_same_schema_gives_the_same_value_with_a_plan_that_was_used_before(schema):
    try:
        used, fresh = Plan(schema), Plan(schema)
        used.instance(Draw(b"other"), HINTS)
        assert used.instance(Draw(b"seed"), HINTS) == fresh.instance(Draw(b"seed"), HINTS)
    except SchemaError:
        return
