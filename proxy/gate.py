"""What every request meets: a request id, CORS, OpenAI's headers, errors in the shape of its API, and the access log.

The middleware turns exceptions into answers; the signal adds the headers, also to streams and refusals.
"""

import asyncio
import itertools
import logging
import os
import re
import time
from collections.abc import Awaitable, Callable

from aiohttp import web
from multidict import CIMultiDict, istr

from proxy.allowance import LIMITS, Allowance
from proxy.errors import (
    ANTHROPICS,
    ApiError,
    BadRequestError,
    InternalError,
    MethodNotAllowedError,
    NotFoundError,
    TooLargeError,
)
from proxy.runs.keys import EXCHANGE

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = logging.getLogger("proxy")

REQUEST_ID = web.RequestKey("request_id", str)
_STARTED = web.RequestKey("started", float)
_SANE_ID = re.compile(r"[!-~]{1,128}")
FAULT_HEADER = "x-sim-fault"
_FAULT_HEADER = istr(FAULT_HEADER)
_OPENAIS = {istr("openai-version"): "2020-10-01", istr("openai-organization"): "simulator"}
_LIMIT = istr("x-ratelimit-limit-requests")
_X_REQUEST_ID, _PROCESSING = istr("x-request-id"), istr("openai-processing-ms")
_ORIGIN, _CONTENT_LENGTH = istr("Origin"), istr("Content-Length")
_EVERYBODYS = {istr("Access-Control-Allow-Origin"): "*"}
_EXPOSED = ", ".join(
    ["x-request-id", "request-id", "retry-after", "retry-after-ms", "x-should-retry", _PROCESSING, *_OPENAIS, *LIMITS]
    + [f"x-ratelimit-{what}-{of}" for what in ("remaining", "reset") for of in ("requests", "tokens")]
    + [f"x-sim-{what}" for what in ("cost", "queue-ms", "ttft-ms", "total-ms", "replay", "recorded")]
)
CLIENT_GONE = 499  # nginx's status for a client that did not wait for the answer


class Gate:
    """Middleware and response signal of one application."""

    def __init__(
        self, origins: tuple[str, ...], max_body_bytes: int, *, access_log: bool, clock: Callable[[], float]
    ) -> None:
        self._origins = frozenset(origins)
        self._open = _EVERYBODYS if "*" in origins else {}
        self._clock = clock
        self._allowance = Allowance(clock)
        self._max_body_bytes = max_body_bytes
        self._access_log = access_log
        self._ids = map(f"req_{os.urandom(8).hex()}%016x".__mod__, itertools.count(1))

    def install(self, app: web.Application) -> None:
        """Put both into an application, the middleware outermost."""
        answer = self.watch if self._access_log else self.answer

        @web.middleware
        async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await answer(request, handler)

        app.middlewares.append(gate)
        app.on_response_prepare.append(self.dress)

    async def watch(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """`answer`, with a line in the access log."""
        start = time.perf_counter()
        status = CLIENT_GONE
        try:
            response = await self.answer(request, handler)
            if request.transport is not None and not request.transport.is_closing():
                status = response.status
            return response
        finally:
            took = (time.perf_counter() - start) * 1000
            log.info("%s %s %s %d %.1f ms", self._id_of(request), request.method, request.path_qs, status, took)

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The handler's response, or its error's."""
        request[_STARTED] = self._clock()
        try:
            if request.method == "OPTIONS":
                return _preflight(request)
            return await _by_its_run(request, handler)(request)
        except ApiError as error:
            return self._render(request, error)
        except web.HTTPException as refusal:
            return self._render(request, self._translated(request, refusal))
        except web.RequestPayloadError:
            problem = BadRequestError("The body of your request could not be read: its encoding is broken.")
            return self._render(request, problem)
        except (asyncio.CancelledError, ConnectionError):
            raise  # the client has left: nobody is there to answer
        except Exception:  # the last line of defence: details to the log, a clean 500 to the client
            log.exception("%s %s %s failed", self._id_of(request), request.method, request.path)
            if request.writer.output_size > 0:
                raise  # too late for another answer: the connection breaks off
            return self._render(
                request,
                InternalError(
                    "The server had an error while processing your request. Its log has the details under "
                    f"request id {self._id_of(request)}.",
                    code="internal_error",
                ),
            )

    def _render(self, request: web.Request, error: ApiError) -> web.Response:
        if request.path.startswith(ANTHROPICS):
            return render(error, error.anthropic_body(self._id_of(request)))
        return render(error)

    async def dress(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add the headers that every response has."""
        headers = response.headers
        headers[_X_REQUEST_ID] = self._id_of(request)
        if request.path.startswith(ANTHROPICS):
            headers["request-id"] = self._id_of(request)
        else:
            self._dress_as_openai(request, headers)
        origin = request.headers.get(_ORIGIN)
        if self._open:
            headers.update(self._open)
        elif origin is None or origin not in self._origins:
            return
        else:
            headers["Access-Control-Allow-Origin"] = origin
            headers["Vary"] = "Origin"
        if origin is not None:
            headers["Access-Control-Expose-Headers"] = _EXPOSED

    def _dress_as_openai(self, request: web.Request, headers: "CIMultiDict[str]") -> None:
        started = request.get(_STARTED)
        if started is not None:
            headers[_PROCESSING] = str(int((self._clock() - started) * 1000))
        headers.update(_OPENAIS)
        if request.method == "POST" and _LIMIT not in headers:  # a fault may have said what is left
            length = request.headers.get(_CONTENT_LENGTH, "0")
            headers.update(self._allowance.spend(int(length)))
            exchange = request.get(EXCHANGE)
            if exchange is not None and exchange.told:
                headers.update(exchange.told)

    def _id_of(self, request: web.Request) -> str:
        known = request.get(REQUEST_ID)
        if known is None:
            given = request.headers.get(_X_REQUEST_ID)
            known = given if given is not None and _SANE_ID.fullmatch(given) else next(self._ids)
            request[REQUEST_ID] = known
        return known

    def _translated(self, request: web.Request, refusal: web.HTTPException) -> ApiError:
        if isinstance(refusal, web.HTTPMethodNotAllowed):
            allow = ", ".join(sorted({*refusal.allowed_methods, "OPTIONS"}))
            return MethodNotAllowedError(
                f"Not allowed to {request.method} on {request.path}. Allowed: {allow}.",
                code="method_not_supported",
                headers={"Allow": allow},
            )
        if isinstance(refusal, web.HTTPRequestEntityTooLarge):
            return TooLargeError(
                f"The request body is larger than {self._max_body_bytes} bytes (--max-body-bytes).",
                code="request_too_large",
            )
        if isinstance(refusal, web.HTTPNotFound):
            return NotFoundError(f"Invalid URL ({request.method} {request.path})", code="unknown_url")
        return BadRequestError(f"{refusal.reason}.")


def render(error: ApiError, body: bytes | None = None) -> web.Response:
    """The one place where an error becomes a response; its body is OpenAI's, or the one given."""
    headers = {"Content-Type": "application/json", **error.headers}
    return web.Response(body=body or error.body(), status=error.status, headers=headers)


def _by_its_run(request: web.Request, handler: Handler) -> Handler:
    """The handler with what the request's run has around it, the limits outermost."""
    exchange = request.get(EXCHANGE)
    if exchange is None:
        return handler
    run = exchange.run
    if run.rules or _FAULT_HEADER in request.headers:
        handler = _misbehaving(handler)
    if run.latency is not None:
        handler = _timed(handler)
    if run.meter is not None:
        handler = _limited(handler)
    return handler


def _misbehaving(handler: Handler) -> Handler:
    """The handler, for a request whose header asks for faults."""
    from proxy.faults.on_request import misbehaved  # noqa: PLC0415 - thirty files that hardly any request needs

    async def handle(request: web.Request) -> web.StreamResponse:
        return await misbehaved(request, handler)

    return handle


def _limited(handler: Handler) -> Handler:
    """The handler, for a request whose run has limits."""
    from proxy.limits.on_request import limited  # noqa: PLC0415 - as above

    async def handle(request: web.Request) -> web.StreamResponse:
        return await limited(request, handler)

    return handle


def _timed(handler: Handler) -> Handler:
    """The handler, for a request whose run has a latency."""
    from proxy.latency.on_request import timed  # noqa: PLC0415 - as above

    async def handle(request: web.Request) -> web.StreamResponse:
        return await timed(request, handler)

    return handle


def _preflight(request: web.Request) -> web.Response:
    # Any path: a browser shows its page the real answer, a 404 say, only after a good preflight.
    allowed = request.headers.get("Access-Control-Request-Headers", "*")
    headers = {
        "Allow": "GET, HEAD, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE, OPTIONS",
        "Access-Control-Allow-Headers": allowed,
        "Access-Control-Max-Age": "86400",
    }
    return web.Response(status=204, headers=headers)
