"""Notes an answer while it goes out: its steady bytes, and when each event came. What is not whole is not noted."""

import re
import zlib
from asyncio import CancelledError
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from proxy import sse
from proxy.errors import ApiError, UnreachableError
from proxy.faults.fault import Pieces, Shaped, data_of, is_stream, joined
from proxy.limits.bill import texts_of
from proxy.recordings.steady import Steady
from proxy.recordings.tape import Slot, Tape
from proxy.relay import Answer, content_type
from proxy.runs.redaction import redacted
from proxy.runs.view import decoded

LARGEST = 16 * 2**20  # bytes of one answer
_REFUSED = frozenset({401, 403, 408, 429})  # they say something of the moment and of the key, not of the request
_END = re.compile(rb"\r?\n\r?\n")
_NAMED = re.compile(r"event: ([\w.-]+)\ndata: ([^\r\n]*)\n\n")
_KIND = re.compile(r"[!-~ ]{1,200}")
_GZIP = zlib.MAX_WBITS + 32

Milliseconds = Callable[[], int]


def is_worth_it(status: int) -> bool:
    """Whether an answer of this status will be the same tomorrow."""
    return 200 <= status < 300 or (400 <= status < 500 and status not in _REFUSED)


@dataclass(frozen=True, slots=True)
class Sink:
    """Where one answer goes, if it has no more than so many bytes; `kept` is called when it is there."""

    tape: Tape
    slot: Slot
    kept: Callable[[], None] = lambda: None
    most: int = LARGEST

    async def keep(self, replay: dict[str, Any], size: int) -> None:
        """Record it, and have it in the file."""
        if size > self.most:
            self.tape.skip(f"it has more than {self.most} bytes")
        elif self.tape.add(self.slot, replay):
            self.kept()
            await self.tape.save()


async def captured(answer: Answer, sink: Sink, steady: Steady, passed: Milliseconds) -> Answer:
    """The answer as it goes out, and is noted when it is whole. A stream that breaks off is not."""
    kind = content_type(answer.headers)
    kind = kind if _KIND.fullmatch(kind) else "application/octet-stream"
    packed = any(name.lower() == "content-encoding" and value != "identity" for name, value in answer.headers.items())
    source = answer.body if not packed else _unpacked(answer.body)
    if is_stream(answer):
        noted = _Noted(sink, steady, passed, _head(answer.status, kind))
        return Answer(Shaped(source, noted.events), {"Content-Type": kind, **sse.HINTS}, answer.status)
    if not isinstance(source, bytes):
        async with aclosing(source):
            source = await joined(aiter(source))
    body = steady.document(source)
    replay = _head(answer.status, kind) | {"ms": passed()} | _as_text(body)
    await sink.keep(replay, len(body))
    return Answer(body, {"Content-Type": kind}, answer.status)


def _unpacked(body: Any) -> Shaped:
    async def each(pieces: Pieces) -> AsyncGenerator[bytes, None]:
        inflating = zlib.decompressobj(_GZIP)
        async for piece in pieces:
            try:
                out = inflating.decompress(piece)
            except zlib.error:
                raise UnreachableError(
                    "The upstream's answer is packed, though not asked to be, in a way that is not known here.",
                    code="upstream_encoding",
                ) from None
            if out:
                yield out

    return Shaped(body, each)


class _Noted:
    """One stream on its way."""

    def __init__(self, sink: Sink, steady: Steady, passed: Milliseconds, head: dict[str, Any]) -> None:
        self._sink = sink
        self._steady = steady
        self._passed = passed
        self._head = head
        self._events: list[tuple[int, bytes]] = []
        self._size = 0

    async def events(self, pieces: Pieces) -> AsyncGenerator[bytes, None]:
        """Whole events, steady; noted at the end."""
        held = b""
        try:
            async for piece in pieces:
                *whole, held = _split(held + piece)
                if whole:
                    yield self._note(whole)
            if held:
                yield self._note([held])
        except (GeneratorExit, CancelledError):  # its client, or a fault
            self._sink.tape.skip("a stream was left before its end")
            raise
        except ApiError:
            self._sink.tape.skip("a stream broke off")
            raise
        await self._end()

    def _note(self, events: list[bytes]) -> bytes:
        """The events as they go out, noted as far as there is room."""
        ms = self._passed()
        steady = [self._steady.event(event) for event in events]
        self._size += sum(map(len, steady))
        if self._size <= self._sink.most:
            self._events += [(ms, event) for event in steady]
        return b"".join(steady)

    async def _end(self) -> None:
        said = "".join([text for _, event in self._events for text in texts_of(decoded(data_of(event) or b""))])
        if any(_is_error(event) for _, event in self._events):
            self._sink.tape.skip("a stream ended with an error")
        elif redacted(said, self._steady.secrets) != said:
            self._sink.tape.skip("a stream has a secret in pieces")
        else:
            await self._sink.keep(self._head | _listed(self._events), self._size)


def _split(data: bytes) -> list[bytes]:
    """Whole events, with the empty line behind each, and what is left."""
    found, at = [], 0
    for end in _END.finditer(data):
        found.append(data[at : end.end()])
        at = end.end()
    return [*found, data[at:]]


def _head(status: int, kind: str) -> dict[str, Any]:
    usual = {"status": 200, "content_type": "application/json"}
    return {name: value for name, value in {"status": status, "content_type": kind}.items() if usual[name] != value}


def _as_text(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def _listed(events: list[tuple[int, bytes]]) -> dict[str, Any]:
    """The events as a file has them, where they are the usual ones; else all of it as one body."""
    listed: list[list[Any]] = []
    for ms, event in events:
        try:
            text = event.decode()
        except UnicodeDecodeError:
            text = ""
        if not text.endswith("\n\n") or text.endswith("\n\n\n"):
            return _as_text(b"".join([each for _, each in events]))
        named = _NAMED.fullmatch(text)
        listed.append([ms, *named.groups()] if named else [ms, text[:-2]])
    return {"events": listed}


def _is_error(event: bytes) -> bool:
    document = decoded(data_of(event) or b"")
    if not isinstance(document, dict):
        return False
    return document.get("error") is not None or document.get("type") in ("error", "response.failed")
