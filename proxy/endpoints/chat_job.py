"""What a chat request asks of the simulator: a `ChatRequest` becomes a `ChatJob`. The request has passed its checks."""

import msgspec

from proxy.schema import (
    CalledFunction,
    ChatMessage,
    ChatRequest,
    Custom,
    Function,
    NamedTool,
    Part,
    ToolChoice,
    input_schema,
)
from proxy.sim.job import ChatJob, Format, Length, Message, Tool, ToolCall, ToolUse

_LENGTHS: dict[str, Length] = {"low": "short", "medium": "medium", "high": "long"}


def job_of(ask: ChatRequest, server_seed: int) -> ChatJob:
    """Everything of a request that decides its answer."""
    stop = ask.stop or ()
    tools = tools_of(ask)
    return ChatJob(
        messages=tuple([_message(message) for message in ask.messages]),
        seed=ask.seed,
        server_seed=server_seed,
        max_tokens=ask.max_completion_tokens or ask.max_tokens,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        n=ask.n or 1,
        response_length=ask.response_length or _LENGTHS.get(ask.verbosity or ""),
        tool_use=_tool_use(ask, tools) if tools else None,
        tools_given=tools,
        format=_format(ask) if ask.response_format else None,
        top_logprobs=(ask.top_logprobs or 0) if ask.logprobs else None,
        logit_bias=tuple(sorted((int(token), bias) for token, bias in ask.logit_bias.items()))
        if ask.logit_bias
        else (),
        reasoning_effort=ask.reasoning_effort,
        prediction=_text(ask.prediction.content) if ask.prediction else None,
    )


def _message(message: ChatMessage) -> Message:
    content = message.content
    if isinstance(content, str) and message.role in ("user", "system") and message.name is None:
        return Message(message.role, content)
    role, answers = message.role, message.tool_call_id or ""
    if role == "function":
        # The forerunner of tools: its calls have no ids, so the function's name stands for one.
        role, answers = "tool", message.name or ""
    return Message(
        role=role,
        text=_text(content) or message.refusal or "",
        name=message.name or "",
        tool_calls=_calls(message),
        tool_call_id=answers,
        media_tokens=0 if isinstance(content, str | None) else sum([_media_tokens(part) for part in content]),
    )


def _text(content: str | list[Part] | None) -> str:
    if isinstance(content, str):
        return content
    return "\n".join([text for part in content or () if (text := part.text or part.refusal)])


def _media_tokens(part: Part) -> int:
    if part.type == "text":
        return 0
    from proxy.endpoints import media  # noqa: PLC0415 - who sends texts need not load it

    if part.image_url:
        return media.image_tokens(part.image_url.url, part.image_url.detail)
    if part.file:
        return media.file_tokens(part.file.file_data)
    return sound_tokens(part)


def sound_tokens(part: Part) -> int:
    """The tokens of a part that is a recording; of any other, none."""
    from proxy.endpoints import media  # noqa: PLC0415 - as above

    return media.sound_tokens(part.input_audio.data, part.input_audio.format) if part.input_audio else 0


def _calls(message: ChatMessage) -> tuple[ToolCall, ...]:
    if message.function_call:
        return (_called(message.function_call.name, message.function_call),)
    calls = []
    for call in message.tool_calls or ():
        if call.type == "custom" and call.custom:
            calls.append(ToolCall(call.id, call.custom.name, call.custom.input, custom=True))
        elif call.function:
            calls.append(_called(call.id, call.function))
    return tuple(calls)


def _called(name: str, function: CalledFunction) -> ToolCall:
    return ToolCall(name, function.name, function.arguments)


def tools_of(ask: ChatRequest) -> tuple[Tool, ...]:
    """The tools of a request, or its functions."""
    if not ask.tools and not ask.functions:
        return ()
    given = [tool.function or tool.custom for tool in ask.tools or ()]
    return tuple([_tool(tool) for tool in given or ask.functions or () if tool])


def _tool(tool: Function | Custom) -> Tool:
    about = tool.description or ""
    if isinstance(tool, Function):
        return Tool(tool.name, about, _json(tool.parameters or {}), strict=bool(tool.strict))
    return Tool(tool.name, about, _json(input_schema(tool)), custom=True)


def _tool_use(ask: ChatRequest, tools: tuple[Tool, ...]) -> ToolUse | None:
    choice = ask.tool_choice or ask.function_call or "auto"
    if choice == "none":
        return None
    parallel = ask.parallel_tool_calls is not False and bool(ask.tools)
    if isinstance(choice, str):
        return ToolUse(tools, choice, parallel)
    if isinstance(choice, ToolChoice) and choice.allowed_tools:
        names = {_name(allowed) for allowed in choice.allowed_tools.tools}
        return ToolUse(tuple([tool for tool in tools if tool.name in names]), choice.allowed_tools.mode, parallel)
    name = _name(choice) if isinstance(choice, ToolChoice) else choice.name
    return ToolUse(tuple([tool for tool in tools if tool.name == name]), "required", parallel, named=True)


def _name(chosen: NamedTool | ToolChoice) -> str:
    tool = chosen.function or chosen.custom
    return tool.name if tool else ""


def _format(ask: ChatRequest) -> Format | None:
    wanted = ask.response_format
    if wanted is None or wanted.type == "text":
        return None
    by = wanted.json_schema
    if wanted.type == "json_object" or by is None or by.schema is None:
        return Format()
    return Format(_json(by.schema), strict=bool(by.strict))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
