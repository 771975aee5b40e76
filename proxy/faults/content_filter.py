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
        """An answer that was cut by a filter. Streams of responses and messages are whole, but end as filtered."""
        return reshaped(answer, self._filtered) if is_stream(answer) else rewritten(answer, _half)

    async def _filtered(self, events: Pieces) -> AsyncGenerator[bytes, None]:
        number, ended = 0, False
        async for event in events:
            document = _document(event)
            if not document.get("choices"):
                yield _ending(event, document)
            elif number < self.after_events:
                yield event
            elif not ended:
                ended = True
                for choice in document["choices"]:
                    choice["delta"], choice["finish_reason"] = {}, "content_filter"
                yield with_data(event, msgspec.json.encode(document))
            number += 1


def _document(event: bytes) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(data_of(event) or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return document if isinstance(document, dict) else {}


def _ending(event: bytes, document: dict[str, Any]) -> bytes:
    """The last events of the other APIs, saying so."""
    if document.get("type") == "response.completed":
        document["type"] = "response.incomplete"
        _filter_response(document["response"])
        event = event.replace(b"event: response.completed", b"event: response.incomplete")
    elif document.get("type") == "message_delta":
        document["delta"]["stop_reason"] = "refusal"
    else:
        return event
    return with_data(event, msgspec.json.encode(document))


def _half(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    for choice in document.get("choices") or ():
        choice["finish_reason"] = "content_filter"
        _halve(choice.get("message"), "content")
    if document.get("object") == "response":
        _filter_response(document)
        for item in document["output"]:
            for part in item.get("content") or ():
                _halve(part, "text")
    elif document.get("type") == "message":
        document["stop_reason"] = "refusal"
        for block in document["content"]:
            _halve(block, "text")
    return document


def _filter_response(response: dict[str, Any]) -> None:
    response["status"], response["incomplete_details"] = "incomplete", {"reason": "content_filter"}


def _halve(holder: Any, field: str) -> None:
    if isinstance(holder, dict) and isinstance(holder.get(field), str):
        holder[field] = holder[field][: len(holder[field]) // 2]
