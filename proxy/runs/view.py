"""An exchange of the journal as JSON for people and programs: read, decoded and without secrets."""

import re
from typing import Any

import msgspec

from proxy.relay import content_type
from proxy.runs.journal import MOST_OF_ONE, Entry

HIDDEN = "[redacted]"
_SECRET = re.compile(r"authorization|cookie|api-?key|token|secret", re.I)
_QUERY_SECRET = re.compile(r"(?i)((?:^|&)[^=&]*(?:key|token|secret)[^=&]*=)[^&]*")


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


def whole(entry: Entry) -> dict[str, Any]:
    """Everything that is known of an exchange."""
    return summary(entry) | {
        "query": _QUERY_SECRET.sub(rf"\g<1>{HIDDEN}", entry.url.raw_query_string),
        "request": {
            "headers": _headers(entry.headers.items()),
            "body": _shown(entry.body),
            "bytes": entry.body_size,
            "truncated": entry.is_abridged,
        },
        "answer": {
            "headers": _headers(entry.answer_headers.items()),
            "body": None if _streamed(entry) else _shown(b"".join([piece for _, piece in entry.pieces])),
            "events": _events(entry) if _streamed(entry) else None,
            "bytes": entry.answer_size,
            "truncated": entry.answer_size > MOST_OF_ONE,
        },
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


def _headers(headers: Any) -> dict[str, str]:
    return {name.lower(): HIDDEN if _SECRET.search(name) else value for name, value in headers}


def _shown(data: bytes) -> Any:
    document = decoded(data) if data else None
    return data.decode("utf-8", "replace") if document is None and data else document


def _streamed(entry: Entry) -> bool:
    return content_type(entry.answer_headers).startswith("text/event-stream")


def _events(entry: Entry) -> list[dict[str, Any]]:
    """The events with the milliseconds after the request at which their last byte went out."""
    shown, held = [], b""
    for offset, piece in entry.pieces:
        *events, held = (held + piece).replace(b"\r\n", b"\n").split(b"\n\n")
        shown += [{"offset_ms": round(offset * 1000, 3), "text": event.decode("utf-8", "replace")} for event in events]
    if held:
        shown.append({"offset_ms": round(entry.pieces[-1][0] * 1000, 3), "text": held.decode("utf-8", "replace")})
    return shown


def _usage(entry: Entry) -> Any:
    if not _streamed(entry):
        answer = decoded(b"".join([piece for _, piece in entry.pieces]))
        return answer.get("usage") if isinstance(answer, dict) else None
    for event in reversed(_events(entry)):
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
