"""What the Responses API says in other words than the rest of OpenAI's API. What is common to all is wording.py's."""

import re
from collections.abc import Sequence

from proxy.errors import BadRequestError
from proxy.wording import NAMES, TYPE

_PAGE = "https://platform.openai.com/docs/api-reference/responses/create"
# Of chat completions, and what they are called here. `max_tokens` is just unknown.
_MOVED = {
    "messages": "input",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "max_completion_tokens": "max_output_tokens",
    "functions": "tools",
    "function_call": "tool_choice",
}
# By the path, with nothing in the brackets.
_EXPECTED = {
    "input": "one of a string or array of input items",
    "input[]": "an input item",
    "tools": "an array of tools",
    "metadata": "a metadata object",
    "context_management": "an array of objects",
    "tool_choice": "one of an object or 'none', 'auto', or 'required'",
}
_LONG = 16  # characters of a word that is shown in short


def moved(name: str) -> BadRequestError | None:
    """The 400 for a field of chat completions that has another name here; None for any other."""
    if name not in _MOVED:
        return None
    return BadRequestError(
        f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{_MOVED[name]}'. Try "
        f"again with the new parameter. See the API documentation for more information: {_PAGE}.",
        code="unsupported_parameter",
    )


def wrong_type(path: str, complaint: str, words: Sequence[str]) -> BadRequestError | None:
    """The 400 for a wrong type, of a field with that path and those words; None where it is said as everywhere."""
    found = TYPE.fullmatch(complaint)
    if found is None:
        return None
    wanted, got = found[1], NAMES.get(found[2], found[2])
    expected = _EXPECTED.get(re.sub(r"\d+", "", path)) or _one_of(words, listed="array" in wanted)
    if path == "input" and got == "null":
        expected, got = "a string", "an object"  # what OpenAI makes of a null that may not be one
    if expected is None:
        return None
    return BadRequestError(
        f"Invalid type for '{path}': expected {expected}, but got {got} instead.", param=path, code="invalid_type"
    )


def _one_of(words: Sequence[str], *, listed: bool) -> str | None:
    if not words:
        return None
    *most, last = [f"'{_in_short(word)}'" for word in words]
    comma = "," if len(most) > 1 else ""
    choice = f"one of {', '.join(most)}{comma} or {last}" if most else last
    return f"an array of {choice}" if listed else choice


def _in_short(word: str) -> str:
    return word if len(word) <= _LONG else f"{word[:3]}...{word[-3:]}"
