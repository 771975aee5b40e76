"""The rules of a chat request that span fields, in OpenAI's words; they hold for simulated models only.

A real model's request is llama-server's to judge. Where the wording was not seen in public, it follows its neighbours.
"""

from collections.abc import Iterator
from typing import cast

from proxy.errors import BadRequestError
from proxy.schema import ChatMessage, ChatRequest, Part, ResponseFormat, StreamOptions, Tool, ToolChoice
from proxy.wording import check_choice

_HIGHEST_TOKEN = 200_018  # of o200k_base
_ONLY_FROM_USERS = {
    "image_url": ("Image URLs", "an image URL"),
    "input_audio": ("Audio inputs", "an audio input"),
    "file": ("Files", "a file"),
}
_MOST_METADATA, _LONGEST_KEY = 16, 64


def check(ask: ChatRequest) -> None:
    """Raises BadRequestError that names the first broken rule."""
    if ask.stream_options is not None:
        _check_stream_options(ask.stream_options, streaming=bool(ask.stream))
    if ask.max_tokens is not None and ask.max_completion_tokens is not None:
        raise BadRequestError(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            param="max_tokens",
            code="invalid_parameter_combination",
        )
    if ask.top_logprobs and not ask.logprobs:
        raise _only_with("top_logprobs", "logprobs")
    _check_messages(ask.messages)
    if ask.tools or ask.functions or ask.tool_choice or ask.function_call or ask.parallel_tool_calls is not None:
        _check_tools(ask)
    if ask.response_format is not None:
        _check_format(ask.response_format, ask.messages)
    if ask.tools or ask.functions or (ask.response_format and ask.response_format.json_schema):
        from proxy import schema_rules  # noqa: PLC0415 - takes its time; who sends no schema need not load it

        schema_rules.check_chat(ask)
    if ask.metadata or ask.logit_bias or ask.modalities:
        _check_extras(ask)


def _check_stream_options(options: StreamOptions, *, streaming: bool) -> None:
    if not streaming:
        raise _only_with("stream_options", "stream")
    low, high = options.delay_min_ms, options.delay_max_ms
    if low is not None and high is not None and low > high:
        raise BadRequestError(
            f"Invalid 'stream_options.delay_min_ms': expected at most delay_max_ms, {high:g}, but got {low:g}.",
            param="stream_options.delay_min_ms",
            code="invalid_value",
        )


def _check_messages(messages: list[ChatMessage]) -> None:
    waiting: list[str] = []  # ids of tool calls that have no answer yet
    answerable = False  # whether a tool message may stand here
    for index, message in enumerate(messages):
        if message.role != "user" or not isinstance(message.content, str):
            _check_turn(f"messages[{index}]", message)
        if message.role == "tool":
            if not answerable:
                raise BadRequestError(
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                    "'tool_calls'.",
                    param=f"messages.[{index}].role",
                )
            _answer(waiting, message.tool_call_id, index)
            continue
        if waiting:
            raise _unanswered(waiting, index)
        answerable = False
        if message.role == "assistant" and message.tool_calls:
            waiting, answerable = [call.id for call in message.tool_calls], True
    if waiting:
        raise _unanswered(waiting, len(messages) - 1)


def _answer(waiting: list[str], call_id: str | None, index: int) -> None:
    if call_id is None:
        raise _missing(f"messages[{index}].tool_call_id")
    if call_id not in waiting:
        raise BadRequestError(
            f"Invalid parameter: 'tool_call_id' of '{call_id}' not found in 'tool_calls' of previous message.",
            param=f"messages.[{index}].tool_call_id",
        )
    waiting.remove(call_id)


def _unanswered(waiting: list[str], index: int) -> BadRequestError:
    return BadRequestError(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
        f"The following tool_call_ids did not have response messages: {', '.join(waiting)}",
        param=f"messages.[{index}].role",
    )


def _check_turn(where: str, message: ChatMessage) -> None:
    if message.content is None:
        _check_none(where, message.role)
    elif not isinstance(message.content, str):
        _check_parts(f"{where}.content", message.role, message.content)
    if message.tool_calls is not None and not message.tool_calls and message.role != "user":
        param = f"{where}.tool_calls"
        raise BadRequestError(
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            param=param,
            code="empty_array",
        )
    if message.role == "function" and message.name is None:
        raise _missing(f"{where}.name")
    for at, call in enumerate(message.tool_calls or ()):
        if getattr(call, call.type) is None:
            raise _missing(f"{where}.tool_calls[{at}].{call.type}")


def _check_none(where: str, role: str) -> None:
    if role == "developer":
        raise _missing(f"{where}.content")
    if role not in ("assistant", "function"):  # an assistant's turn may be tool calls alone
        raise BadRequestError(
            "Invalid value for 'content': expected a string, got null.", param=f"{where.replace('[', '.[')}.content"
        )


def _check_parts(where: str, role: str, parts: list[Part]) -> None:
    for index, part in enumerate(parts):
        # Each kind of part but "audio", whose field is the answer's id, holds its content in a field of its name.
        if part.type != "audio" and getattr(part, part.type) is None:
            raise _missing(f"{where}[{index}].{part.type}")
        if part.type in _ONLY_FROM_USERS and role != "user":
            raise _not_here(where.removesuffix(".content"), role, part.type)
        if part.type in _ONLY_FROM_USERS:
            _check_medium(f"{where}[{index}]", part)


def _check_medium(where: str, part: Part) -> None:
    from proxy.endpoints import media_rules  # noqa: PLC0415 - who sends texts need not load it

    if part.image_url:
        media_rules.check_image(part.image_url.url, f"{where}.image_url.url")
    elif part.input_audio:
        param = f"{where}.input_audio.data".replace("[", ".[")
        media_rules.check_sound(part.input_audio.data, part.input_audio.format, param)
    elif part.file and not part.file.file_id:
        if not part.file.file_data or not part.file.filename:
            raise _missing(f"{where}.file.file_id")
        media_rules.check_file(part.file.file_data, f"{where}.file.file_data")


def _not_here(where: str, role: str, kind: str) -> BadRequestError:
    many, one = _ONLY_FROM_USERS[kind]
    return BadRequestError(
        f"Invalid '{where}'. {many} are only allowed for messages with role 'user', but this message with role "
        f"'{role}' contains {one}.",
        param=where,
        code="invalid_value",
    )


def _check_tools(ask: ChatRequest) -> None:
    for index, tool in enumerate(ask.tools or ()):
        if getattr(tool, tool.type) is None:
            raise _missing(f"tools[{index}].{tool.type}")
        if tool.custom and (form := tool.custom.format) and form.type == "grammar" and form.grammar is None:
            raise _missing(f"tools[{index}].custom.format.grammar")
    for field, listed, tools in (
        ("tool_choice", "tools", ask.tools),
        ("parallel_tool_calls", "tools", ask.tools),
        ("function_call", "functions", ask.functions),
    ):
        if getattr(ask, field) is not None and not tools:
            raise BadRequestError(
                f"Invalid value for '{field}': '{field}' is only allowed when '{listed}' are specified.", param=field
            )
    if isinstance(ask.tool_choice, ToolChoice):
        _check_choice(ask.tool_choice, ask.tools or [])
    if ask.function_call is not None and not isinstance(ask.function_call, str):
        _check_named(ask.function_call.name, {function.name for function in ask.functions or ()}, "function_call")


def _check_choice(choice: ToolChoice, tools: list[Tool]) -> None:
    if getattr(choice, choice.type) is None:
        raise _missing(f"tool_choice.{choice.type}")
    names = {tool.name for entry in tools if (tool := entry.function or entry.custom)}
    for one in choice.allowed_tools.tools if choice.allowed_tools else [choice]:
        callee = one.function or one.custom
        _check_named(callee.name if callee else "", names, "tool_choice")


def _check_named(name: str, names: set[str], param: str) -> None:
    if name not in names:
        raise BadRequestError(
            f"Tool choice '{name}' not found in 'tools' parameter."
            if param == "tool_choice"
            else f"Invalid value for 'function_call': no function named '{name}' was specified in 'functions'.",
            param=param,
        )


def _check_format(wanted: ResponseFormat, messages: list[ChatMessage]) -> None:
    if wanted.type == "json_schema" and wanted.json_schema is None:
        raise _missing("response_format.json_schema")
    if wanted.type == "json_object" and not any("json" in text.lower() for m in messages for text in texts(m)):
        raise BadRequestError(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            param="messages",
        )


def texts(message: ChatMessage) -> Iterator[str]:
    """The texts of a message, one for each part."""
    if isinstance(message.content, str):
        yield message.content
    else:
        for part in cast("list[Part]", message.content or []):
            if text := part.text or part.refusal:
                yield text


def _check_extras(ask: ChatRequest) -> None:
    if ask.metadata:
        if not ask.store:
            raise _only_with("metadata", "store")
        check_metadata(ask.metadata)
    for key in ask.logit_bias or ():
        if not (key.isascii() and key.isdigit()):
            raise BadRequestError(
                f"Invalid key in 'logit_bias': {key}. You should only be submitting non-negative integers.",
                param="logit_bias",
            )
        if len(key) > 18 or int(key) > _HIGHEST_TOKEN:
            raise BadRequestError(
                f"Invalid key in 'logit_bias': {key}. Maximum value is {_HIGHEST_TOKEN}.", param="logit_bias"
            )
    if ask.is_spoken:
        _check_audio(ask)


def _check_audio(ask: ChatRequest) -> None:
    if ask.audio is None:
        raise _missing("audio")
    if isinstance(ask.audio.voice, str):
        from proxy.sim.speech import VOICES  # noqa: PLC0415 - who reads need not load what speaks

        check_choice("audio.voice", ask.audio.voice, VOICES)
    if ask.stream and ask.audio.format != "pcm16":
        raise BadRequestError(
            f"Unsupported value: 'audio.format' does not support '{ask.audio.format}' when stream=true. Supported "
            "values are: 'pcm16'.",
            param="audio.format",
            code="unsupported_value",
        )
    if ask.logprobs:
        raise BadRequestError(
            "Unsupported parameter: 'logprobs' is not supported with 'modalities' of ['text', 'audio'].",
            param="logprobs",
            code="unsupported_parameter",
        )


def check_metadata(metadata: dict[str, str]) -> None:
    """How many, and how long their names. Raises BadRequestError."""
    if len(metadata) > _MOST_METADATA:
        raise BadRequestError(
            f"Invalid 'metadata': too many properties. Expected an object with at most {_MOST_METADATA} properties, "
            f"but got an object with {len(metadata)} properties instead.",
            param="metadata",
            code="object_above_max_properties",
        )
    for key in metadata:
        if len(key) > _LONGEST_KEY:
            raise BadRequestError(
                f"Invalid property name in 'metadata': '{key[:3]}...{key[-3:]}' is too long. Expected a string with "
                f"maximum length {_LONGEST_KEY}, but got a string with length {len(key)} instead.",
                param=f"metadata.{key}",
                code="property_name_above_max_length",
            )


def _only_with(field: str, other: str) -> BadRequestError:
    return BadRequestError(f"The '{field}' parameter is only allowed when '{other}' is enabled.", param=field)


def _missing(param: str) -> BadRequestError:
    return BadRequestError(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
