"""The APIs that are recorded: one Upstream for each base URL, open until the server ends."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

from aiohttp import web

from proxy.errors import BadRequestError
from proxy.keys import SETTINGS
from proxy.relay import Answer
from proxy.settings import Settings
from proxy.upstream import Upstream, connect

_MOST = 16
# What an API may need beside the body: who asks, and which version.
_KEYS = ("Authorization", "x-api-key", "api-key")
_SENT = (*_KEYS, "OpenAI-Organization", "OpenAI-Project", "OpenAI-Beta")
_ANTHROPICS = ("anthropic-version", "anthropic-beta")
_KEPT = ("content-type", "content-encoding", "retry-after", "retry-after-ms", "x-should-retry")


class Sources:
    """Opened when they are first asked."""

    def __init__(self, settings: Settings, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._stack = stack
        self._open: dict[str, Upstream] = {}

    async def ask(self, base: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What the API at a base URL answers, as it is. Raises ApiError."""
        upstream = await self._at(base)
        answer = await upstream.relay(path.removeprefix("/v1"), body, self._headers(headers))
        kept = {name.lower(): value for name, value in answer.headers.items() if name.lower() in _KEPT}
        return Answer(answer.body, kept, answer.status)

    async def _at(self, base: str) -> Upstream:
        base = with_path(base)
        if base not in self._open:
            if len(self._open) >= _MOST:
                raise BadRequestError(
                    f"This server has recorded from {_MOST} APIs, which are as many as it knows.",
                    code="too_many_upstreams",
                )
            timeouts = (self._settings.connect_timeout, self._settings.read_timeout)
            connection = connect(base, *timeouts, ("The API", "RECORD_FROM"))
            self._open[base] = await self._stack.enter_async_context(connection)
        return self._open[base]

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        sent = {name: given[name] for name in (*_SENT, *_ANTHROPICS) if name in given}
        if key := self._settings.record_api_key:
            kept = {name: value for name, value in sent.items() if name not in _KEYS}
            sent = kept | {"Authorization": f"Bearer {key}"}
            if any(name in given for name in _ANTHROPICS) or "x-api-key" in given:
                sent |= {"x-api-key": key}
        return sent | {"Content-Type": "application/json", "Accept-Encoding": "identity"}


def with_path(base: str) -> str:
    """A base URL as SDKs take it; with /v1 where it has no path, as Anthropic's has none."""
    base = base.rstrip("/")
    return base if urlsplit(base).path else base + "/v1"


SOURCES = web.AppKey("SOURCES", Sources)


async def sources(app: web.Application) -> AsyncIterator[None]:
    """Of one application."""
    async with AsyncExitStack() as stack:
        app[SOURCES] = Sources(app[SETTINGS], stack)
        yield
