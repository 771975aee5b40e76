"""A request's conversation in steps: who said what, which tools were called, and what they gave back.

The same for chats, responses and messages; of a completion there is none. What the developer says is left out, for
it may change from turn to turn; so is what `previous_response_id` or a conversation stand for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from proxy.scenarios.asked import dicts
from proxy.verdict.said import ToolCall


@dataclass(frozen=True, slots=True)
class Step:
    """One message. Those of the assistant that follow each other are one; `results` are ids with texts."""

    role: str
    text: str
    calls: tuple[ToolCall, ...] = ()
    results: tuple[tuple[str, str], ...] = ()


def steps(endpoint: str, document: Any) -> list[Step]:
    """The steps of a request, as far as they can be read."""
    if not isinstance(document, dict) or endpoint == "completions":
        return []
    given = document.get("input" if endpoint == "responses" else "messages")
    if isinstance(given, str):
        return [Step("user", given)]
    found: list[Step] = []
    for item in given if isinstance(given, list) else ():
        step = _step(item) if isinstance(item, dict) else None
        if step is None:
            continue
        if found and step.role == found[-1].role == "assistant":
            last = found.pop()
            step = Step("assistant", last.text + step.text, last.calls + step.calls)
        found.append(step)
    return found


def _step(item: dict[str, Any]) -> Step | None:
    kind, role = item.get("type"), item.get("role")
    name = item.get("call_id")
    if isinstance(name, str) and isinstance(kind, str):
        if kind.endswith("_output"):
            return Step("tool", "", results=((name, _text(item.get("output"))),))
        written = str(item.get("arguments") or item.get("input") or "")
        return Step("assistant", "", (ToolCall(name, str(item.get("name") or kind), written),))
    if not isinstance(role, str) or role in ("system", "developer"):
        return None
    text = _text(item.get("content"))
    if role == "tool":
        return Step(role, "", results=((str(item.get("tool_call_id")), text),))
    if role == "assistant":
        text += str(item.get("refusal") or "")
    return Step(role, text, tuple(_calls(item)), tuple(_results(item)))


def _calls(item: dict[str, Any]) -> Iterator[ToolCall]:
    for call in dicts(item.get("tool_calls")):
        about = call.get("function") or call.get("custom")
        about = about if isinstance(about, dict) else {}
        yield ToolCall(str(call.get("id")), str(about.get("name")), str(about.get("arguments") or about.get("input")))
    for block in dicts(item.get("content")):
        if block.get("type") == "tool_use":
            yield ToolCall(str(block.get("id")), str(block.get("name")), str(block.get("input")))


def _results(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for block in dicts(item.get("content")):
        if block.get("type") == "tool_result":
            yield str(block.get("tool_use_id")), _text(block.get("content"))


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join([str(part.get("text") or part.get("refusal") or "") for part in dicts(content)])
