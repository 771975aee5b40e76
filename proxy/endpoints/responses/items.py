"""The items of a conversation: what is wrong with them, how they are kept, and the chat's messages that they make."""

import re
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from proxy.endpoints.responses.state import Item, State, decoded
from proxy.errors import BadRequestError, NotFoundError
from proxy.sim.job import Message, ToolCall

_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "reasoning": "rs",
    "compaction": "cmp",
}
_CHECKED_PREFIXES = {"message", "function_call", "custom_tool_call", "reasoning"}
_CALLS = {"function_call": "function call", "custom_tool_call": "custom tool call"}
_OUTPUTS = {"function_call_output": "function call", "custom_tool_call_output": "custom tool call"}
_ONLY_SAID = ("output_text", "refusal")
_SANE_ID = re.compile(r"[A-Za-z0-9_-]+\Z")


def identifier(prefix: str, *parts: object) -> str:
    """An id drawn from what it names."""
    return f"{prefix}_{blake2b(msgspec.json.encode(parts), digest_size=25).hexdigest()}"


def check_id(param: str, given: str, prefix: str) -> None:
    """Raises BadRequestError for what cannot be an id of that kind."""
    if not _SANE_ID.match(given):
        raise BadRequestError(
            f"Invalid '{param}': '{given}'. Expected an ID that contains letters, numbers, underscores, or dashes, "
            "but this value contained additional characters.",
            param=param,
            code="invalid_value",
        )
    if not given.startswith(prefix):
        raise BadRequestError(
            f"Invalid '{param}': '{given}'. Expected an ID that begins with '{prefix}'.",
            param=param,
            code="invalid_value",
        )


def check_each(items: Sequence[Item], where: str = "input") -> None:
    """The rules of an item by itself. Raises BadRequestError."""
    for index, item in enumerate(items):
        kind, place = item["type"], f"{where}[{index}]"
        if item.get("id") is not None and kind in _CHECKED_PREFIXES:
            check_id(f"{place}.id", item["id"], _PREFIXES[kind])
        content = content_of(item)
        if isinstance(content, list):
            _check_parts(content, place + (".content" if kind == "message" else ".output"), item.get("role"))


def content_of(item: Item) -> str | list[Item]:
    """What a message says, or a tool answered; nothing of any other item."""
    if item["type"] == "message":
        content: str | list[Item] = item["content"]
        return content
    return item["output"] if item["type"] in _OUTPUTS else ""


def _check_parts(parts: list[Item], where: str, role: str | None) -> None:
    for index, part in enumerate(parts):
        kind, place = part["type"], f"{where}[{index}]"
        if role == "assistant" and kind not in _ONLY_SAID:
            raise _wrong_kind(place, kind, "'output_text' and 'refusal'")
        if role != "assistant" and kind in _ONLY_SAID:
            raise _wrong_kind(place, kind, "'input_text', 'input_image', and 'input_file'")
        field = "refusal" if kind == "refusal" else "text" if kind.endswith("_text") else None
        if field and part.get(field) is None:
            raise BadRequestError(
                f"Missing required parameter: '{place}.{field}'.",
                param=f"{place}.{field}",
                code="missing_required_parameter",
            )


def _wrong_kind(place: str, kind: str, supported: str) -> BadRequestError:
    return BadRequestError(
        f"Invalid value: '{kind}'. Supported values are: {supported}.", param=place, code="invalid_value"
    )


def resolved(items: Sequence[Item], state: State) -> list[Item]:
    """The items, with stored ones in place of references. Raises ApiError."""
    found = []
    for item in items:
        named = item["type"] == "item_reference"
        if named or (item["type"] == "reasoning" and not item.get("encrypted_content")):
            stored = state.items.get(item["id"])
            if stored is None:
                raise NotFoundError(
                    f"Item with id '{item['id']}' not found. Items are not persisted when `store` is set to false. "
                    "Try again with `store` set to true, or remove this item from your input.",
                    param="input",
                )
            found.append(decoded(stored) if named else item)
        else:
            found.append(item)
    return found


def check_calls(items: Sequence[Item]) -> None:
    """Every call has its output, and every output a call of its kind before it. Raises BadRequestError."""
    waiting: dict[tuple[str, str], None] = {}  # calls that have no output yet: their kind and id
    called: set[tuple[str, str]] = set()
    for item in items:
        kind = item["type"]
        if kind in _CALLS:
            call = _CALLS[kind], item["call_id"]
            called.add(call)
            waiting[call] = None
        elif kind in _OUTPUTS:
            call = _OUTPUTS[kind], item["call_id"]
            if call not in called:
                raise BadRequestError(f"No tool call found for {call[0]} output with call_id {call[1]}.", param="input")
            waiting.pop(call, None)
    for name, call_id in waiting:
        raise BadRequestError(f"No tool output found for {name} {call_id}.", param="input")


def check_reasoning(items: Sequence[Item]) -> None:
    """A reasoning comes with what it led to. Raises BadRequestError."""
    following: Item | None = None
    for item in reversed(items):
        if item["type"] != "reasoning":
            following = item
        elif following is None or following["type"] in _OUTPUTS or following.get("role", "assistant") != "assistant":
            raise BadRequestError(
                f"Item '{item['id']}' of type 'reasoning' was provided without its required following item.",
                param="input",
            )


def as_kept(items: Sequence[Item], *owner: object) -> list[Item]:
    """The items as OpenAI lists them; ids that are missing are drawn from the owner and the place."""
    return [_as_kept(item, owner, index) for index, item in enumerate(items)]


def _as_kept(item: Item, owner: tuple[object, ...], index: int) -> Item:
    kind = item["type"]
    known = item.get("id") or identifier(_PREFIXES.get(kind, "item"), *owner, index)
    if kind in ("reasoning", "compaction") or kind not in _PREFIXES:
        return {**item, "id": known}
    kept = {"id": known, **{name: value for name, value in item.items() if value is not None and name != "id"}}
    kept["status"] = item.get("status") or "completed"
    kept.pop("parsed_arguments", None)
    if kind == "message":
        kept["content"] = _parts(item["content"], item["role"])
    return kept


def _parts(content: str | list[Item], role: str) -> list[Item]:
    if isinstance(content, str):
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": content}]
    return [_as_kept_part(part) for part in content]


def _as_kept_part(part: Item) -> Item:
    if part["type"] == "output_text":
        kept: Item = {"type": "output_text", "text": part["text"], "annotations": [], "logprobs": []}
        return kept | {name: part[name] for name in ("annotations", "logprobs") if part.get(name)}
    if part["type"] == "input_image":
        return {"detail": "auto", "file_id": None, "image_url": None} | part
    return part


def messages(items: Sequence[Item]) -> list[Message]:
    """The chat that the items are. Calls that follow an assistant's text, or one another, are one turn with it."""
    turns: list[Message] = []
    said, begun = "", False  # the assistant's turn
    calls: list[ToolCall] = []

    def end() -> None:
        nonlocal said, calls, begun
        if begun:
            turns.append(Message("assistant", said, tool_calls=tuple(calls)))
        said, calls, begun = "", [], False

    for item in items:
        kind = item["type"]
        if kind in _CALLS:
            begun = True
            calls.append(_call(item))
        elif kind == "message" and item["role"] == "assistant":
            end()
            said, begun = text(item["content"]), True
        elif kind == "message":
            end()
            turns.append(Message(item["role"], text(item["content"]), media_tokens=_media_tokens(item["content"])))
        elif kind in _OUTPUTS:
            end()
            turns.append(
                Message(
                    "tool",
                    text(item["output"]),
                    tool_call_id=item["call_id"],
                    media_tokens=_media_tokens(item["output"]),
                )
            )
    end()
    return turns


def _call(item: Item) -> ToolCall:
    if item["type"] == "custom_tool_call":
        return ToolCall(item["call_id"], item["name"], item["input"], custom=True)
    return ToolCall(item["call_id"], item["name"], item["arguments"])


def text(content: str | list[Item]) -> str:
    """The texts of a content, joined."""
    if isinstance(content, str):
        return content
    return "\n".join([found for part in content if (found := part.get("text") or part.get("refusal"))])


def _media_tokens(content: str | list[Item]) -> int:
    if isinstance(content, str):
        return 0
    total = 0
    for part in content:
        if part["type"] in ("input_image", "input_file"):
            from proxy.endpoints import media  # noqa: PLC0415 - who sends texts need not load it

            if part["type"] == "input_image":
                total += media.image_tokens(part.get("image_url") or "", part.get("detail"))
            else:
                total += media.file_tokens(part.get("file_data"))
    return total
