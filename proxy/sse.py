"""Server-sent events as bytes: `data: ...` and an empty line.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import re

import msgspec

from proxy.errors import ANTHROPICS, ApiError

CONTENT_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"

# A proxy in between must neither transform, cache nor collect the events.
HINTS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
HEADERS = {"Content-Type": CONTENT_TYPE, **HINTS}


_RESPONSES = ("/v1/responses", "/responses")
_SEQUENCE_NUMBER = re.compile(rb'"sequence_number":\s*(\d+)')


def error_event(error: ApiError, path: str = "", before: bytes = b"") -> bytes:
    """The event that tells of an error in a stream that has begun, as the API at this path has it.

    `before` is the end of what was sent: the events of /v1/responses count on from there.
    """
    if path.startswith(ANTHROPICS):
        return b"event: error\ndata: " + error.anthropic_body(None) + b"\n\n"
    if path.startswith(_RESPONSES):
        numbers = _SEQUENCE_NUMBER.findall(before)
        event = {
            "type": "error",
            "code": error.code,
            "message": error.message,
            "param": error.param,
            "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
        }
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"
    return b"data: " + error.body() + b"\n\n"


def at_boundary(tail: bytes) -> bool:
    """Whether bytes that end in `tail` (four bytes suffice) end with a whole event."""
    return tail.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
