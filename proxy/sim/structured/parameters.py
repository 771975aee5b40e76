"""What OpenAI asks of every function's parameters, strict or not, and the words in which it refuses them.

Sources: public reports of its 400 answers to tools without `strict`, many of them made from other servers' schemas.
"""

from typing import Any

from proxy.sim.structured.document import Path, children
from proxy.sim.structured.error import SchemaError

# Not anyOf, which OpenAI names in the same sentence: tools of other servers say with it which parameters go together.
_NOT_AT_THE_TOP = ("oneOf", "allOf", "enum", "not")
TOP_LEVEL = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level."
NO_ITEMS = "array schema missing items."


def check_type(schema: Any) -> None:
    """Raise SchemaError for a schema whose type is not "object"."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    if kind != "object":
        shown = kind if isinstance(kind, str) else None
        raise SchemaError(None, f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'.")


def check_parameters(schema: dict[str, Any]) -> None:
    """Raise SchemaError if no function may have these parameters. The schema is well formed."""
    check_type(schema)
    if any(key in schema for key in _NOT_AT_THE_TOP):
        raise SchemaError(None, TOP_LEVEL)
    waiting: list[tuple[Any, Path]] = [(schema, ())]
    while waiting:
        part, path = waiting.pop()
        if isinstance(part, bool):
            continue
        types = part.get("type", ())
        if "array" in ((types,) if isinstance(types, str) else types) and _says_nothing_of_items(part):
            raise SchemaError(path, NO_ITEMS)
        # In reverse, so that the first fault in reading order is the one that is named.
        waiting += reversed(list(children(part, path)))


def _says_nothing_of_items(part: dict[str, Any]) -> bool:
    return "items" not in part and "prefixItems" not in part
