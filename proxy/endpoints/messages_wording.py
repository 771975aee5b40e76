"""Says in Anthropic's words what is wrong with a request body, such as "messages.0.role: Field required".

Translates the decoder's complaints; the wording is that of public reports of the API's answers.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from proxy import wording
from proxy.endpoints.call import Call
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS

T = TypeVar("T")

_MOST_UNKNOWN = 100  # names of unknown fields that a lenient server takes out, one decoding each
_COMPLAINT = re.compile(r"(?P<what>.*?)(?: - at `(?:key in )?\$\.?(?P<path>.*)`)?", re.DOTALL)
_WANTED = {
    "str": "a valid string",
    "int": "a valid integer",
    "float": "a valid number",
    "bool": "a valid boolean",
    "array": "a valid list",
    "object": "an object",
}
_COMPARED = {">=": "greater than or equal to", "<=": "less than or equal to", ">": "greater than", "<": "less than"}
_BLOCKS = "'text', 'image', 'document', 'search_result'"
# By the path without its indices.
_VALUES = {
    "messages.role": "'user' or 'assistant'",
    "messages.content.type": f"{_BLOCKS}, 'tool_use', 'tool_result', 'thinking', 'redacted_thinking'",
    "messages.content.content.type": _BLOCKS,
    "system.type": "'text'",
    "tool_choice.type": "'auto', 'any', 'tool', 'none'",
    "thinking.type": "'enabled', 'disabled', 'adaptive', 'between_tools'",
    "thinking.display": "'summarized' or 'omitted'",
    "output_config.effort": "'low', 'medium', 'high', 'xhigh' or 'max'",
    "output_config.format.type": "'json_schema'",
    "service_tier": "'auto' or 'standard_only'",
    "response_length": "'short', 'medium' or 'long'",
}


def read(call: Call, decoder: msgspec.json.Decoder[T]) -> T:
    """The body in a structure; a lenient server takes unknown fields out. Raises BadRequestError."""
    body = call.body
    for left in range(_MOST_UNKNOWN if call.app[SETTINGS].lenient else 0, -1, -1):
        try:
            return decoder.decode(body)
        except msgspec.ValidationError as problem:
            less = wording.without_unknown(str(problem), body) if left else None
            if less is None:
                raise invalid(str(problem), body) from None
            body = less
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
            raise _malformed(problem) from None
    raise AssertionError("the last round returns or raises")


def wrong(where: str, what: str) -> BadRequestError:
    """The error for the field at a path such as `messages.0.role`."""
    return BadRequestError(f"{where}: {what}", param=where)


def _malformed(problem: Exception) -> BadRequestError:
    reason = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)
    return BadRequestError(f"The request body is not valid JSON: {reason}")


def invalid(complaint: str, body: bytes) -> BadRequestError:
    """The body is JSON but not the right JSON; `complaint` is msgspec's. A body that breaks off later is malformed."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return _malformed(problem)
    found = _COMPLAINT.fullmatch(complaint)
    what, path = (found["what"], found["path"] or "") if found else (complaint, "")
    where = re.sub(r"\[(\d+|\.\.\.)\]", r".\1", path).strip(".")
    for pattern, explain in _EXPLANATIONS:
        if match := pattern.fullmatch(what):
            return explain(where, *match.groups())
    return wrong(where, what)


def _missing(where: str, name: str) -> BadRequestError:
    return wrong(f"{where}.{name}".lstrip("."), "Field required")


def _unknown(where: str, name: str) -> BadRequestError:
    return wrong(f"{where}.{name}".lstrip("."), "Extra inputs are not permitted")


def _wrong_type(where: str, wanted: str, _got: str) -> BadRequestError:
    kinds = [_WANTED.get(kind, kind) for kind in wanted.split(" | ") if kind != "null"]
    return wrong(where or "body", f"Input should be {' or '.join(kinds)}")


def _out_of_range(where: str, _kind: str, sign: str, bound: str) -> BadRequestError:
    return wrong(where, f"Input should be {_COMPARED[sign]} {bound.removesuffix('.0')}")


def _wrong_length(where: str, kind: str, sign: str, bound: str) -> BadRequestError:
    size = "at most" if sign == "<=" else "at least"
    if kind == "str":
        return wrong(where, f"String should have {size} {bound} character{'' if bound == '1' else 's'}")
    return wrong(where, f"List should have {size} {bound} item{'' if bound == '1' else 's'}")


def _not_one_of(where: str, value: str) -> BadRequestError:
    expected = _VALUES.get(re.sub(r"\.\d+", "", where))
    if where.endswith(".type") and where not in ("output_config.format.type",):
        tags = f" does not match any of the expected tags: {expected}" if expected else " is not known"
        return wrong(where.removesuffix(".type"), f"Input tag {value} found using 'type'{tags}")
    return wrong(where, f"Input should be {expected}" if expected else f"{value} is not one of the values")


def _no_match(where: str, pattern: str) -> BadRequestError:
    shown = pattern.strip("'\"").replace("\\\\", "\\").replace("\\Z", "$")
    return wrong(where, f"String should match pattern '{shown}'")


_EXPLANATIONS: tuple[tuple[re.Pattern[str], Callable[..., BadRequestError]], ...] = (
    (re.compile(r"Object missing required field `(.+)`"), _missing),
    (re.compile(r"Object contains unknown field `(.*)`", re.DOTALL), _unknown),
    (re.compile(r"Expected `([^`]+)`, got `(\w+)`"), _wrong_type),
    (re.compile(r"Expected `(\w+)` (>=|<=|>|<) (\S+)"), _out_of_range),
    (re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)"), _wrong_length),
    (re.compile(r"Invalid (?:enum )?value (.+)", re.DOTALL), _not_one_of),
    (re.compile(r"Expected `str` matching regex (.+)", re.DOTALL), _no_match),
)
