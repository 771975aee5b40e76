"""What tool definitions add to the tokens of a prompt."""

import json
from functools import lru_cache

from proxy.sim.job import Tool
from proxy.sim.tokens import count
from proxy.sim.tools.fit import LARGEST_REMEMBERED, properties

_TOOL, _PROPERTIES, _PROPERTY, _ENUM, _ENUM_ITEM, _ALL = 7, 3, 3, -3, 3, 12


def tool_tokens(tools: tuple[Tool, ...]) -> int:
    """Tokens of the definitions.

    The formula that OpenAI publishes for gpt-4o in its cookbook, "How to count tokens with tiktoken", function
    `num_tokens_for_tools`. It knows the name, type, description and enum of an argument, and nothing below that.
    """
    return sum(map(_tokens, tools)) + _ALL if tools else 0


def _tokens(tool: Tool) -> int:
    large = len(tool.parameters) + len(tool.description) > LARGEST_REMEMBERED
    return _one(tool) if large else _remembered(tool)


def _one(tool: Tool) -> int:
    tokens = _TOOL + count(f"{tool.name}:{tool.description.removesuffix('.')}")
    arguments = properties(tool.parameters)
    if arguments:
        tokens += _PROPERTIES
    for name, schema in arguments.items():
        described = schema if isinstance(schema, dict) else {}
        tokens += _PROPERTY
        if isinstance(described.get("enum"), list):
            tokens += _ENUM + sum([_ENUM_ITEM + count(_text(item)) for item in described["enum"]])
        kind, description = _text(described.get("type", "")), _text(described.get("description", ""))
        tokens += count(f"{name}:{kind}:{description.removesuffix('.')}")
    return tokens


_remembered = lru_cache(maxsize=256)(_one)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
