"""What a file server's answers mean: where a body starts, and which refusals are worth another try."""

import re
from typing import Final

import httpx

from fetcher.errors import AccessRefused, NoSuchThing, OutOfReach, Transient, without_secrets
from fetcher.retry import retry_after_seconds
from fetcher.settings import Patience

CONNECT_SECONDS: Final = 10.0
_CONTENT_RANGE: Final = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


def range_of(response: httpx.Response) -> tuple[int | None, int | None]:
    """Where the body starts and how large the whole file is, as far as the headers say."""
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdecimal() else None
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    start, total = match.groups()
    return (int(start) if start else None), (None if total == "*" else int(total))


def refusal_of(response: httpx.Response, url: str, now: float) -> Exception:
    """What to raise for an answer that is neither 200 nor 206; `now` is Unix time."""
    status, host = response.status_code, response.url.host
    shown = without_secrets(url)
    if status in (408, 429) or status >= 500:
        wait = retry_after_seconds(response.headers.get("Retry-After"), now)
        return Transient(f"{host} answered {status}", retry_after=wait)
    if status in (401, 403) and response.history:
        return Transient(f"the signed address on {host} was refused ({status})")
    if status in (401, 403):
        return AccessRefused(f"{host} refuses {shown} ({status})", "Set HF_TOKEN to a token that may read it.")
    if status in (404, 410):
        return NoSuchThing(f"there is no file at {shown} ({status})", "Check the address.")
    return OutOfReach(f"{host} answered {status} for {shown}", "Check the address, or try later.")


def transient_of(failure: httpx.TransportError, patience: Patience) -> Transient:
    """A connection that failed, in words."""
    if isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        why = str(failure) or "no answer"
        return Transient(f"no connection ({without_secrets(why)})", hopeless_soon=True)
    if isinstance(failure, httpx.TimeoutException):
        return Transient(f"nothing came for {patience.stall_seconds:g} s")
    return Transient(f"the connection broke ({without_secrets(str(failure)) or type(failure).__name__})")
