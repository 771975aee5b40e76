"""The real model behind the llama-server: its names, its state, and what there is to say about it.

Derived from three sources (ARCHITECTURE.md, contracts 1 and 2): the status file, the manifest in the models
folder, and llama-server's own /health and /v1/models. What llama-server says wins over the file.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import aiohttp
import msgspec

from proxy.prompt_text import PromptText, Tokenization
from proxy.upstream import Upstream

log = logging.getLogger("proxy")

PROBE_SECONDS = 1.0  # how long llama-server may take to say how it is
POLL_SECONDS = 1.0
FIRST_LOOK_SECONDS = 0.3
MANIFEST = "manifest.json"
LONG_START_SECONDS = 60.0
FETCHED = ("installed", "starting")  # the phases in which llama-server should have the model soon

Health = Literal["ready", "loading", "away"]


class Failure(msgspec.Struct, frozen=True):
    """Why the model is not there, and what to do."""

    code: str = ""
    message: str = "the reason is not known"
    advice: str = ""


class Status(msgspec.Struct, frozen=True):
    """The status file. Contract 2."""

    model: str
    phase: str
    percent: float | None = None
    detail: str | None = None
    eta_seconds: float | None = None
    error: Failure | None = None
    retry_at: float | None = None
    updated_at: float = math.inf


class Manifest(msgspec.Struct, frozen=True):
    """The part of manifest.json that /v1/models shows and that prompts need. Contract 1."""

    owner: str | None = None
    created: int | None = None
    quantization: str | None = None
    context_length: int | None = None
    size: int | None = None
    parameters: int | None = None
    license: str | None = None
    source: dict[str, str | None] | None = None
    sha256: str | None = None
    tokenization: Tokenization | None = None


class Listed(msgspec.Struct, frozen=True):
    """One model of llama-server's /v1/models."""

    id: str
    created: int | None = None
    owned_by: str | None = None
    meta: dict[str, Any] | None = None


class _Listing(msgspec.Struct):
    data: list[Listed] = []


@dataclass(frozen=True, slots=True)
class State:
    """How a model is, in the words of /ready; `message` says what it means and what to do."""

    state: Literal["ready", "loading", "failed", "unreachable"]
    phase: str
    message: str
    percent: float | None = None
    detail: str | None = None
    eta_seconds: float | None = None
    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The rules of a manifest, and when it was written (0: there is none)."""

    manifest: Path | None
    changed: int
    prompt_text: PromptText


class RealModel:
    """What is known of it now; `refresh` asks again. Without an upstream there is no real model."""

    def __init__(
        self,
        upstream: Upstream | None,
        status_file: Path | None,
        models_dir: Path | None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._now = now
        self.upstream = upstream
        self.status: Status | None = None
        self._status_file = status_file if upstream else None
        self._status_seen = 0
        self._models_dir = models_dir
        self._health: Health = "away"
        self._was_ready = False
        self._listed: dict[str, Listed] = {}
        self._prompt_texts: dict[str, _Compiled] = {}
        self.names: tuple[str, ...] = ()  # the names that mean the real model, the status file's first

    @property
    def awaited(self) -> bool:
        """Whether there will be a real model whose name nobody has told yet."""
        return not self.names and (self._status_file is not None or self._health == "loading")

    async def refresh(self) -> None:
        """Read the status file if it changed, and ask llama-server how it is."""
        if self.upstream is None:
            return
        self._read_status()
        health = await self._ask_health(self.upstream)
        if health != "away":
            await self._ask_models(self.upstream)
        self._health = health
        self._was_ready = self._was_ready or health == "ready"
        # Names once listed stay real when llama-server goes: a request must not silently change its source.
        self.names = tuple(dict.fromkeys([*([self.status.model] if self.status else []), *self._listed]))

    def state(self, name: str) -> State:
        """The state of one name, from what the last refresh saw."""
        if self._health == "ready" and self._is_served(name):
            return State("ready", "ready", "The model answers.")
        if self._health == "loading":
            return State("loading", "loading", "llama-server is loading the model.")
        if self.awaited:
            return State("loading", "waiting", "The real model is not known yet: nothing is written about it so far.")
        if self.status is None or self.status.model != name or (self._was_ready and self.status.phase in FETCHED):
            return State("unreachable", "unreachable", "llama-server does not answer.")
        if self.status.phase == "failed":
            return self._failed(self.status)
        return _at_work(self.status, self._now())

    def manifest(self, name: str) -> Manifest:
        """What the models folder says of a model, else what llama-server says, else nothing."""
        if self._models_dir is not None:
            with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
                return msgspec.json.decode((self._models_dir / name / MANIFEST).read_bytes(), type=Manifest)
        listed = self._listed.get(name)
        if listed is None:
            return Manifest()
        meta = listed.meta or {}
        return Manifest(
            owner=listed.owned_by,
            created=listed.created,
            context_length=_whole(meta.get("n_ctx") or meta.get("n_ctx_train")),
            size=_whole(meta.get("size")),
            parameters=_whole(meta.get("n_params")),
        )

    def prompt_text(self, name: str) -> PromptText:
        """What the texts of a request become for a model; compiled when its manifest has changed."""
        known = self._prompt_texts.get(name)
        path = known.manifest if known else self._models_dir and self._models_dir / name / MANIFEST
        changed = 0
        if path is not None:
            with suppress(OSError):
                changed = path.stat().st_mtime_ns
        if known is None or known.changed != changed:
            known = _Compiled(path, changed, PromptText(self.manifest(name).tokenization))
            self._prompt_texts[name] = known
        return known.prompt_text

    def _is_served(self, name: str) -> bool:
        """Whether it is the model that llama-server has loaded, and not one that is still to replace it."""
        status = self.status
        coming = status is not None and status.model == name and status.phase not in FETCHED
        return name in self._listed or not coming

    def _failed(self, status: Status) -> State:
        error = status.error or Failure()
        message = f"{error.message.rstrip('.')}. {error.advice}".strip()
        return State("failed", "failed", message, detail=status.detail, retry_at=status.retry_at)

    def _read_status(self) -> None:
        if self._status_file is None:
            return
        try:
            changed = self._status_file.stat().st_mtime_ns
            if changed == self._status_seen:
                return
            self.status = msgspec.json.decode(self._status_file.read_bytes(), type=Status)
            self._was_ready = False  # a new word from the fetcher or the launcher: what was ready is being replaced
        except FileNotFoundError:
            self.status, changed = None, 0
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as problem:
            log.warning("the status file %s cannot be used: %s", self._status_file, problem)
        self._status_seen = changed

    async def _ask_health(self, upstream: Upstream) -> Health:
        try:
            code, _ = await upstream.get("/health", PROBE_SECONDS)
        except TimeoutError:
            return self._health  # busy, most likely: no news
        except (aiohttp.ClientError, OSError):
            return "away"
        if code == 503:
            return "loading"
        return "ready" if code == 200 else "away"

    async def _ask_models(self, upstream: Upstream) -> None:
        with suppress(aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError, UnicodeDecodeError):
            code, body = await upstream.get("/v1/models", PROBE_SECONDS)
            if code == 200:
                listing = msgspec.json.decode(body, type=_Listing)
                self._listed = {model.id: model for model in listing.data}


@asynccontextmanager
async def watched(model: RealModel) -> AsyncIterator[None]:
    """Keep a model's state fresh in the background; the first look is given a moment to finish."""

    async def poll() -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await model.refresh()

    first = asyncio.create_task(model.refresh())
    await asyncio.wait([first], timeout=FIRST_LOOK_SECONDS)
    polling = asyncio.create_task(poll())
    try:
        yield
    finally:
        for task in (first, polling):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def retry_after(state: State, now: float) -> float:
    """Seconds, 1 to 60, after which asking again makes sense; `now` is Unix time."""
    wait = state.eta_seconds
    if state.retry_at is not None:
        wait = state.retry_at - now
    if wait is None:
        wait = 5.0 if state.phase in ("resolving", "downloading", "converting", "failed") else 1.0
    return min(max(wait, 1.0), 60.0)


def _at_work(status: Status, now: float) -> State:
    percent = "" if status.percent is None else f" ({status.percent:.0f}%)"
    detail = f": {status.detail}" if status.detail else ""
    message = f"The model {status.model} is not ready yet: {status.phase}{percent}{detail}."
    silent = now - status.updated_at
    if status.phase in FETCHED and silent > LONG_START_SECONDS:
        message += f" llama-server has not answered for {silent:.0f} s: its log should say why."
    return State("loading", status.phase, message, status.percent, status.detail, status.eta_seconds)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) else None
