"""The arguments of a call: JSON that meets the tool's schema, with values from what was said."""

import json
import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

from proxy.sim.job import Tool
from proxy.sim.structured import Draw, Hints, Plan, compiled
from proxy.sim.tokens import without_lone_surrogates
from proxy.sim.tools.aims import aims
from proxy.sim.tools.fit import properties
from proxy.sim.tools.turn import Turn
from proxy.sim.tools.wishes import excerpt

_ANY_TEXT = ("{}", '{"type":"string"}')
_QUOTE = '"'
_LARGEST_REMEMBERED = 20_000  # characters of a schema
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_FENCED = re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)
_CODE = re.compile(r"(\b[\w.]+\([^()\n]*\))", re.ASCII)
_QUOTED = re.compile('["\u201c`]([^"\u201c\u201d`]+)["\u201d`]')


def arguments(tool: Tool, texts: tuple[str, ...], turn: Turn, key: bytes) -> str:
    """The arguments, or the input of a custom tool. Raises SchemaError.

    Values come from the texts, the earlier ones first, then from results in this turn; `key` decides the rest.
    """
    if tool.custom and tool.parameters.replace(" ", "") in _ANY_TEXT:
        return _input(texts)
    first, *rest = texts
    hints = hints_for(tool.parameters, (*reversed(rest), *told(turn)), first)
    value = _plan(tool).instance(Draw(key), hints)
    return value if tool.custom and isinstance(value, str) else dumped(value)


def hints_for(schema: str, background: tuple[str, ...], text: str) -> Hints:
    """What the texts offer to an object's properties; the last one first. Remembered, since choices share it."""
    texts = tuple([excerpt(without_lone_surrogates(each)) for each in (*background, text)])
    return _hints_for(schema, texts) if len(schema) <= _LARGEST_REMEMBERED else _hints_for.__wrapped__(schema, texts)


@lru_cache(maxsize=32)
def _hints_for(schema: str, texts: tuple[str, ...]) -> Hints:
    hints = Hints.of(texts)
    found = tuple(aims(properties(schema), texts[-1]))
    numbers = tuple([(name, value, "") for name, value in found if _NUMBER.fullmatch(value)])
    return replace(hints, assigned=found + hints.assigned, numbers=numbers + hints.numbers)


def told(turn: Turn) -> list[str]:
    """What tools gave back, as texts in which "temperature": 18 is also found as temperature: 18."""
    return [f"{result.text}\n{result.text.replace(_QUOTE, '')}" for result in turn.results]


def dumped(value: Any) -> str:
    """JSON without spaces, as OpenAI's models write it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if without_lone_surrogates(text) == text else json.dumps(value, separators=(",", ":"))


def _plan(tool: Tool) -> Plan:
    if tool.custom:
        return compiled(tool.parameters)
    try:
        schema = json.loads(tool.parameters)
    except (ValueError, RecursionError):
        return compiled(tool.parameters)
    # Arguments are an object, also where a schema leaves that open or there is none.
    if isinstance(schema, dict) and "type" not in schema:
        if not schema:
            schema["properties"], schema["additionalProperties"] = {}, False
        return compiled(json.dumps({"type": "object"} | schema))
    return compiled(tool.parameters)


def _input(texts: tuple[str, ...]) -> str:
    """The text that a custom tool gets: the first block of code, quotation or call in the texts, else what was said."""
    for pattern in (_FENCED, _QUOTED, _CODE):
        for text in texts:
            if (found := pattern.search(text)) and found.group(1).strip():
                return without_lone_surrogates(found.group(1)).strip()
    return without_lone_surrogates(texts[0]).strip() if texts else ""
