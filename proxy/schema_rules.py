"""The JSON Schemas within a request: which of them is wrong, in OpenAI's words. What a schema may be is structured/'s.

Wording, `param` and `code` are those that people have shown of OpenAI's answers, such as "Invalid schema for function
'f': In context=('properties', 'city'), ...".
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from proxy.errors import BadRequestError
from proxy.schema import ChatRequest, Function, input_schema
from proxy.sim.structured import Draw, Hints, SchemaError, check_parameters, check_strict, check_type, compiled

_LONGEST_REMEMBERED = 20_000  # characters of a schema
_Rules = Callable[[Any], None]


def check_chat(ask: ChatRequest) -> None:
    """Raises BadRequestError that names the first schema of a chat which is wrong."""
    if ask.response_format and (wanted := ask.response_format.json_schema) and wanted.schema is not None:
        check_format(wanted.name, wanted.schema, "response_format", strict=bool(wanted.strict))
    for function, param in _functions(ask):
        check_function(function.name, function.parameters, param, strict=bool(function.strict))
    for name, schema, param in _grammars(ask):
        check_grammar(name, schema, param)


def check_format(name: str, schema: dict[str, Any], param: str, code: str | None = None, *, strict: bool) -> None:
    """Raises BadRequestError for a schema that no answer can be held to."""
    if problem := _problem(schema, check_strict if strict else None):
        raise format_error(name, problem, param, code)


def check_function(name: str, schema: dict[str, Any] | None, param: str, *, strict: bool) -> None:
    """Raises BadRequestError for parameters that no call can be held to; none at all means that there are none."""
    if not schema:
        return
    try:
        check_type(schema)  # before anything else that is wrong with it
    except SchemaError as problem:
        raise function_error(name, problem, param) from None
    if found := _problem(schema, check_strict if strict else check_parameters):
        raise function_error(name, found, param)


def check_grammar(name: str, schema: dict[str, Any], param: str) -> None:
    """Raises BadRequestError for the schema of a custom tool's input, if no input can be held to it."""
    if problem := _problem(schema, None):
        raise grammar_error(name, problem, param)


def format_error(name: str, problem: SchemaError, param: str, code: str | None = None) -> BadRequestError:
    """The 400 for the schema of an answer."""
    return BadRequestError(f"Invalid schema for response_format '{name}': {problem}", param=param, code=code)


def function_error(name: str, problem: SchemaError, param: str) -> BadRequestError:
    """The 400 for the parameters of a function."""
    return BadRequestError(
        f"Invalid schema for function '{name}': {problem}", param=param, code="invalid_function_parameters"
    )


def grammar_error(name: str, problem: SchemaError, param: str) -> BadRequestError:
    """The 400 for the grammar of a custom tool."""
    return BadRequestError(f"Invalid grammar for tool '{name}': {problem.message}", param=param, code="invalid_grammar")


def unmet(ask: ChatRequest, problem: SchemaError) -> BadRequestError:
    """The 400 for a schema that no value meets, which is seen only when one is made."""
    for function, param in _functions(ask):
        try:
            compiled(_text(function.parameters or {})).instance(Draw(b""), Hints.of([]))
        except SchemaError:
            return function_error(function.name, problem, param)
    for name, schema, param in _grammars(ask):
        try:
            compiled(_text(schema)).instance(Draw(b""), Hints.of([]))
        except SchemaError:
            return grammar_error(name, problem, param)
    wanted = ask.response_format and ask.response_format.json_schema
    return format_error(wanted.name if wanted else "", problem, "response_format")


def _functions(ask: ChatRequest) -> list[tuple[Function, str]]:
    found = [(function, f"functions[{index}].parameters") for index, function in enumerate(ask.functions or ())]
    for index, tool in enumerate(ask.tools or ()):
        if tool.function:
            found.append((tool.function, f"tools[{index}].function.parameters"))
    return found


def _grammars(ask: ChatRequest) -> list[tuple[str, dict[str, Any], str]]:
    """Of each custom tool with a regular expression its name, the schema of its input, and where the expression is."""
    return [
        (tool.custom.name, schema, f"tools[{index}].custom.format.grammar.definition")
        for index, tool in enumerate(ask.tools or ())
        if tool.custom and "pattern" in (schema := input_schema(tool.custom))
    ]


def _problem(schema: dict[str, Any], rules: _Rules | None) -> SchemaError | None:
    text = _text(schema)
    find = _found if len(text) <= _LONGEST_REMEMBERED else _found.__wrapped__
    return find(text, rules)


@lru_cache(maxsize=256)  # an agent sends its tools with every turn
def _found(text: str, rules: _Rules | None) -> SchemaError | None:
    try:
        compiled(text)
        if rules is not None:
            rules(msgspec.json.decode(text))
    except SchemaError as problem:
        return problem
    return None


def _text(schema: dict[str, Any]) -> str:
    return msgspec.json.encode(schema).decode()
