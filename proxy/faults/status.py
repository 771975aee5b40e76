"""Answers with an error status instead of an answer."""

import math
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from proxy.errors import RejectedError
from proxy.faults.fault import Fault, Seconds, Text


@dataclass(frozen=True, slots=True)
class _Words:
    type: str
    code: str | None
    message: str


LIMIT = "60"  # that a 429 tells, where the run has none (proxy/limits/on_request.py)

# What OpenAI says, https://platform.openai.com/docs/guides/error-codes; 529 is Anthropic's.
_WORDS = {
    400: _Words("invalid_request_error", None, "The request could not be understood."),
    401: _Words("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: _Words(
        "request_forbidden", "unsupported_country_region_territory", "Country, region, or territory not supported"
    ),
    404: _Words("invalid_request_error", "model_not_found", "The model does not exist or you have no access to it."),
    408: _Words("timeout", None, "The request timed out."),
    409: _Words("invalid_request_error", None, "The resource is being changed by another request."),
    422: _Words("invalid_request_error", None, "The request could not be processed."),
    429: _Words(
        "requests",
        "rate_limit_exceeded",
        f"Rate limit reached on requests per min (RPM): Limit {LIMIT}, Used {LIMIT}, Requested 1. "
        "Please try again in {wait}.",
    ),
    500: _Words("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    502: _Words("server_error", None, "Bad gateway."),
    503: _Words("server_error", None, "The engine is currently overloaded, please try again later."),
    504: _Words("server_error", None, "Gateway timeout."),
    529: _Words("overloaded_error", None, "Overloaded"),
}
_QUOTA = _Words(
    "insufficient_quota",
    "insufficient_quota",
    "You exceeded your current quota, please check your plan and billing details.",
)
_USUAL_WAIT = 1.0
_SAY_WHEN = frozenset({429, 503, 529})


class Status(Fault, frozen=True):
    """An error status, in OpenAI's words and with its headers: 429 and 529 say when to come back."""

    status: Annotated[int, Meta(ge=400, le=599)] = 500
    retry_after: Seconds | None = None
    code: Text | None = None
    message: Text | None = None

    def before(self) -> None:
        """Raises the error."""
        words = _QUOTA if self.code == "insufficient_quota" else _WORDS.get(self.status, _WORDS[500])
        wait = self.retry_after
        if wait is None and self.status in _SAY_WHEN and words is not _QUOTA:
            wait = _USUAL_WAIT
        raise RejectedError(
            self.status,
            self.message or words.message.format(wait=f"{wait or _USUAL_WAIT:g}s"),
            kind=words.type,
            param=None,
            code=self.code or words.code,
            headers=_headers(self.status, wait),
        )


def _headers(status: int, wait: float | None) -> dict[str, str]:
    if wait is None:
        return {}
    told = {"retry-after": str(math.ceil(wait)), "retry-after-ms": f"{wait * 1000:.0f}"}
    if status != 429:
        return told
    return told | {
        "x-ratelimit-limit-requests": LIMIT,
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": f"{wait:g}s",
    }
