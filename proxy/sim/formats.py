"""Answers in JSON: by a schema, or any object, with the keys that the prompt names or else about its topic."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from proxy.sim.job import Format, Message
from proxy.sim.lexicon import words_of
from proxy.sim.prose import compose
from proxy.sim.structured import Draw, compiled
from proxy.sim.tools.arguments import dumped, hints_for, told
from proxy.sim.tools.turn import Turn
from proxy.sim.topics import Reading

_JSON = re.compile(
    r"(?:\b(?:in|as|of|with|for|valid|a|an) )*\bjson\b(?: object)?(?: (?:of|for|about|on|with) )?",
    re.ASCII | re.IGNORECASE,
)
_MOST_EARLIER = 3  # turns of the user
_MOST_KEYS = 20
_LONGEST_READ = 4000  # characters of a message
# "with the keys name and age", "fields: `name` (string), `age` (number)"
_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties|property|attributes?)\b(?: (?:named|called|are|is|such as|like|of))?:? *"
    r"((?:[\"'`]?[A-Za-z_]\w*[\"'`]?(?: ?\([^)\n]{0,60}\))?(?:, and |, | and | & |,)?)+)",
    re.ASCII | re.IGNORECASE,
)
_KEY = re.compile(r"([\"'`]?)([A-Za-z_]\w*)\1(?: ?\(([^)]*)\))?", re.ASCII)
_OBJECT = re.compile(r"\{\s*(?:[\"']|[A-Za-z_]\w* *:)", re.ASCII)
_SKETCHED = re.compile(r"([\"'`]?)\b([A-Za-z_]\w*)\1 *: *[\"'<]?([a-z]*)", re.ASCII)
_LONGEST_SKETCH = 1000  # characters
_NO_KEYS = words_of("the a an and in of for with only no each should must that which are is from to as it")
_WHOLE = words_of("age count quantity year number total population rank id length size amount_of score_out_of")
_PART = words_of("price amount cost score rating weight height temperature confidence percentage probability")
_YES_NO = re.compile(r"^(?:is|has|can|should|was|will)_|^(?:valid|active|enabled|success|ok)$", re.ASCII)
_MANY = words_of(
    "tags items steps list keywords names topics examples ingredients results points cities colors reasons"
)


def written(form: Format, turn: Turn, messages: tuple[Message, ...], reading: Reading, key: bytes) -> str:
    """The JSON text. Raises SchemaError for a schema that cannot be met."""
    users = tuple([message.text for message in messages if message.role == "user"])
    background = (*users[-1 - _MOST_EARLIER : -1], *told(turn))
    if form.schema:
        hints = hints_for(form.schema, background, turn.text)
        return dumped(compiled(form.schema).instance(Draw(key), hints))
    asked = _schema(messages)
    if asked is None:
        return dumped(_about(reading, key))
    schema = dumped(asked)
    return dumped(compiled(schema).instance(Draw(key), hints_for(schema, background, turn.text)))


def _about(reading: Reading, key: bytes) -> dict[str, Any]:
    """An object on the prompt's topic, which is not that it be JSON."""
    topics = [_JSON.sub("", topic).strip() for topic in reading.topics]
    reading = replace(reading, topics=tuple([topic for topic in topics if topic]) or reading.topics)
    told = [part.strip() for part in compose(reading, "medium", key)]
    return {"topic": reading.topics[0] if reading.topics else reading.kind, "answer": told[0], "details": told[1:]}


def _schema(messages: tuple[Message, ...]) -> dict[str, Any] | None:
    """The schema of an object that the words of the prompt ask for; the latest words count."""
    for message in reversed(messages):
        if message.role in {"user", "system", "developer"}:
            text = message.text[:_LONGEST_READ]
            found = _by_example(text) or dict(_by_name(text))
            if found:
                return {"type": "object", "properties": found, "required": list(found), "additionalProperties": False}
    return None


def _by_example(text: str) -> dict[str, Any]:
    """The kinds of the values of the first object in a text."""
    found = _OBJECT.search(text)
    if not found:
        return {}
    try:
        value, _ = json.JSONDecoder().raw_decode(text[found.start() :])
    except (ValueError, RecursionError):  # {name: ...} and the like
        inside = text[found.start() : found.start() + _LONGEST_SKETCH].partition("}")[0]
        return {name: _kind(name, note) for _, name, note in _SKETCHED.findall(inside)[:_MOST_KEYS]}
    return {name: _like(name, each, 4) for name, each in list(value.items())[:_MOST_KEYS]}


def _like(name: str, value: Any, depth: int) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "integer" if isinstance(value, int) else "number", "minimum": 0}
    if isinstance(value, list):
        item = _like("", value[0], depth - 1) if value and depth else {"type": "string"}
        return {"type": "array", "items": item, "minItems": 1, "maxItems": 4}
    if isinstance(value, dict) and depth:
        inner = {each: _like(each, item, depth - 1) for each, item in list(value.items())[:_MOST_KEYS]}
        return {"type": "object", "properties": inner, "required": list(inner), "additionalProperties": False}
    return _kind(name, value if isinstance(value, str) else "")


def _by_name(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys that a text lists, each with what its name and a note in brackets say of its kind."""
    for found in _KEYS.finditer(text):
        for _, name, note in _KEY.findall(found.group(1))[:_MOST_KEYS]:
            if name.lower() not in _NO_KEYS:
                yield name, _kind(name, note)


def _kind(name: str, note: str) -> dict[str, Any]:
    lower, note = name.lower(), note.lower().strip("<>[]. ")
    if note.startswith("bool") or _YES_NO.search(lower):
        return {"type": "boolean"}
    if note.startswith(("array", "list")) or lower in _MANY:
        return {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4}
    if note.startswith("int") or lower in _WHOLE:
        return {"type": "integer", "minimum": 0}
    if note.startswith(("number", "float")) or lower in _PART:
        return {"type": "number", "minimum": 0}
    return {"type": "string"}
