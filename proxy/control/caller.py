"""Who may ask the control surface: programs, and pages of this machine or of an origin that was named.

Simulated answers are for every page (CORS); what others were asked, and an address that this server is to call, are
not. A page gives itself away by its `Origin`, or, where its name was made to lead here (DNS rebinding), by `Host`.
"""

from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from proxy.errors import ForbiddenError
from proxy.gate import Handler
from proxy.keys import SETTINGS


def checked(handler: Handler) -> Handler:
    """The handler, for those who may."""

    async def handle(request: web.Request) -> web.StreamResponse:
        _check(request)
        return await handler(request)

    return handle


def is_loopback(host: str) -> bool:
    """Whether a name or an address leads to this machine and nowhere else."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check(request: web.Request) -> None:
    """Raises ForbiddenError."""
    settings = request.app[SETTINGS]
    host, origin = request.headers.get("Host", ""), request.headers.get("Origin")
    if is_loopback(settings.host) and not _is_private(_name(f"//{host}")):
        raise ForbiddenError(
            f"This server listens on {settings.host} and is asked as '{host[:200]}'. Under /_sim/ it answers to "
            "localhost, addresses and names that are no public ones.",
            code="forbidden_host",
        )
    if origin is None or origin in settings.cors_origins or is_loopback(_name(origin)):
        return
    if origin.partition("://")[2] != host:  # not this server's own page
        raise ForbiddenError(
            f"Pages of '{origin[:200]}' may not ask /_sim/. Name that origin in --cors-origins to allow it.",
            code="forbidden_origin",
        )


def _is_private(host: str) -> bool:
    """Whether nobody else can let this name lead here: an address, a name without dots, or one of a private zone."""
    if "." not in host or host.endswith((".localhost", ".internal")):  # host.docker.internal
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
