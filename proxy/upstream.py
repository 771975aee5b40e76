"""llama.cpp: forwards a request's bytes and hands back the answer's bytes untouched.

Only an error that llama-server answers is read, to give it OpenAI's shape. Knows nothing of models or of
who asks.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, Self

import aiohttp
import msgspec

from proxy import sse
from proxy.errors import ApiError, BadRequestError, RejectedError, TimedOutError, UnavailableError, UnreachableError
from proxy.relay import Answer

# RFC 9110, section 7.6.1, and what this server says for itself.
_NOT_FORWARDED = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding"}
    | {"upgrade", "server", "date", "access-control-allow-origin", "access-control-allow-credentials", "vary"}
)
_REQUEST_HEADERS = ("Authorization", "Content-Type", "Accept", "X-Request-Id")
_LONGEST_ERROR = 64 * 1024
# llama-server closes idle connections after 5 s; ours go before that.
_KEEPALIVE_SECONDS = 4.0


class Stream:
    """The bytes of an answer as they come: a relay.Body. Not a generator, which cannot be closed before it began."""

    def __init__(self, response: aiohttp.ClientResponse, failure: Callable[[Exception], ApiError]) -> None:
        self._response = response
        self._failure = failure

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """What has come, as soon as anything has. Raises ApiError when llama-server breaks off or falls silent."""
        try:
            piece = await self._response.content.readany()
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise self._failure(problem) from None
        if not piece:
            raise StopAsyncIteration
        return piece

    async def aclose(self) -> None:
        """Close the connection, which tells llama-server to stop; at the answer's end the pool has it back already."""
        self._response.close()


class Upstream:
    """One llama-server and the connections to it."""

    def __init__(
        self,
        url: str,
        pooled: aiohttp.ClientSession,
        fresh: aiohttp.ClientSession,
        read_timeout: float,
        named: tuple[str, str] = ("The llama-server", "LLAMA_URL"),
    ) -> None:
        self.url = url
        self._name, self._setting = named
        self._pooled = pooled
        self._fresh = fresh
        self._read_timeout = read_timeout

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Forward, and answer with what comes back, as it comes.

        Raises UnreachableError, TimedOutError, and what llama-server's own error turns into.
        """
        return await self._ask("POST", path, body, headers)

    async def relay(self, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Forward with these headers, and answer with what comes back, errors too, as it is. Raises UpstreamError."""
        response = await self._send("POST", path, body, dict(headers), allow_redirects=False)  # they have keys
        return Answer(Stream(response, self._failure), _passed_on(response), response.status)

    async def read(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Forward a request without a body, likewise; `path` has the query with it."""
        return await self._ask("GET", path, None, headers)

    async def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        sent = {name: headers[name] for name in _REQUEST_HEADERS if name in headers}
        response = await self._send(method, path, body, sent)
        if response.status >= 400:
            raise await _rejection(response)
        return Answer(Stream(response, self._failure), _passed_on(response), response.status)

    async def get(self, path: str, seconds: float) -> tuple[int, bytes]:
        """One small answer, status and body. Raises aiohttp.ClientError or TimeoutError."""
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with self._pooled.get(self.url + path, timeout=timeout) as response:
            return response.status, await response.content.read()

    async def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str], *, allow_redirects: bool = True
    ) -> aiohttp.ClientResponse:
        reused = SimpleNamespace(connection=False)
        url = self.url + path
        sent: dict[str, Any] = {"data": body, "headers": headers, "allow_redirects": allow_redirects}
        try:
            return await self._pooled.request(method, url, **sent, trace_request_ctx=reused)
        except (aiohttp.ClientError, TimeoutError) as problem:
            if not (reused.connection and _went_stale(problem)):
                raise self._failure(problem) from None
        # The pooled connection was closed at the other end just as it was taken. Nothing was answered, so ask
        # once more, on a connection that cannot be stale.
        try:
            return await self._fresh.request(method, url, **sent)
        except (aiohttp.ClientError, TimeoutError) as problem:
            raise self._failure(problem) from None

    def _failure(self, problem: Exception) -> ApiError:
        where = f"{self._name} at {self.url}"
        if isinstance(problem, aiohttp.ConnectionTimeoutError):
            return TimedOutError(f"{where} did not take the connection in time.", code="upstream_timeout")
        if isinstance(problem, TimeoutError):
            silence = f"was silent for {self._read_timeout:g} seconds (--read-timeout)"
            return TimedOutError(f"{where} {silence}.", code="upstream_timeout")
        what = "cannot be reached" if isinstance(problem, aiohttp.ClientConnectorError) else "broke off its answer"
        return UnreachableError(
            f"{where} {what}. Check that it is running, or set {self._setting}.", code="upstream_unreachable"
        )


@asynccontextmanager
async def connect(
    url: str, connect_timeout: float, read_timeout: float, *named: tuple[str, str]
) -> AsyncIterator[Upstream]:
    """An Upstream whose connections close at the end. No total timeout: an answer may take as long as it takes.

    `named` is what errors call it, and the setting that has its URL.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout, sock_read=read_timeout)
    traces = aiohttp.TraceConfig()
    traces.on_connection_reuseconn.append(_note_reuse)
    shared: dict[str, Any] = {"timeout": timeout, "auto_decompress": False, "cookie_jar": aiohttp.DummyCookieJar()}
    pooled = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS)
    unpooled = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        aiohttp.ClientSession(connector=pooled, trace_configs=[traces], **shared) as pooled_session,
        aiohttp.ClientSession(connector=unpooled, **shared) as fresh_session,
    ):
        yield Upstream(url, pooled_session, fresh_session, read_timeout, *named)


async def _note_reuse(_session: object, trace: SimpleNamespace, _params: object) -> None:
    if trace.trace_request_ctx is not None:
        trace.trace_request_ctx.connection = True


def _passed_on(response: aiohttp.ClientResponse) -> dict[str, str]:
    """The headers of an answer that are not this server's own to set; a stream's buffering hints are."""
    ours = dict(sse.HINTS) if response.content_type == "text/event-stream" else {}
    hidden = _NOT_FORWARDED.union(map(str.lower, ours))
    return {name: value for name, value in response.headers.items() if name.lower() not in hidden} | ours


def _went_stale(problem: Exception) -> bool:
    """Whether a connection ended before one byte of an answer: aiohttp puts what it had seen in `message`."""
    if isinstance(problem, aiohttp.ServerDisconnectedError):
        return isinstance(problem.message, str)
    return isinstance(problem, aiohttp.ClientOSError) and not isinstance(problem, aiohttp.ClientConnectorError)


class _Error(msgspec.Struct):
    message: str
    type: str = ""


class _ErrorBody(msgspec.Struct):
    error: _Error


async def _rejection(response: aiohttp.ClientResponse) -> ApiError:
    """llama-server's `{"error": {"code": 400, "message", "type"}}` with OpenAI's four fields."""
    async with response:
        try:
            body = await response.content.readexactly(_LONGEST_ERROR)
        except asyncio.IncompleteReadError as shorter:
            body = shorter.partial
        except (aiohttp.ClientError, TimeoutError):
            body = b""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody).error
    except (msgspec.MsgspecError, UnicodeDecodeError):
        error = _Error(f"llama-server answered with status {response.status}.")
    if response.status == 503:  # "Loading model", or a queue that is full: either way soon over
        code = "model_loading" if "loading" in error.message.lower() else None
        return UnavailableError(error.message, code=code, headers={"Retry-After": "1", "retry-after-ms": "1000"})
    if response.status == 400:
        return BadRequestError(error.message, code=error.type if error.type != BadRequestError.type else None)
    kind = error.type or ("server_error" if response.status >= 500 else BadRequestError.type)
    return RejectedError(response.status, error.message, kind=kind, param=None, code=None)
