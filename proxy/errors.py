"""Every error that a client can see, in OpenAI's shape, and the one place that renders it.

    ApiError                        status, message, type, param, code, headers
    ├── BadRequestError        400  the request is wrong; `param` names the field
    ├── ForbiddenError         403  a page that may not ask /_sim/
    ├── NotFoundError          404  no such path or model
    ├── MethodNotAllowedError  405  with Allow
    ├── TooLargeError          413  the body exceeds --max-body-bytes
    ├── MediaTypeError         415  the body is packed in a way that is not known here
    ├── ExpectationError       417  an Expect header that cannot be met
    ├── HeadersTooLargeError   431  the request line or a header is too long
    ├── InternalError          500  a defect of this program; the log has the details under the request's id
    ├── UnavailableError       503  a real model that is on its way (Retry-After), has failed, or is not set up
    ├── RejectedError               llama-server said no: its own status and message
    └── UpstreamError               llama-server was asked, and
        ├── UnreachableError   502  cannot be reached, or broke off
        └── TimedOutError      504  said nothing for too long

The body is `{"error": {"message", "type", "param", "code"}}`, always all four, as in
https://platform.openai.com/docs/guides/error-codes. At Anthropic's paths it is
`{"type": "error", "error": {"type", "message", "details"}, "request_id"}`, as in https://docs.claude.com/en/api/errors.
"""

from collections.abc import Mapping

import msgspec

# By status; any other one of 500 and above is an "api_error", and below it an "invalid_request_error".
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
ANTHROPICS = ("/v1/messages", "/messages")  # the beginnings of Anthropic's paths


class ApiError(Exception):
    """An error that is answered to the client."""

    status = 500
    type = "server_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        # A header may hold bytes that are no text, and what quotes it has to be text all the same.
        self.message = message.encode("utf-8", "replace").decode("utf-8")
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """The JSON that goes out."""
        return msgspec.json.encode(
            {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}
        )

    def anthropic_body(self, request_id: str | None) -> bytes:
        """The JSON that goes out at Anthropic's paths; an event of a stream has no request id."""
        kind = _ANTHROPIC_TYPES.get(self.status, "api_error" if self.status >= 500 else "invalid_request_error")
        error = {"type": kind, "message": self.message}
        body = {"type": "error", "error": error | ({"details": {"error_code": self.code}} if self.code else {})}
        return msgspec.json.encode(body if request_id is None else body | {"request_id": request_id})


class BadRequestError(ApiError):
    """400."""

    status = 400
    type = "invalid_request_error"


class ForbiddenError(ApiError):
    """403."""

    status = 403
    type = "invalid_request_error"


class NotFoundError(ApiError):
    """404."""

    status = 404
    type = "invalid_request_error"


class MethodNotAllowedError(ApiError):
    """405."""

    status = 405
    type = "invalid_request_error"


class TooLargeError(ApiError):
    """413."""

    status = 413
    type = "invalid_request_error"


class MediaTypeError(ApiError):
    """415."""

    status = 415
    type = "invalid_request_error"


class ExpectationError(ApiError):
    """417."""

    status = 417
    type = "invalid_request_error"


class HeadersTooLargeError(ApiError):
    """431."""

    status = 431
    type = "invalid_request_error"


class InternalError(ApiError):
    """500."""


class UnavailableError(ApiError):
    """503."""

    status = 503


class UpstreamError(ApiError):
    """llama-server did not answer as it should."""


class UnreachableError(UpstreamError):
    """502."""

    status = 502


class TimedOutError(UpstreamError):
    """504."""

    status = 504


class RejectedError(ApiError):
    """An error that brings its own status and type: llama-server answered it, or a fault was asked for."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str,
        param: str | None,
        code: str | None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, param=param, code=code, headers=headers)
        self.status = status
        self.type = kind


def no_such_model(name: str, hint: str = "") -> NotFoundError:
    """OpenAI's answer to a model that is not there, with what would work here."""
    message = f"The model `{name}` does not exist or you do not have access to it."
    return NotFoundError(f"{message} {hint}".rstrip(), param="model", code="model_not_found")
