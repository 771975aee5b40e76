"""The rules of a request to the Responses API that span fields, in OpenAI's words."""

from collections.abc import Sequence

from msgspec import UNSET

from proxy.chat_rules import check_metadata
from proxy.endpoints.responses.items import check_id, content_of, text
from proxy.endpoints.responses.job import check_choice_of_tool, input_schema, tools_of
from proxy.endpoints.responses.schema import Asked, Request, Streaming
from proxy.endpoints.responses.shape import conversation_of
from proxy.endpoints.responses.state import Item
from proxy.errors import BadRequestError, NotFoundError
from proxy.schema_rules import check_format, check_function, check_grammar, format_error, function_error, grammar_error
from proxy.sim.structured import Draw, Hints, SchemaError, compiled
from proxy.wording import missing

_OF_FORMAT = "text.format.schema"


def check(ask: Request) -> None:
    """The rules of a request by itself. Raises ApiError that names the first broken one."""
    _check_question(ask)
    if ask.stream_options is not None:
        _check_stream(ask.stream_options, streaming=bool(ask.stream))
    if ask.background and ask.store is False:
        raise _only_with("background", "store")
    if ask.metadata:
        check_metadata(ask.metadata)
    check_asked(ask)
    wanted = ask.text.format if ask.text else None
    if wanted is not None and wanted.type == "json_schema":
        for field in ("name", "schema"):
            if getattr(wanted, field) is None:
                raise missing("text.format", field)
        check_format(
            wanted.name or "", wanted.schema or {}, _OF_FORMAT, "invalid_json_schema", strict=bool(wanted.strict)
        )


def _check_question(ask: Request) -> None:
    _check_model(ask)
    if ask.prompt is not None:
        raise NotFoundError(f"Prompt with id '{ask.prompt.id}' not found.")
    if ask.input is UNSET:  # also where something was said before
        raise missing("", "input")


def _check_stream(options: Streaming, *, streaming: bool) -> None:
    if not streaming:
        raise _only_with("stream_options", "stream")
    low, high = options.delay_min_ms, options.delay_max_ms
    if low is not None and high is not None and low > high:
        raise BadRequestError(
            f"Invalid 'stream_options.delay_min_ms': expected at most delay_max_ms, {high:g}, but got {low:g}.",
            param="stream_options.delay_min_ms",
            code="invalid_value",
        )


def check_asked(ask: Asked) -> None:
    """The rules that hold for counting and compaction too. Raises BadRequestError."""
    _check_model(ask)
    conversation = conversation_of(ask)
    if conversation is not None and ask.previous_response_id is not None:
        raise BadRequestError(
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: 'pre..._id' or 'conversation'.",
            code="mutually_exclusive_parameters",
        )
    if not ask.input and conversation is None and ask.previous_response_id is None:
        raise BadRequestError(
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided.",
            code="missing_required_parameter",
        )
    if ask.previous_response_id is not None:
        check_id("previous_response_id", ask.previous_response_id, "resp")
    if conversation is not None:
        check_id("conversation", conversation, "conv")
    check_choice_of_tool(ask)


def _check_model(ask: Asked) -> None:
    if ask.model is None:
        raise missing("", "model")


def check_json_is_asked_for(ask: Request, given: Sequence[Item]) -> None:
    """With text.format of type json_object the word is in the messages. Raises BadRequestError."""
    if ask.text is None or ask.text.format is None or ask.text.format.type != "json_object":
        return
    if not any("json" in text(content_of(item)).lower() for item in given):
        raise BadRequestError(
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'.",
            param="input",
        )


def with_strictness(tools: Sequence[Item]) -> list[Item]:
    """The tools as the answer shows them; where `strict` is open, strict if they can be. Raises BadRequestError."""
    return [_with_strictness(tool, f"tools[{index}]") for index, tool in enumerate(tools)]


def _with_strictness(tool: Item, where: str) -> Item:
    if tool["type"] == "namespace":
        return {
            **tool,
            "tools": [_with_strictness(each, f"{where}.tools[{at}]") for at, each in enumerate(tool["tools"])],
        }
    if tool["type"] == "custom":
        _check_grammar(tool, f"{where}.format")
        return {"description": None, "format": {"type": "text"}, **tool}
    if tool["type"] != "function":
        return tool
    parameters, strict = tool.get("parameters"), tool.get("strict")
    if strict is None:
        try:
            check_function(tool["name"], parameters, f"{where}.parameters", strict=True)
            strict = True
        except BadRequestError:
            strict = False
    check_function(tool["name"], parameters, f"{where}.parameters", strict=strict)
    shown = {"type": "function", "description": None, "name": tool["name"], "parameters": parameters}
    return shown | tool | {"strict": strict}


def _check_grammar(tool: Item, where: str) -> None:
    given = tool.get("format")
    if given is None or given["type"] != "grammar":
        return
    for field in ("syntax", "definition"):
        if given.get(field) is None:
            raise missing(where, field)
    check_grammar(tool["name"], input_schema(tool), f"{where}.definition")


def unmet(ask: Request, problem: SchemaError) -> BadRequestError:
    """The 400 for a schema that no value meets, which is seen only when one is made."""
    wanted = ask.text.format if ask.text else None
    if wanted is not None and wanted.name is not None:
        return format_error(wanted.name, problem, _OF_FORMAT, "invalid_json_schema")
    tools = tools_of(ask)
    index = next(at for at, tool in enumerate(tools) if at == len(tools) - 1 or not _can_be_met(tool.parameters))
    if tools[index].custom:
        return grammar_error(tools[index].name, problem, f"tools[{index}].format.definition")
    return function_error(tools[index].name, problem, f"tools[{index}].parameters")


def _can_be_met(schema: str) -> bool:
    try:
        compiled(schema).instance(Draw(b""), Hints.of([]))
    except SchemaError:
        return False
    return True


def _only_with(field: str, other: str) -> BadRequestError:
    return BadRequestError(f"The '{field}' parameter is only allowed when '{other}' is enabled.", param=field)
