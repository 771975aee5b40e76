"""The independent judge: `jsonschema`, with formats as assertions, as most clients of strict mode have them."""

from typing import Any

from jsonschema import Draft202012Validator

from proxy.sim.structured import Draw, Hints, Plan


def errors(schema: Any, value: Any) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [error.message for error in validator.iter_errors(value)]


def made(schema: Any, text: str = "", seed: bytes = b"seed") -> Any:
    """A value that has been judged."""
    value = Plan(schema).instance(Draw(seed), Hints.of([text]))
    assert not errors(schema, value), f"{value!r} for {schema!r}"
    return value
