"""Schemas and prompts whose values are kept in golden.json: they change only with a reason.

`python -m tests.proxy.sim.structured.golden` writes the file anew.
"""

import json
from pathlib import Path
from typing import Any

from proxy.sim.structured import Draw, Hints, Plan

FILE = Path(__file__).with_name("golden.json")


def obj(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}


def array(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "calendar event": (
        obj(name=STRING, date=STRING, participants=array(STRING)) | {"title": "CalendarEvent"},
        "Alice and Bob are going to a science fair on Friday.",
    ),
    "weather": (
        obj(location=STRING, unit={"type": "string", "enum": ["celsius", "fahrenheit"]}),
        "What is the weather like in Paris, France? Use fahrenheit.",
    ),
    "flight": (
        obj(origin=STRING, destination=STRING, date={"type": "string", "format": "date"}, passengers=INTEGER),
        "Book a flight from Berlin to New York on 2025-03-04 for 2 people",
    ),
    "mail": (obj(to=STRING, subject=STRING, body=STRING), "Send an email to bob@example.com about the budget meeting"),
    "person": (
        obj(name=STRING, age=INTEGER, city=STRING) | {"title": "Person"},
        "Extract: John Smith is 25 years old and lives in Seattle.",
    ),
    "search": (obj(query=STRING, max_results=INTEGER), "Find the best pasta recipes, at most 5 results"),
    "sum": (obj(a=NUMBER, b=NUMBER), "What is 12 times 7?"),
    "recipe": (
        obj(
            name=STRING, ingredients=array(obj(item=STRING, quantity=STRING)), instructions=array(STRING),
            prep_time_minutes=INTEGER, difficulty=STRING,
        ) | {"title": "Recipe"},
        "Write a recipe for banana bread",
    ),
    "math": (
        obj(steps=array({"$ref": "#/$defs/Step"}), final_answer=STRING)
        | {"$defs": {"Step": obj(explanation=STRING, output=STRING)}},
        "How can I solve 8x + 7 = -23?",
    ),
    "interface": (
        obj(
            type={"type": "string", "enum": ["div", "button", "form", "field"]}, label=STRING,
            children=array({"$ref": "#"}), attributes=array(obj(name=STRING, value=STRING)),
        ),
        "Make a user profile form",
    ),
    "pydantic": (
        obj(
            id={"type": "string", "format": "uuid"}, name=STRING, email={"type": "string", "format": "email"},
            price={"type": "number", "minimum": 0}, count={"type": "integer", "minimum": 1, "maximum": 9},
            created_at={"type": "string", "format": "date-time"}, tags=array(STRING), is_active={"type": "boolean"},
            address=obj(street=STRING, city=STRING, zip=STRING, country=STRING),
            nickname={"anyOf": [STRING, {"type": "null"}], "default": None},
            scores={"type": "object", "additionalProperties": NUMBER},
            code={"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
        ),
        "Hello",
    ),
}  # fmt: skip


def values() -> dict[str, Any]:
    return {
        name: [Plan(schema).instance(Draw(seed), Hints.of([prompt])) for seed in (b"1", b"2")]
        for name, (schema, prompt) in CASES.items()
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(values(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
