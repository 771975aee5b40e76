"""Says in OpenAI's words what is wrong with a request body.

Translates the decoder's complaints; knows the wording, not the schema, apart from a few tables of names.
The wording and codes are those the OpenAI API answers with, for example
"Invalid type for 'messages': expected an array of objects, but got a string instead." (invalid_type).
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from proxy.errors import BadRequestError
from proxy.spelling import suggestion

_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>.*)`)?", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.+)`")
TYPE = re.compile(r"Expected `([^`]+)`, got `(\w+)`")
_RANGE = re.compile(r"Expected `(\w+)` (>=|<=|>|<) (\S+)")
_SIZE = re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)")
_ENUM = re.compile(r"Invalid enum value (.+)", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_PATTERN = re.compile(r"Expected `str` matching regex (.+)", re.DOTALL)
_ANY_KEY = "[...]"  # how msgspec names the place of a value in a mapping

NAMES = {
    "str": "a string",
    "int": "an integer",
    "float": "a decimal number",
    "bool": "a boolean",
    "null": "null",
    "object": "an object",
    "array": "an array",
}
_KINDS = {str: "str", int: "int", float: "float", bool: "bool", type(None): "null", dict: "object", list: "array"}
_WANTED = {**NAMES, "float": "a decimal"}
_ARRAYS = {"messages": "an array of objects", "content": "an array of objects", "stop": "an array of strings"}
_CALLABLE = "'function' and 'custom'"
_MODES = "'score' and 'block'"  # of moderation
_LEVELS = "'low', 'medium', and 'high'"
# By the path without its indices.
_VALUES = {
    "messages.role": "'system', 'assistant', 'user', 'function', 'tool', and 'developer'",
    "messages.content.type": "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'",
    "messages.content.image_url.detail": "'auto', 'low', and 'high'",
    "messages.content.input_audio.format": "'wav' and 'mp3'",
    "messages.tool_calls.type": _CALLABLE,
    "response_length": "'short', 'medium', and 'long'",
    "response_format.type": "'text', 'json_object', and 'json_schema'",
    "tools.type": _CALLABLE,
    "tools.custom.format.type": "'text' and 'grammar'",
    "tools.custom.format.grammar.syntax": "'lark' and 'regex'",
    "tool_choice": "'none', 'auto', and 'required'",
    "tool_choice.type": "'function', 'custom', and 'allowed_tools'",
    "tool_choice.allowed_tools.mode": "'auto' and 'required'",
    "tool_choice.allowed_tools.tools.type": _CALLABLE,
    "function_call": "'none' and 'auto'",
    "prediction.type": "'content'",
    "input.type": "'text' and 'image_url'",
    "reasoning_effort": "'none', 'minimal', 'low', 'medium', 'high', 'xhigh', and 'max'",
    "verbosity": _LEVELS,
    "moderation.policy.input.mode": _MODES,
    "moderation.policy.output.mode": _MODES,
    "prompt_cache_options.mode": "'implicit' and 'explicit'",
    "web_search_options.search_context_size": _LEVELS,
    "web_search_options.user_location.type": "'approximate'",
    "modalities": "'text' and 'audio'",
    "audio.format": "'wav', 'aac', 'mp3', 'flac', 'opus', and 'pcm16'",
    "expires_after.anchor": "'created_at'",
    "output_expires_after.anchor": "'created_at'",
    "service_tier": "'auto', 'default', 'flex', 'scale', 'priority', and 'fast'",
}


def malformed(problem: Exception) -> BadRequestError:
    """The body is not JSON."""
    reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
    return BadRequestError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP "
        "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON: "
        f"{reason}.)"
    )


def invalid(complaint: str, body: bytes, known: Iterable[str] = ()) -> BadRequestError:
    """The body is JSON but not the right JSON; `complaint` is msgspec's. A body that breaks off later is malformed.

    `known` are the fields of a request, from which one is suggested for another that is misspelt.
    """
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError:
        value = None  # a number too long for any type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return malformed(problem)
    found = _COMPLAINT.fullmatch(complaint)
    what, path = (found["what"], found["path"] or "") if found else (complaint, "")
    offender = _at(value, path.replace(_ANY_KEY, ""))
    if path.endswith(_ANY_KEY):
        key, offender = _first_wrong(offender, what)
        path = path.removesuffix(_ANY_KEY) + key
    if not path and (match := _UNKNOWN.fullmatch(what)):
        return unknown("", match[1], suggestion(match[1], set(known) - set(value or ())))
    if explained := _explained(what, path):
        return explained
    if match := _RANGE.fullmatch(what):
        return _out_of_range(path, offender, *match.groups())
    if match := _SIZE.fullmatch(what):
        return _wrong_size(path, offender, *match.groups())
    return BadRequestError(f"Invalid '{path}': {what}.", param=path or None, code="invalid_value")


def _explained(what: str, path: str) -> BadRequestError | None:
    for pattern, explain in _EXPLANATIONS:
        if match := pattern.fullmatch(what):
            return explain(path, *match.groups())
    return None


def check_choice(param: str, value: str | None, supported: Sequence[str]) -> None:
    """Raises BadRequestError for a word that is not one of the supported ones; none at all is fine."""
    if value is not None and value not in supported:
        *most, last = [f"'{word}'" for word in supported]
        listed = f"{', '.join(most)}, and {last}" if len(most) > 1 else " and ".join([*most, last])
        raise BadRequestError(
            f"Invalid value: '{value}'. Supported values are: {listed}.", param=param, code="invalid_value"
        )


def unsupported_content_type(given: str, accepted: str) -> BadRequestError:
    """The body is of another kind than the endpoint reads."""
    kind = given.partition(";")[0].strip()
    return BadRequestError(
        f"Unsupported content type: '{kind}'. This API method only accepts '{accepted}' requests, but you specified "
        f"the header 'Content-Type: {given}'. Please try again with a supported content type.",
        code="unsupported_content_type",
    )


def without_unknown(complaint: str, body: bytes) -> bytes | None:
    """The body without the unknown field that msgspec complains of, in all such places; None for another complaint."""
    found = _COMPLAINT.fullmatch(complaint)
    unknown = found and _UNKNOWN.fullmatch(found["what"])
    if not found or not unknown:
        return None
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # what is wrong besides is told by `invalid`
    places = [value]
    for name in re.findall(r"[^.\[\]]+", re.sub(r"\[\d+\]", "", found["path"] or "")):
        places = [place.get(name) for place in places if isinstance(place, dict)]
        places = [item for place in places for item in (place if isinstance(place, list) else [place])]
    for place in places:
        if isinstance(place, dict):
            place.pop(unknown[1], None)
    return msgspec.json.encode(value)


def missing(path: str, name: str) -> BadRequestError:
    """A field that has to be there; `path` is of what it belongs to, empty for the request itself."""
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
    got_name = NAMES.get(got, got)
    return BadRequestError(
        f"Invalid type for {subject}: expected {expected}, but got {got_name} instead.",
        param=path or None,
        code="invalid_type",
    )


def _not_one_of(path: str, value: str) -> BadRequestError:
    name = re.sub(r"\[\d+\]", "", path)
    supported = _VALUES.get(name.replace("prediction.content.", "messages.content."), "")  # whose parts are the same
    return BadRequestError(
        f"Invalid value: {value}. Supported values are: {supported}.", param=path, code="invalid_value"
    )


def unknown(path: str, name: str, suggested: str = "") -> BadRequestError:
    """A field that is not OpenAI's."""
    param = f"{path}.{name}" if path else name
    return BadRequestError(f"Unknown parameter: '{param}'.{suggested}", param=param, code="unknown_parameter")


def _no_match(path: str, pattern: str) -> BadRequestError:
    shown = pattern.strip("'\"").replace("\\\\", "\\").replace("\\Z", "$")
    return BadRequestError(
        f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern '{shown}'.",
        param=path,
        code="invalid_value",
    )


_EXPLANATIONS: tuple[tuple[re.Pattern[str], Callable[..., BadRequestError]], ...] = (
    (_MISSING, missing),
    (TYPE, _wrong_type),
    (_ENUM, _not_one_of),
    (_UNKNOWN, unknown),
    (_PATTERN, _no_match),
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


def _first_wrong(mapping: Any, what: str) -> tuple[str, Any]:
    """The first entry, as `.key` and value, of which msgspec can have said `what`; it names no keys."""
    wrong_type, size, limit = (pattern.fullmatch(what) for pattern in (TYPE, _SIZE, _RANGE))
    for key, item in mapping.items() if isinstance(mapping, Mapping) else ():
        if wrong_type:
            wrong = _KINDS.get(type(item)) == wrong_type[2]
        elif size:
            wrong = isinstance(item, str) and len(item) > int(size[3])
        else:
            wrong = bool(limit) and isinstance(item, int | float) and abs(item) > abs(float(limit[3] if limit else 0))
        if wrong:
            return f".{key}", item
    return "", None
