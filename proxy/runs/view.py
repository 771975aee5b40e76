"""An exchange of the journal as one line of a list: read and decoded. whole.py has all of it."""

from typing import Any

import msgspec

from proxy.relay import content_type
from proxy.runs.journal import Entry


def summary(entry: Entry) -> dict[str, Any]:
    """One line of the list."""
    asked = decoded(entry.body)
    return {
        "object": "sim.request",
        "number": entry.number,
        "at": entry.at,
        "request_id": entry.answer_headers.get("x-request-id"),
        "method": entry.method,
        "path": entry.url.path,
        "model": model_of(asked),
        "stream": isinstance(asked, dict) and asked.get("stream") is True,
        "status": entry.status,
        "end": entry.end,
        "ms": round(entry.seconds * 1000, 3),
        "faults": list(entry.faults),
        "rule": entry.rule,
        "usage": _usage(entry),
        "client": _client(entry),
        **entry.notes,
    }


def decoded(data: bytes) -> Any:
    """The JSON in these bytes, or None."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def model_of(asked: Any) -> str | None:
    """The model that a request names."""
    name = asked.get("model") if isinstance(asked, dict) else None
    return name if isinstance(name, str) else None


def is_streamed(entry: Entry) -> bool:
    """Whether its answer came as events."""
    return content_type(entry.answer_headers).startswith("text/event-stream")


def events_of(entry: Entry) -> list[dict[str, Any]]:
    """The events with the milliseconds after the request at which their last byte went out."""
    shown, held = [], b""
    for offset, piece in entry.pieces:
        *events, held = (held + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        shown += [{"offset_ms": round(offset * 1000, 3), "text": event.decode("utf-8", "replace")} for event in events]
    if held:
        shown.append({"offset_ms": round(entry.pieces[-1][0] * 1000, 3), "text": held.decode("utf-8", "replace")})
    return shown


def _usage(entry: Entry) -> Any:
    if not is_streamed(entry):
        answer = decoded(b"".join([piece for _, piece in entry.pieces]))
        return answer.get("usage") if isinstance(answer, dict) else None
    for event in reversed(events_of(entry)):
        for line in event["text"].splitlines():
            document = decoded(line.removeprefix("data:").strip().encode()) if line.startswith("data:") else None
            if isinstance(document, dict) and document.get("usage"):
                return document["usage"]
    return None


def _client(entry: Entry) -> dict[str, str | None]:
    """The client library, as it names itself."""
    given = {name.lower(): value for name, value in entry.headers.items()}
    return {
        "user_agent": given.get("user-agent"),
        "language": given.get("x-stainless-lang"),
        "version": given.get("x-stainless-package-version"),
        "retry": given.get("x-stainless-retry-count"),
    }
