"""What a fault is, and what faults are made of: changes of an answer on its way out.

A fault is a frozen structure whose fields are its settings; `shape` turns an answer into a worse one. It knows
bytes and server-sent events, and neither models nor requests, so every fault works on every source.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proxy.keys import Times
from proxy.relay import Answer, Body, content_type

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Text = Annotated[str, Meta(max_length=4_096)]  # a run keeps its faults
Pieces = AsyncIterator[bytes]
Change = Callable[[Any], Any]

_DONE = b"[DONE]"
_LAST = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "message_stop"}
    | {"transcript.text.done", "speech.audio.done", "image_generation.completed", "image_edit.completed"}
)
_EMPTY_LINE = re.compile(rb"\n\r?\n")


class Fault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One way to go wrong. The first line of its docstring is what the catalogue says."""

    def before(self) -> None:
        """What happens instead of an answer: raises the ApiError that the client gets. Most faults need an answer."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer as this fault lets it out."""
        return answer


class Shaped:
    """A body made of another one: a relay.Body that closes its source, whether it has begun or not."""

    def __init__(self, source: bytes | Body, shape: Callable[[Pieces], AsyncGenerator[bytes, None]]) -> None:
        self._source = source
        self._pieces = shape(_whole(source) if isinstance(source, bytes) else aiter(source))

    def __aiter__(self) -> Pieces:
        return self._pieces

    async def aclose(self) -> None:
        """Close what it is made of and its source."""
        async with aclosing(self._pieces):
            if not isinstance(self._source, bytes):
                await self._source.aclose()


def is_stream(answer: Answer) -> bool:
    """Whether these are server-sent events that can be told apart: compressed ones cannot."""
    return content_type(answer.headers).startswith("text/event-stream") and not is_packed(answer)


def is_packed(answer: Answer) -> bool:
    """Whether the body is compressed."""
    return any(name.lower() == "content-encoding" for name in answer.headers)


def reshaped(answer: Answer, shape: Callable[[Pieces], AsyncGenerator[bytes, None]]) -> Answer:
    """The answer with its pieces, of a stream its whole events, led through `shape`."""
    streamed = is_stream(answer)
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
    return Answer(
        Shaped(answer.body, (lambda pieces: shape(events(pieces))) if streamed else shape), headers, answer.status
    )


def rewritten(answer: Answer, change: Change) -> Answer:
    """The answer with `change` made to its JSON document, or to that of each of its events; None drops an event."""
    if not is_stream(answer):
        return reshaped(answer, lambda pieces: _changed_document(pieces, change))

    async def each(arriving: Pieces) -> AsyncGenerator[bytes, None]:
        async for event in arriving:
            if (changed := _changed_event(event, change)) is not None:
                yield changed

    return reshaped(answer, each)


async def events(pieces: Pieces) -> AsyncGenerator[bytes, None]:
    """Whole events, with the empty line behind each; what is left at the end is the last."""
    held = b""
    async for piece in pieces:
        held += piece
        begin = 0
        for empty in _EMPTY_LINE.finditer(held):
            yield held[begin : empty.end()]
            begin = empty.end()
        held = held[begin:]
    if held:
        yield held


def data_of(event: bytes) -> bytes | None:
    """The data of an event of one data line; None for a comment."""
    for line in event.splitlines():
        if line.startswith(b"data:"):
            return line[5:].strip()
    return None


def is_last(event: bytes) -> bool:
    """Whether an event says that the stream is whole: [DONE], or what ends a stream of the other APIs."""
    data = data_of(event)
    if data is None or data == _DONE:
        return data == _DONE
    document = _document(data)
    return isinstance(document, dict) and document.get("type") in _LAST


def with_data(event: bytes, data: bytes) -> bytes:
    """The event with other data."""
    lines = event.splitlines(keepends=True)
    return b"".join([_data_line(line, data) if line.startswith(b"data:") else line for line in lines])


def _data_line(old: bytes, data: bytes) -> bytes:
    return b"data: " + data + old[len(old.rstrip(b"\r\n")) :]


async def joined(pieces: Pieces) -> bytes:
    """All of it."""
    return b"".join([piece async for piece in pieces])


def _changed_event(event: bytes, change: Change) -> bytes | None:
    data = data_of(event)
    document = None if data is None else _document(data)
    if document is None:
        return event
    changed = change(document)
    return None if changed is None else with_data(event, msgspec.json.encode(changed))


async def _changed_document(pieces: Pieces, change: Change) -> AsyncGenerator[bytes, None]:
    body = await joined(pieces)
    document = _document(body)
    yield body if document is None else msgspec.json.encode(change(document))


def _document(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


async def _whole(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
