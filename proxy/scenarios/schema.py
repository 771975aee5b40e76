"""The JSON Schema of the format, made of its types: docs/scenario.schema.json is `python -m proxy scenario schema`."""

import json
from typing import Any

import msgspec

from proxy.faults.table import FAULTS
from proxy.scenarios.format import Scenario


def published() -> str:
    """The schema as it is published."""
    (made,), parts = msgspec.json.schema_components([Scenario], ref_template="#/$defs/{name}")
    _with_faults(parts["Answer"])
    _without_nulls(parts["When"])
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scenario of the OpenAI API Simulator",
    }
    return json.dumps({**head, **made, "$defs": _without_defaults(parts)}, indent=2, ensure_ascii=False) + "\n"


def _with_faults(answer: dict[str, Any]) -> None:
    """The faults by name with their settings, where the types only know of objects."""
    settings, parts = msgspec.json.schema_components(FAULTS.values(), ref_template="{name}")
    named = {}
    for name, each in zip(FAULTS, settings, strict=True):
        part = parts[each["$ref"]]
        named[name] = {key: part[key] for key in ("type", "properties", "additionalProperties") if key in part}
        named[name]["description"] = part.get("description", "")
    for kind in answer["properties"]["fault"]["anyOf"]:
        if kind.get("type") == "object":
            kind.update({"properties": named, "additionalProperties": False, "minProperties": 1})


def _without_nulls(when: dict[str, Any]) -> None:
    """No condition without a value, which load.py refuses."""
    for each in when["properties"].values():
        each["anyOf"].remove({"type": "null"})


def _without_defaults(value: Any) -> Any:
    """An absent key is what there is where nothing is said: `null` as a default would only be proposed by editors."""
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if not (name == "default" and each in (None, {}))}
        return {name: _without_defaults(each) for name, each in kept.items()}
    return [_without_defaults(each) for each in value] if isinstance(value, list) else value
