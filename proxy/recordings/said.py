"""What a recorded answer says, for a request that wants it in the other mode: plain what was streamed, or the reverse.

It becomes a scenario's script, and so goes out in the bytes that this server makes of one.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from proxy.faults.fault import data_of
from proxy.recordings.playback import body_of, events_of
from proxy.recordings.question import canonical
from proxy.runs.view import decoded
from proxy.scenarios.format import Replay
from proxy.scenarios.script import Script
from proxy.sim.job import Finish, ToolCall

_FINISHES: dict[Any, Finish] = {
    "length": "length",
    "max_tokens": "length",
    "incomplete": "length",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


def said(endpoint: str, replay: Replay, key: str) -> Script | None:
    """The script of an answer; None where it says what a script cannot, such as several choices."""
    documents = [decoded(data_of(event) or b"") for _, event in events_of(replay)] or [decoded(body_of(replay))]
    told = _Told()
    try:
        for document in documents:
            if isinstance(document, dict):
                _READERS[endpoint](told, document)
        return told.script(key)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class _Told:
    """Texts and calls as they add up."""

    def __init__(self) -> None:
        self.text = ""
        self.refusal: str | None = None
        self.finish: Any = None
        self.calls: dict[Any, list[str]] = {}  # id, name, arguments; by their place

    def call(self, place: Any, identifier: str | None, name: str | None, arguments: str | None) -> None:
        """A call of a tool, or more of its arguments."""
        call = self.calls.setdefault(place, ["", "", ""])
        call[0] = call[0] or identifier or ""
        call[1] = call[1] or name or ""
        call[2] += arguments or ""

    def script(self, key: str) -> Script:
        """All of it."""
        calls = tuple([ToolCall(name, called, given) for name, called, given in self.calls.values()])
        return Script(self.text, self.refusal, calls, _FINISHES.get(self.finish), blake2b(key.encode()).digest())


def _chat(told: _Told, document: dict[str, Any]) -> None:
    for choice in document.get("choices") or ():
        if choice.get("index"):
            raise ValueError("several choices")
        message = choice.get("delta") or choice.get("message") or {}
        told.text += message.get("content") or choice.get("text") or ""
        told.text += (message.get("audio") or {}).get("transcript") or ""
        if refusal := message.get("refusal"):
            told.refusal = (told.refusal or "") + refusal
        for place, call in enumerate(message.get("tool_calls") or ()):
            about = call.get("function") or call.get("custom") or {}
            more = about.get("arguments") or about.get("input")
            told.call(call.get("index", place), call.get("id"), about.get("name"), more)
        told.finish = choice.get("finish_reason") or told.finish


def _responses(told: _Told, document: dict[str, Any]) -> None:
    """A response; of a stream the one that its last event has."""
    response = document.get("response", document) if document.get("type") in _ENDS else document
    if response.get("object") != "response":
        return
    for place, item in enumerate(response["output"]):
        if item["type"] in ("function_call", "custom_tool_call"):
            told.call(place, item["call_id"], item["name"], item.get("arguments") or item.get("input"))
        for part in _parts(item):
            told.text += part.get("text") or ""
            if refusal := part.get("refusal"):
                told.refusal = (told.refusal or "") + refusal
    told.finish = response.get("status")


_ENDS = ("response.completed", "response.incomplete")


def _parts(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if item["type"] == "message":
        yield from item["content"]


def _messages(told: _Told, document: dict[str, Any]) -> None:
    blocks = document.get("content") if document.get("type") == "message" else None
    if document.get("type") == "content_block_start":
        _block(told, document["index"], document["content_block"] | {"input": None})
    for place, block in enumerate(blocks or ()):
        _block(told, place, block)
    delta = document.get("delta") or {}
    told.text += delta.get("text") or ""
    if "partial_json" in delta:
        told.call(document["index"], None, None, delta["partial_json"])
    told.finish = delta.get("stop_reason") or document.get("stop_reason") or told.finish


def _block(told: _Told, place: int, block: dict[str, Any]) -> None:
    if block["type"] == "text":
        told.text += block["text"]
    elif block["type"] == "tool_use":
        given = block.get("input")
        told.call(place, block["id"], block["name"], None if given is None else canonical(given))


_READERS = {"chat": _chat, "completions": _chat, "responses": _responses, "messages": _messages}
