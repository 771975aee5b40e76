"""What a request asks of the simulator: a `ChatJob` like that of a chat with the same messages and tools."""

from collections.abc import Sequence
from typing import Any

import msgspec

from proxy.endpoints.responses import items
from proxy.endpoints.responses.schema import Asked, ChosenTool, Request
from proxy.endpoints.responses.shape import LOGPROBS
from proxy.endpoints.responses.state import Item
from proxy.endpoints.responses.tool_schema import CALLABLE
from proxy.errors import BadRequestError
from proxy.sim.job import ChatJob, Format, Length, Message, Tool, ToolUse
from proxy.wording import missing

_LENGTHS: dict[str, Length] = {"low": "short", "medium": "medium", "high": "long"}


def job_of(ask: Request, given: Sequence[Item], server_seed: int) -> ChatJob:
    """Everything that decides the answer; `given` are the items of the conversation."""
    tools = tools_of(ask)
    verbosity = ask.text.verbosity if ask.text else None
    return ChatJob(
        messages=messages_of(ask, given),
        seed=ask.seed,
        server_seed=server_seed,
        max_tokens=ask.max_output_tokens,
        response_length=ask.response_length or _LENGTHS.get(verbosity or ""),
        tool_use=_tool_use(ask, tools) if tools else None,
        tools_given=tools,
        format=_format(ask),
        top_logprobs=(ask.top_logprobs or 0) if LOGPROBS in (ask.include or ()) else None,
        reasoning_effort=ask.reasoning.effort if ask.reasoning else None,
    )


def messages_of(ask: Asked, given: Sequence[Item]) -> tuple[Message, ...]:
    """The chat: the instructions as a developer's message, then the items."""
    told = items.messages(given)
    return tuple([Message("developer", ask.instructions), *told] if ask.instructions else told)


def tools_of(ask: Asked) -> tuple[Tool, ...]:
    """The functions and custom tools, also those within namespaces."""
    return tuple([_tool(tool) for tool in callable_tools(ask)])


def callable_tools(ask: Asked) -> list[Item]:
    """The tools that the simulator can call; those that OpenAI runs itself are not among them."""
    found = []
    for tool in ask.tools or ():
        if tool["type"] in CALLABLE:
            found.append(tool)
        elif tool["type"] == "namespace":
            found += [each for each in tool["tools"] if each["type"] in CALLABLE]
    return found


def namespaces_of(ask: Asked) -> dict[str, str]:
    """The namespace of each tool that is within one."""
    spaces = [tool for tool in ask.tools or () if tool["type"] == "namespace"]
    return {each.get("name", ""): space["name"] for space in spaces for each in space["tools"]}


def _tool(tool: Item) -> Tool:
    about = tool.get("description") or ""
    if tool["type"] == "function":
        return Tool(tool["name"], about, _json(tool.get("parameters") or {}), strict=bool(tool.get("strict")))
    return Tool(tool["name"], about, _json(input_schema(tool)), custom=True)


def input_schema(tool: Item) -> dict[str, Any]:
    """What a custom tool takes, as a schema."""
    schema = {"type": "string"}
    if (grammar := tool.get("format")) and grammar.get("syntax") == "regex":
        schema["pattern"] = f"^(?:{grammar['definition']})$"
    return schema


def _tool_use(ask: Request, tools: tuple[Tool, ...]) -> ToolUse | None:
    choice = ask.tool_choice or "auto"
    if choice == "none":
        return None
    parallel = ask.parallel_tool_calls is not False
    if isinstance(choice, str):
        return ToolUse(tools, choice, parallel)
    if choice.type == "allowed_tools":
        names = {tool.name for tool in choice.tools or ()}
        allowed = tuple([tool for tool in tools if tool.name in names])
        return ToolUse(allowed, choice.mode or "auto", parallel) if allowed else None
    if choice.type not in CALLABLE:
        return None  # a tool that OpenAI runs itself is chosen: nothing of the client's is called
    return ToolUse(tuple([tool for tool in tools if tool.name == choice.name]), "required", parallel, named=True)


def check_choice_of_tool(ask: Asked) -> None:
    """A tool that is chosen is among the tools. Raises BadRequestError."""
    choice = ask.tool_choice
    if choice == "required" and not ask.tools:
        raise BadRequestError("Tool choice 'required' must be specified with 'tools' parameter.", param="tool_choice")
    if not isinstance(choice, ChosenTool):
        return
    if choice.type == "allowed_tools" and choice.tools is None:
        raise missing("tool_choice", "tools")
    if choice.type in CALLABLE and choice.name is None:
        raise missing("tool_choice", "name")
    kinds = {tool["type"] for tool in ask.tools or ()}
    names = {(tool["type"], tool["name"]) for tool in callable_tools(ask)}
    for chosen in choice.tools or () if choice.type == "allowed_tools" else (choice,):
        found = (chosen.type, chosen.name) in names if chosen.type in CALLABLE else chosen.type in kinds
        if not found:
            raise BadRequestError(
                f"Tool choice '{chosen.name or chosen.type}' not found in 'tools' parameter.", param="tool_choice"
            )


def _format(ask: Request) -> Format | None:
    wanted = ask.text.format if ask.text else None
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return Format()
    return Format(_json(wanted.schema or {}), strict=bool(wanted.strict))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
