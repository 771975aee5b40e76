"""An exchange of the journal whole, as JSON for people and programs: without secrets, which go when it is shown."""

import re
from typing import Any

from proxy.runs.journal import MOST_OF_ONE, Entry
from proxy.runs.redaction import HIDDEN, cleaned, names_a_secret, redacted
from proxy.runs.view import decoded, events_of, is_streamed, summary

_QUERY_SECRET = re.compile(r"(?i)((?:^|&)[^=&]*(?:key|token|secret|passw)[^=&]*=)[^&]*")


def whole(entry: Entry) -> dict[str, Any]:
    """Everything that is known of an exchange."""
    streamed = is_streamed(entry)
    return summary(entry) | {
        "query": _QUERY_SECRET.sub(rf"\g<1>{HIDDEN}", entry.url.raw_query_string),
        "request": {
            "headers": _headers(entry.headers.items()),
            "body": _shown(entry.body, ""),
            "bytes": entry.body_size,
            "truncated": entry.is_abridged,
        },
        "answer": {
            "headers": _headers(entry.answer_headers.items()),
            "body": None if streamed else _shown(b"".join([piece for _, piece in entry.pieces])),
            "events": [each | {"text": redacted(each["text"])} for each in events_of(entry)] if streamed else None,
            "bytes": entry.answer_size,
            "truncated": entry.answer_size > MOST_OF_ONE,
        },
    }


def _headers(headers: Any) -> dict[str, str]:
    return {name.lower(): HIDDEN if names_a_secret(name) else value for name, value in headers}


def _shown(data: bytes, name: str | None = None) -> Any:
    if not data:
        return None
    document = decoded(data)
    try:
        return redacted(data.decode("utf-8", "replace")) if document is None else cleaned(document, name)
    except RecursionError:  # a walk needs more of the stack than decoding does
        return redacted(data.decode("utf-8", "replace"))
