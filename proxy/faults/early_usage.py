"""Sends the token counts too early."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from proxy.faults.fault import Fault, Pieces, data_of, is_stream, reshaped, with_data
from proxy.keys import Times
from proxy.relay import Answer


class EarlyUsage(Fault, frozen=True):
    """The counts come with the event that ends the choice, and the usage event after it says null."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The stream with its counts moved, where it has any; a plain answer stays as it is."""
        return reshaped(answer, _moved) if is_stream(answer) else answer


async def _moved(events: Pieces) -> AsyncGenerator[bytes, None]:
    before = b""
    async for event in events:
        usage, rest = _usage_of(event)
        if before:
            yield before if usage is None else _with_usage(before, usage)
        before = rest
    if before:
        yield before


def _usage_of(event: bytes) -> tuple[Any, bytes]:
    """The counts of a usage event, and the event without them."""
    document = _decoded(event)
    if not isinstance(document, dict) or document.get("choices") != [] or not document.get("usage"):
        return None, event
    usage, document["usage"] = document["usage"], None
    return usage, with_data(event, msgspec.json.encode(document))


def _with_usage(event: bytes, usage: Any) -> bytes:
    document = _decoded(event)
    if not isinstance(document, dict):
        return event
    return with_data(event, msgspec.json.encode(document | {"usage": usage}))


def _decoded(event: bytes) -> Any:
    try:
        return msgspec.json.decode(data_of(event) or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
