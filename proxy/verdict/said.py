"""What an answer said, in the same words for all four APIs, plain or streamed, whole or cut off.

Reads the bytes that the journal kept, and never fails: what cannot be read is not there.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from proxy.runs.journal import MOST_OF_ONE, Entry
from proxy.runs.view import decoded
from proxy.scenarios.asked import dicts

_MOST_UNPACKED = 4 * 2**20  # bytes of one compressed answer
_STREAM_STARTS = (b"data:", b"event:", b":")
# Every API's word for the same end.
ENDS = {
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "refusal": "content_filter",
}


@dataclass(slots=True)
class ToolCall:
    """A tool that the model called; `arguments` as they were written."""

    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class Choice:
    """One candidate. `finish` is the API's own word, None where there was none; `end` is OpenAI's for chats."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    finish: str | None = None

    @property
    def end(self) -> str | None:
        """Why it ended: stop, length, tool_calls or content_filter."""
        return ENDS.get(self.finish or "", self.finish)


@dataclass(slots=True)
class Said:
    """An answer. `ended` is whether what ends such a stream was there; a plain answer has its end where it is JSON."""

    choices: dict[Any, Choice] = field(default_factory=dict)
    streamed: bool = False
    ended: bool = False
    error: Any = None
    id: str | None = None
    status: str | None = None  # of a response
    kept: bool = True  # whether the journal has all of it
    parts: dict[Any, ToolCall] = field(default_factory=dict)  # a stream's calls by their place

    @property
    def is_finished(self) -> bool:
        """Whether each candidate told why it ended."""
        return bool(self.choices) and all(choice.finish is not None for choice in self.choices.values())

    @property
    def calls(self) -> list[ToolCall]:
        """The tool calls of all candidates."""
        return [call for choice in self.choices.values() for call in choice.calls]

    def choice(self, index: Any = 0) -> Choice:
        """A candidate, made where it is new."""
        return self.choices.setdefault(index, Choice())

    def call(self, place: Any, index: Any = 0) -> ToolCall:
        """A stream's call by its place, made where it is new."""
        if place not in self.parts:
            self.parts[place] = ToolCall()
            self.choice(index).calls.append(self.parts[place])
        return self.parts[place]


def read(entry: Entry) -> Said:
    """The answer of an entry, as far as it went out."""
    data = _unpacked(entry, b"".join([piece for _, piece in list(entry.pieces)]))
    said = Said(kept=entry.answer_size <= MOST_OF_ONE)
    if not data.startswith(_STREAM_STARTS):
        document = decoded(data)
        if isinstance(document, dict):
            said.ended = True
            _see(said, document)
        return said
    said.streamed = True
    for document in _documents(data):
        if document is None:
            said.ended = True
        else:
            _see(said, document)
    return said


def _unpacked(entry: Entry, data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b" or entry.answer_headers.get("Content-Encoding") != "gzip":
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS + 16).decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return b""


def _documents(data: bytes) -> Iterator[dict[str, Any] | None]:
    """The events' JSON, and None for [DONE]."""
    for line in data.splitlines():
        if not line.startswith(b"data:"):
            continue
        text = line[5:].strip()
        if text == b"[DONE]":
            yield None
        elif isinstance(document := decoded(text), dict):
            yield document


def _see(said: Said, document: dict[str, Any]) -> None:
    kind = document.get("type")
    if document.get("error") and kind in (None, "error"):
        said.error = document["error"]
    elif isinstance(document.get("choices"), list):
        for choice in document["choices"]:
            if isinstance(choice, dict):
                _chat(said, choice)
    elif isinstance(kind, str) and (kind.startswith("response.") or kind == "error"):
        _event_of_a_response(said, kind, document)
    elif document.get("object") == "response":
        _response(said, document)
    elif isinstance(kind, str):
        _message(said, kind, document)


def _chat(said: Said, given: dict[str, Any]) -> None:
    """A choice of a chat or of a completion, or a piece of one."""
    index = _place(given.get("index"))
    choice = said.choice(index)
    delta = _dict(given.get("delta") or given.get("message"))
    spoken = _dict(delta.get("audio")).get("transcript")
    for text in (given.get("text"), delta.get("content"), delta.get("refusal"), spoken):
        choice.text += text if isinstance(text, str) else ""
    for number, part in enumerate(dicts(delta.get("tool_calls"))):
        call = said.call((index, _place(part.get("index", number))), index)
        about = _dict(part.get("function") or part.get("custom"))
        call.id = call.id or str(part.get("id") or "")
        call.name = call.name or str(about.get("name") or "")
        call.arguments += str(about.get("arguments") or about.get("input") or "")
    choice.finish = _word(given.get("finish_reason")) or choice.finish


def _response(said: Said, document: dict[str, Any]) -> None:
    """A response as it is told whole."""
    said.id, said.status = _word(document.get("id")), _word(document.get("status"))
    if not document.get("output") and said.status not in ("completed", "incomplete"):
        said.error = document.get("error") or said.error
        return
    choice = said.choices[0] = Choice()
    for item in dicts(document.get("output")):
        _item(choice, item)
    if said.status == "incomplete":
        choice.finish = _word(_dict(document.get("incomplete_details")).get("reason")) or "length"
    elif said.status == "completed":
        choice.finish = "tool_calls" if choice.calls else "stop"


def _item(choice: Choice, item: dict[str, Any]) -> None:
    if isinstance(item.get("call_id"), str):
        written = item.get("arguments") or item.get("input") or ""
        choice.calls.append(ToolCall(item["call_id"], str(item.get("name") or item.get("type")), str(written)))
    for part in dicts(item.get("content")) if item.get("type") == "message" else ():
        choice.text += str(part.get("text") or part.get("refusal") or "")


def _event_of_a_response(said: Said, kind: str, event: dict[str, Any]) -> None:
    if kind in ("response.completed", "response.incomplete", "response.failed"):
        said.ended = True
        said.error = _dict(event.get("response")).get("error") or said.error
    if kind == "error":
        said.error = event
    elif isinstance(event.get("response"), dict):
        if said.ended:
            _response(said, event["response"])
        else:
            said.id, said.status = _word(event["response"].get("id")), _word(event["response"].get("status"))
    elif kind in ("response.output_text.delta", "response.refusal.delta"):
        said.choice().text += str(event.get("delta") or "")
    elif kind == "response.output_item.added" and (item := _dict(event.get("item"))).get("call_id"):
        call = said.call(_place(event.get("output_index")))
        call.id, call.name = str(item["call_id"]), str(item.get("name") or "")
    elif kind.endswith(("call_arguments.delta", "call_input.delta")):
        said.call(_place(event.get("output_index"))).arguments += str(event.get("delta") or "")


def _message(said: Said, kind: str, event: dict[str, Any]) -> None:
    """A message of Anthropic's API, or an event of one."""
    if kind == "message":
        for index, block in enumerate(dicts(event.get("content"))):
            _block(said, index, block)
        said.choice().finish = _word(event.get("stop_reason"))
    elif kind == "content_block_start":
        _block(said, _place(event.get("index")), _dict(event.get("content_block")))
    elif kind == "content_block_delta":
        delta = _dict(event.get("delta"))
        said.choice().text += str(delta.get("text") or "")
        if "partial_json" in delta:
            said.call(_place(event.get("index"))).arguments += str(delta["partial_json"])
    elif kind == "message_delta":
        said.choice().finish = _word(_dict(event.get("delta")).get("stop_reason")) or said.choice().finish
    said.ended = said.ended or kind == "message_stop"


def _block(said: Said, index: Any, block: dict[str, Any]) -> None:
    if block.get("type") == "text":
        said.choice().text += str(block.get("text") or "")
    elif block.get("type") == "tool_use":
        call = said.call(index)
        call.id, call.name = str(block.get("id") or ""), str(block.get("name") or "")
        call.arguments = str(block.get("input") or "") if block.get("input") else ""


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _place(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
