"""Reads a Messages request and holds it against the rules that span fields, in Anthropic's words.

They hold for simulated models only. Where the wording was not seen in public, it follows its neighbours.
"""

import re
from collections.abc import Container
from typing import Any

import msgspec

from proxy.endpoints import messages_schema, messages_wording
from proxy.endpoints.call import Call
from proxy.endpoints.messages_schema import (
    AnyTool,
    Block,
    Counting,
    Message,
    OneTool,
    Request,
    Text,
    ThinkingDisabled,
    ThinkingEnabled,
    Tool,
    ToolResult,
    ToolUse,
)
from proxy.endpoints.messages_wording import wrong
from proxy.errors import BadRequestError

_decoder = msgspec.json.Decoder(Request)
_counting = msgspec.json.Decoder(Counting)
_ROLES = {
    "tool_use": ("assistant",),
    "thinking": ("assistant",),
    "redacted_thinking": ("assistant",),
    "tool_result": ("user",),
    "image": ("user",),
    "document": ("user",),
}
_DATED = re.compile(r"[a-z_]+_\d{8}")  # the types of Anthropic's own tools, such as bash_20250124


def read(call: Call, *, counting: bool = False) -> Request:
    """The request, checked. Raises BadRequestError that names the first broken rule."""
    ask: Request = messages_wording.read(call, _counting) if counting else messages_wording.read(call, _decoder)
    _check(ask)
    return ask


def _check(ask: Request) -> None:
    if ask.thread is not None:  # this code lets Anthropic's clients go on without one
        raise BadRequestError(
            "thread: conversations are not held here; send the whole of it.",
            param="thread",
            code="thread_unsupported_request",
        )
    if not ask.messages:
        raise wrong("messages", "at least one message is required")
    _check_turns(ask.messages)
    _check_calls(ask.messages)
    if ask.tools is not None or ask.tool_choice is not None:
        _check_tools(ask)
    if wanted := messages_schema.format_of(ask):
        _check_schema(wanted.schema, "output_config.format.schema")
    if ask.thinking is not None:
        _check_thinking(ask)
    if any(not text.strip() for text in ask.stop_sequences or ()):
        raise wrong("stop_sequences", "each stop sequence must contain non-whitespace")


def _check_turns(messages: list[Message]) -> None:
    spoken = [message.role for message in messages if message.role != "system"]
    if spoken[:1] != ["user"]:
        raise wrong("messages", 'first message must use the "user" role')
    last = len(messages) - 1
    for index, message in enumerate(messages):
        if not message.content and not (index == last and message.role == "assistant"):
            raise wrong(f"messages.{index}", f"{message.role} messages must have non-empty content")
        for at, block in enumerate(_blocks(message)):
            kind = _kind(block)
            if isinstance(block, Text) and not block.text:
                raise wrong("messages", "text content blocks must be non-empty")
            allowed = _ROLES.get(kind, ("user", "assistant", "system"))
            if message.role not in allowed:
                raise wrong(
                    f"messages.{index}.content.{at}",
                    f"`{kind}` blocks can only be in `{allowed[0]}` messages",
                )
    if messages[last].role == "assistant" and _last_text(messages[last]).endswith((" ", "\n", "\t", "\r")):
        raise wrong("messages", "final assistant content cannot end with trailing whitespace")


def _check_calls(messages: list[Message]) -> None:
    """Each call gets its result in the next message, and each result answers a call of the one before."""
    waiting: dict[str, None] = {}  # in their order
    for index, message in enumerate(messages):
        answered: set[str] = set()
        for at, block in enumerate(_blocks(message)):
            if isinstance(block, ToolResult):
                _check_result(block.tool_use_id, waiting, answered, f"messages.{index}.content.{at}")
                answered.add(block.tool_use_id)
        if missing := [call for call in waiting if call not in answered]:
            raise _unanswered(index - 1, missing)
        calls = [block.id for block in _blocks(message) if isinstance(block, ToolUse)]
        waiting = dict.fromkeys(calls)
        if len(waiting) < len(calls):
            raise wrong(f"messages.{index}.content", "`tool_use` ids must be unique")
    if waiting:
        raise _unanswered(len(messages) - 1, list(waiting))


def _check_result(result: str, waiting: Container[str], answered: Container[str], where: str) -> None:
    if result not in waiting:
        raise wrong(
            where,
            f"unexpected `tool_use_id` found in `tool_result` blocks: {result}. Each `tool_result` block must have a "
            "corresponding `tool_use` block in the previous message.",
        )
    if result in answered:
        raise wrong(
            where, f"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {result}"
        )


def _unanswered(index: int, missing: list[str]) -> BadRequestError:
    return wrong(
        f"messages.{index}",
        f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. Each "
        "`tool_use` block must have a corresponding `tool_result` block in the next message.",
    )


def _check_tools(ask: Request) -> None:
    tools = ask.tools or []
    for index, tool in enumerate(tools):
        _check_tool(tool, f"tools.{index}")
    names = [tool.name for tool in tools]
    if len(set(names)) < len(names):
        raise wrong("tools", "Tool names must be unique.")
    if ask.tool_choice is None:
        return
    if not tools:
        raise wrong("tool_choice", "tool_choice may only be specified while providing tools.")
    if isinstance(ask.tool_choice, OneTool) and ask.tool_choice.name not in names:
        raise BadRequestError(f"Tool '{ask.tool_choice.name}' not found in provided tools", param="tool_choice.name")


def _check_tool(tool: Tool, where: str) -> None:
    if tool.type not in (None, "custom"):
        if not _DATED.fullmatch(tool.type or ""):
            raise wrong(
                where,
                f"Input tag '{tool.type}' found using 'type' does not match any of the expected tags: 'custom', "
                "'bash_20250124', 'text_editor_20250728', 'web_search_20250305', ...",
            )
    elif tool.input_schema is None:
        raise wrong(f"{where}.custom.input_schema", "Field required")
    elif tool.input_schema.get("type") != "object":
        problem = "Input should be 'object'" if "type" in tool.input_schema else "Field required"
        raise wrong(f"{where}.custom.input_schema.type", problem)
    else:
        _check_schema(tool.input_schema, f"{where}.custom.input_schema")


def _check_schema(schema: dict[str, Any], where: str) -> None:
    # It takes its time; who sends no schema need not load it.
    from proxy.sim.structured import SchemaError, compiled  # noqa: PLC0415

    try:
        compiled(msgspec.json.encode(schema).decode())
    except SchemaError as problem:
        raise wrong(where, f"JSON schema is invalid. It must match JSON Schema draft 2020-12: {problem}") from None


def _check_thinking(ask: Request) -> None:
    if isinstance(ask.thinking, ThinkingDisabled):
        return
    if isinstance(ask.thinking, ThinkingEnabled) and ask.max_tokens <= ask.thinking.budget_tokens:
        raise BadRequestError("`max_tokens` must be greater than `thinking.budget_tokens`.", param="max_tokens")
    if isinstance(ask.tool_choice, AnyTool | OneTool):
        raise BadRequestError("Thinking may not be enabled when tool_choice forces tool use.", param="tool_choice")
    if ask.temperature not in (None, 1):
        raise BadRequestError("`temperature` may only be set to 1 when thinking is enabled.", param="temperature")


def _blocks(message: Message) -> list[Block]:
    return [] if isinstance(message.content, str) else message.content


def _kind(block: Block) -> str:
    return str(block.__struct_config__.tag)


def _last_text(message: Message) -> str:
    if isinstance(message.content, str):
        return message.content
    last = message.content[-1] if message.content else None
    return last.text if isinstance(last, Text) else ""
