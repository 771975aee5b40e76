"""Ends the answer as filtered."""

from collections.abc import AsyncGenerator
from typing import Any

import msgspec

from proxy.faults.fault import Count, Fault, Pieces, data_of, is_stream, reshaped, rewritten, with_data
from proxy.keys import Times
from proxy.relay import Answer


class ContentFilter(Fault, frozen=True):
    """`finish_reason: content_filter`: of a stream after some events, of a plain answer with half of its text."""

    after_events: Count = 3

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """A chat completion that was cut by a filter; answers of other APIs stay as they are."""
        return reshaped(answer, self._filtered) if is_stream(answer) else rewritten(answer, _half)

    async def _filtered(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number, ended = 0, False
        async for event in events:
            if number < self.after_events or not _has_choices(event):
                yield event
            elif not ended:
                ended = True
                yield with_data(event, msgspec.json.encode(_ending(msgspec.json.decode(data_of(event) or b""))))
            number += 1


def _has_choices(event: bytes) -> bool:
    data = data_of(event)
    try:
        document = msgspec.json.decode(data or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(document, dict) and bool(document.get("choices"))


def _ending(document: dict[str, Any]) -> dict[str, Any]:
    for choice in document["choices"]:
        choice["delta"], choice["finish_reason"] = {}, "content_filter"
    return document


def _half(document: Any) -> Any:
    for choice in (document.get("choices") or ()) if isinstance(document, dict) else ():
        choice["finish_reason"] = "content_filter"
        message = choice.get("message")
        if isinstance(message, dict) and isinstance(message.get("content"), str):
            message["content"] = message["content"][: len(message["content"]) // 2]
    return document
