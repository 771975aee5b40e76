"""What a request asks, in the same words for all four APIs. Reads what it can; what is wrong is the endpoint's to say.

Only what the request itself has is seen: not the earlier turns that `previous_response_id` or a conversation stand for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

ENDPOINTS = {
    "/v1/chat/completions": "chat",
    "/v1/completions": "completions",
    "/v1/responses": "responses",
    "/v1/messages": "messages",
}
_RESULTS = ("function_call_output", "custom_tool_call_output", "tool_result")  # no set: what is asked may be no text
_CALLS = ("function_call", "custom_tool_call")
_SHOWN = 200  # characters of a text


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as it is read here: role "tool" is what a tool gave back."""

    role: str
    text: str


@dataclass(frozen=True)
class Asked:
    """One request; `document` is its JSON."""

    endpoint: str
    headers: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model's name."""
        name = self.document.get("model")
        return name if isinstance(name, str) else ""

    @property
    def stream(self) -> bool:
        """Whether it is to be streamed."""
        return self.document.get("stream") is True

    @cached_property
    def turns(self) -> list[Turn]:
        """All messages."""
        if self.endpoint == "completions":
            return [Turn("user", _prompt(self.document.get("prompt")))]
        given = self.document.get("input" if self.endpoint == "responses" else "messages")
        if isinstance(given, str) and self.endpoint == "responses":
            return [Turn("user", given)]
        turns = [turn for item in dicts(given) for turn in _turns(item)]
        first = self.document.get("instructions" if self.endpoint == "responses" else "system")
        return [Turn("system", _text(first)), *turns] if first and self.endpoint != "chat" else turns

    @cached_property
    def user(self) -> str:
        """The last text of the user."""
        return next((turn.text for turn in reversed(self.turns) if turn.role == "user"), "")

    @property
    def user_in_short(self) -> str:
        """The beginning of it, for people."""
        return self.user if len(self.user) <= _SHOWN else self.user[:_SHOWN] + "..."

    @cached_property
    def system(self) -> str:
        """All that the developer says."""
        return "\n".join([turn.text for turn in self.turns if turn.role in ("system", "developer")])

    @cached_property
    def turn(self) -> int:
        """How many messages of the assistant there are; calls beside each other are one."""
        roles = ["", *[turn.role for turn in self.turns]]
        return sum([now == "assistant" != before for before, now in pairwise(roles)])

    @cached_property
    def tool_result(self) -> str | None:
        """What tools gave back since the assistant spoke, None where they did not."""
        texts: list[str] = []
        for turn in reversed(self.turns):
            if turn.role == "assistant":
                break
            if turn.role == "tool":
                texts.insert(0, turn.text)
        return "\n".join(texts) if texts else None

    @cached_property
    def tools(self) -> frozenset[str]:
        """The names of the tools on offer; of those that the provider runs itself their types."""
        return frozenset([_tool_name(tool) for tool in dicts(self.document.get("tools"))])


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _tool_name(tool: dict[str, Any]) -> str:
    about = tool.get("function") or tool.get("custom") or tool
    return str(about.get("name") or tool.get("type") or "") if isinstance(about, dict) else ""


def _prompt(given: Any) -> str:
    return "\n".join([each for each in given if isinstance(each, str)]) if isinstance(given, list) else str(given or "")


def _turns(item: dict[str, Any]) -> list[Turn]:
    """A message, or an item of the Responses API; the results of tools within a message first, as they are read."""
    kind, role = item.get("type"), item.get("role")
    if kind in _RESULTS:
        return [Turn("tool", _text(item.get("output")))]
    if kind in _CALLS:
        return [Turn("assistant", "")]
    if not isinstance(role, str):
        return []
    content = item.get("content")
    blocks = dicts(content)
    results = [Turn("tool", _text(block.get("content"))) for block in blocks if block.get("type") == "tool_result"]
    text = _text(content)
    said = Turn("tool" if role == "function" else role, text)
    return results if results and not text else [*results, said]


def _text(content: Any) -> str:
    """A text, or the texts in parts."""
    if isinstance(content, str):
        return content
    parts = [part.get("text") for part in dicts(content)]
    return "\n".join([part for part in parts if isinstance(part, str)])
