"""A JSON value for every JSON Schema, and OpenAI's rules for the schemas of strict mode.

Pure: a value follows from the schema, the drawn choices and the hints. Knows no request and no model.
"""

import json
from functools import lru_cache
from typing import Any

from proxy.sim.structured.draw import Draw
from proxy.sim.structured.error import SchemaError
from proxy.sim.structured.grammar import Grammar
from proxy.sim.structured.hints import Hints
from proxy.sim.structured.parameters import check_parameters, check_type
from proxy.sim.structured.search import Search
from proxy.sim.structured.strict import check_strict
from proxy.sim.structured.work import TooMuchWorkError

_LONGEST_REMEMBERED = 20_000  # characters

__all__ = [
    "Draw",
    "Hints",
    "Plan",
    "SchemaError",
    "check_parameters",
    "check_schema",
    "check_strict",
    "check_type",
    "compiled",
    "instance",
]


class Plan:
    """A schema made ready. Raises SchemaError for one that is none, is too large or leads nowhere."""

    def __init__(self, schema: Any) -> None:
        self._grammar = Grammar(schema)

    def instance(self, draw: Draw, hints: Hints) -> Any:
        """A value that meets the schema. Raises SchemaError, naming the part that cannot be met."""
        try:
            try:
                return Search(self._grammar, draw, hints).first()
            except TooMuchWorkError:
                return Search(self._grammar, draw, hints, bare=True).first()
        except RecursionError:
            raise SchemaError(None, "The schema is too deeply nested to generate a value for.") from None


def check_schema(schema: Any) -> None:
    """Raise SchemaError if it is no JSON Schema, or one that is not supported."""
    Plan(schema)


def instance(schema: Any, draw: Draw, hints: Hints) -> Any:
    """A value that meets the schema. Raises SchemaError."""
    return Plan(schema).instance(draw, hints)


def compiled(schema_text: str) -> Plan:
    """The plan for a schema as JSON text; remembered if it is short. Raises SchemaError."""
    return (_remembered if len(schema_text) <= _LONGEST_REMEMBERED else _planned)(schema_text)


def _planned(schema_text: str) -> Plan:
    try:
        return Plan(json.loads(schema_text))
    except (ValueError, RecursionError) as error:
        raise SchemaError(None, f"The schema is not JSON that can be read: {error}.") from None


_remembered = lru_cache(maxsize=64)(_planned)
