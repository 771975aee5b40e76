"""Says in OpenAI's words what is wrong with a request body.

Translates the decoder's complaints; knows the wording, not the schema, apart from a few tables of names.
The wording and codes are those the OpenAI API answers with, for example
"Invalid type for 'messages': expected an array of objects, but got a string instead." (invalid_type).
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from proxy.errors import BadRequestError

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
_TYPE = re.compile(r"Expected `([^`]+)`, got `(\w+)`")
_RANGE = re.compile(r"Expected `(\w+)` (>=|<=|>|<) (\S+)")
_SIZE = re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)")
_ENUM = re.compile(r"Invalid enum value (.+)", re.DOTALL)

_NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal number",
    "bool": "a boolean",
    "null": "null",
    "object": "an object",
    "array": "an array",
}
_WANTED = {**_NAMES, "float": "a decimal"}
_ARRAYS = {"messages": "an array of objects", "content": "an array of objects", "stop": "an array of strings"}
_VALUES = {
    "role": "'system', 'assistant', 'user', 'function', 'tool', and 'developer'",
    "type": "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'",
    "response_length": "'short', 'medium', and 'long'",
}


def malformed(problem: Exception) -> BadRequestError:
    """The body is not JSON."""
    reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
    return BadRequestError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
        "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON: "
        f"{reason}.)"
    )


def invalid(complaint: str, body: bytes) -> BadRequestError:
    """The body is JSON but not the right JSON; `complaint` is msgspec's. A body that breaks off later is malformed."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError:
        value = None  # a number too long for any type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return malformed(problem)
    found = _COMPLAINT.fullmatch(complaint)
    what, path = (found["what"], found["path"] or "") if found else (complaint, "")
    path = path.replace("[...]", "")
    for pattern, explain in ((_MISSING, _missing), (_TYPE, _wrong_type), (_ENUM, _not_one_of)):
        if match := pattern.fullmatch(what):
            return explain(path, *match.groups())
    offender = _at(value, path)
    if match := _RANGE.fullmatch(what):
        return _out_of_range(path, offender, *match.groups())
    if match := _SIZE.fullmatch(what):
        return _wrong_size(path, offender, *match.groups())
    return BadRequestError(f"Invalid '{path}': {what}.", param=path or None, code="invalid_value")


def _missing(path: str, name: str) -> BadRequestError:
    param = f"{path}.{name}" if path else name
    return BadRequestError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")


def _wrong_type(path: str, wanted: str, got: str) -> BadRequestError:
    array = _ARRAYS.get(_last_name(path), "an array")
    kinds = [array if kind == "array" else _WANTED.get(kind, kind) for kind in wanted.split(" | ") if kind != "null"]
    if len(kinds) > 1:
        rest = " or ".join(kind.removeprefix("an ").removeprefix("a ") for kind in kinds[1:])
        expected = f"one of {kinds[0]} or {rest}"
    else:
        expected = kinds[0]
    subject = f"'{path}'" if path else "the request body"
    got_name = _NAMES.get(got, got)
    return BadRequestError(
        f"Invalid type for {subject}: expected {expected}, but got {got_name} instead.",
        param=path or None,
        code="invalid_type",
    )


def _not_one_of(path: str, value: str) -> BadRequestError:
    supported = _VALUES.get(_last_name(path), "")
    return BadRequestError(
        f"Invalid value: {value}. Supported values are: {supported}.", param=path, code="invalid_value"
    )


def _out_of_range(path: str, offender: Any, kind: str, sign: str, bound: str) -> BadRequestError:
    number = "integer" if kind == "int" else "decimal"
    end, side = ("minimum", "below_min") if sign.startswith(">") else ("maximum", "above_max")
    below = "below" if side == "below_min" else "above"
    limit = bound.removesuffix(".0")
    return BadRequestError(
        f"Invalid '{path}': {number} {below} {end} value. Expected a value {sign} {limit}, but got {offender} instead.",
        param=path,
        code=f"{number}_{side}_value",
    )


def _wrong_size(path: str, offender: Any, kind: str, sign: str, bound: str) -> BadRequestError:
    noun = "string" if kind == "str" else "array"
    article = "a string" if noun == "string" else "an array"
    size = len(offender) if isinstance(offender, str | list) else "another"
    if size == 0:
        what, code, got = f"empty {noun}", f"empty_{noun}", f"an empty {noun}"
    else:
        long = sign == "<="
        what = f"{noun} too {'long' if long else 'short'}"
        code = f"{noun}_{'above_max' if long else 'below_min'}_length"
        got = f"{article} with length {size}"
    limit = f"{'maximum' if sign == '<=' else 'minimum'} length {bound}"
    return BadRequestError(
        f"Invalid '{path}': {what}. Expected {article} with {limit}, but got {got} instead.", param=path, code=code
    )


def _last_name(path: str) -> str:
    return re.sub(r"\[\d+\]", "", path).rpartition(".")[2]


def _at(value: Any, path: str) -> Any:
    """The value at `messages[0].role`; None where duplicate keys hide it."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        if name and isinstance(value, Mapping):
            value = value.get(name)
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value
