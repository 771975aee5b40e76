"""Server-sent events as bytes: `data: ...` and an empty line.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from proxy.errors import ANTHROPICS, ApiError

CONTENT_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"

# A proxy in between must neither transform, cache nor collect the events.
HINTS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
HEADERS = {"Content-Type": CONTENT_TYPE, **HINTS}


def error_event(error: ApiError, path: str = "") -> bytes:
    """The event that tells of an error in a stream that has begun, as the API at this path has it."""
    if path.startswith(ANTHROPICS):
        return b"event: error\ndata: " + error.anthropic_body(None) + b"\n\n"
    return b"data: " + error.body() + b"\n\n"


def at_boundary(tail: bytes) -> bool:
    """Whether bytes that end in `tail` (four bytes suffice) end with a whole event."""
    return tail.endswith((b"\n\n", b"\r\n\r\n", b"\r\r"))
