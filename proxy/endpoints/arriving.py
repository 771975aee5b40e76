"""How the body of an HTTP request comes in: which kinds, how encoded, how large. Refuses what cannot be read early.

Knows HTTP's headers (RFC 9110), not what is in a body.
"""

import zlib
from collections.abc import Mapping

from aiohttp import web
from multidict import istr

from proxy import wording
from proxy.errors import ApiError, BadRequestError, ExpectationError, MediaTypeError, TooLargeError
from proxy.gate import render
from proxy.keys import SETTINGS

# Files may be larger than JSON, which is read and counted at once. OpenAI's limit for audio is 25 MB.
UPLOAD_BYTES = 64 * 1024 * 1024
_JSON = "application/json"
_TYPE, _ENCODING, _LENGTH = istr("Content-Type"), istr("Content-Encoding"), istr("Content-Length")
_FORM = "multipart/form-data"
_MOST_MEMBERS = 100  # of one gzip body; what is left is copied after each
_BODY = web.RequestKey("unpacked_body", bytes)  # a run's faults and limits read it before the endpoint does
_PLAIN = frozenset({"identity", ""})
_ENCODINGS = _PLAIN | {"gzip", "deflate"}


async def body_of(request: web.Request) -> bytes:
    """The body, decompressed. Raises ApiError, and what aiohttp raises for one that is too large or broken."""
    headers = request.headers
    kind = headers.get(_TYPE)
    if kind != _JSON or _ENCODING in headers:
        return await _unusual(request, headers)
    _check_length(headers, request.app[SETTINGS].max_body_bytes)
    return await request.read()


async def expected(request: web.Request) -> web.StreamResponse | None:
    """Answers `Expect: 100-continue`: go on, or an error before the body is sent."""
    try:
        if request.headers["Expect"].lower() != "100-continue":
            raise ExpectationError(
                f"The header 'Expect: {request.headers['Expect']}' cannot be met: only 100-continue can.",
                code="expectation_failed",
            )
        _check(request, request.headers)
    except ApiError as error:
        response = render(error)
        response.force_close()  # the body may follow, or not: nobody can tell
        return response
    if request.version >= (1, 1):
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
    return None


def unsupported_encoding(name: str) -> MediaTypeError:
    """The body is packed in a way that is not known here."""
    return MediaTypeError(
        f"Unsupported content encoding: '{name}'. Supported are gzip and deflate.",
        code="unsupported_content_encoding",
        headers={"Accept-Encoding": "gzip, deflate"},
    )


async def _unusual(request: web.Request, headers: Mapping[str, str]) -> bytes:
    if _BODY in request:
        return request[_BODY]
    most = _check(request, headers)
    larger = most > request.app[SETTINGS].max_body_bytes
    try:
        body = await (request.clone(client_max_size=most) if larger else request).read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large(most) from None
    packed = headers.get("Content-Encoding", "").strip().lower() not in _PLAIN
    request[_BODY] = body = _unpacked(body, most) if packed else body
    return body


def _unpacked(body: bytes, most: int) -> bytes:
    """What gzip or deflate packed. Not left to aiohttp, which never answers a deflate that is cut off."""
    # A stream without zlib's header is what some clients mean by deflate.
    bare = body[:1] != b"\x1f" and body[:1] != b"" and body[0] & 0x0F != 8
    parts: list[bytes] = []
    left = most + 1
    for _ in range(_MOST_MEMBERS):
        if not body or not left:
            break
        inflating = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS + 32)
        try:
            parts.append(inflating.decompress(body, left))
        except zlib.error:
            raise _broken() from None
        left -= len(parts[-1])
        if left and not inflating.eof:
            raise _broken()
        body = inflating.unused_data  # gzip may hold several, one after another
    if not left:
        raise _too_large(most)
    if body:
        raise _broken()
    return b"".join(parts)


def _broken() -> BadRequestError:
    return BadRequestError("The body of your request could not be read: its encoding is broken.")


def _check(request: web.Request, headers: Mapping[str, str]) -> int:
    """The most bytes of this body. Raises ApiError where its head says enough to refuse it."""
    settings = request.app[SETTINGS]
    given = headers.get("Content-Type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind not in ("", _JSON, _FORM) and not settings.lenient:
        raise wording.unsupported_content_type(given, _JSON)
    encoding = headers.get("Content-Encoding", "").strip().lower()
    if encoding not in _ENCODINGS:
        raise unsupported_encoding(encoding)
    most = max(UPLOAD_BYTES, settings.max_body_bytes) if kind == _FORM else settings.max_body_bytes
    _check_length(headers, most)
    return most


def _check_length(headers: Mapping[str, str], most: int) -> None:
    if int(headers.get(_LENGTH, 0)) > most:
        raise _too_large(most)


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"The request body is larger than {most} bytes (--max-body-bytes).", code="request_too_large")
