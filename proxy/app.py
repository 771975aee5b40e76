"""THE MAP: every path, what every request meets, and what is opened at start-up and closed at the end.

`create_app` builds everything; the outside world (time, waiting) comes in as a parameter.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

from aiohttp import web

from proxy.control.routes import ROUTES
from proxy.endpoints import batches, files, health, models, pictures, stored_chats, uploads
from proxy.endpoints.arriving import expected
from proxy.endpoints.call import later, over_http
from proxy.endpoints.chat import MEMORY, Memory, chat
from proxy.endpoints.messages import COUNT, MESSAGES, count_tokens, messages
from proxy.endpoints.passed import PASSED, RERANK
from proxy.endpoints.responses import routes as responses
from proxy.endpoints.responses.state import STATE, states
from proxy.files import BOUNDS as FILES_BOUNDS
from proxy.files import Files, StoredFile
from proxy.gate import Gate, Handler
from proxy.keys import FILES, LISTED, REAL_MODEL, SETTINGS, TIMES, Times
from proxy.real_model import RealModel, watched
from proxy.recordings.sources import sources
from proxy.runs.keys import RUNS
from proxy.runs.own import Own, parts
from proxy.runs.recording import recorded
from proxy.runs.runs import Runs
from proxy.settings import Settings
from proxy.store import Store
from proxy.upstream import connect

Route = tuple[str, str, Handler]

PAGES: tuple[Route, ...] = (
    ("GET", "/", health.home),
    ("GET", "/v1", health.home),
    ("GET", "/health", health.health),
    ("GET", "/ready", health.ready),
    *PASSED,
)
# Each of these also answers without /v1, for base URLs that leave it out.
API: tuple[Route, ...] = (
    ("POST", "/v1/chat/completions", over_http(chat)),
    ("GET", "/v1/chat/completions", stored_chats.listed),
    ("GET", "/v1/chat/completions/{id}", stored_chats.one),
    ("POST", "/v1/chat/completions/{id}", stored_chats.update),
    ("DELETE", "/v1/chat/completions/{id}", stored_chats.delete),
    ("GET", "/v1/chat/completions/{id}/messages", stored_chats.messages),
    ("POST", "/v1/completions", over_http(later("completions", "completions"))),
    ("POST", "/v1/embeddings", over_http(later("embeddings", "embeddings"))),
    ("POST", "/v1/moderations", over_http(later("moderations", "moderations"))),
    ("POST", "/v1/audio/speech", over_http(later("speech", "speech"))),
    ("POST", "/v1/audio/transcriptions", over_http(later("transcriptions", "transcriptions"))),
    ("POST", "/v1/audio/translations", over_http(later("transcriptions", "translations"))),
    ("POST", "/v1/images/generations", over_http(later("images", "generations"))),
    ("POST", "/v1/images/edits", over_http(later("images", "edits"))),
    ("POST", "/v1/images/variations", over_http(later("images", "variations"))),
    ("GET", "/v1/images/files/{name}", pictures.picture),
    ("POST", "/v1/files", over_http(files.upload)),
    ("GET", "/v1/files", files.listed),
    ("GET", "/v1/files/{id}", files.one),
    ("GET", "/v1/files/{id}/content", files.content),
    ("DELETE", "/v1/files/{id}", files.delete),
    ("POST", MESSAGES, over_http(messages)),
    ("POST", COUNT, over_http(count_tokens)),
    ("POST", "/v1/uploads", over_http(uploads.create)),
    ("POST", "/v1/uploads/{id}/parts", uploads.add_part),
    ("POST", "/v1/uploads/{id}/complete", uploads.complete),
    ("POST", "/v1/uploads/{id}/cancel", uploads.cancel),
    ("POST", "/v1/batches", over_http(batches.create)),
    ("GET", "/v1/batches", batches.listed),
    ("GET", "/v1/batches/{id}", batches.one),
    ("POST", "/v1/batches/{id}/cancel", batches.cancel),
    *responses.ROUTES,
    *RERANK,
    ("GET", "/v1/models", models.listing),
    ("GET", "/v1/models/{id:.+}", models.one),
)
REAL_TIMES = Times(now=time.time, clock=time.monotonic, sleep=asyncio.sleep)


def create_app(settings: Settings, times: Times = REAL_TIMES) -> web.Application:
    """The application, with nothing opened yet."""
    app = web.Application(client_max_size=settings.max_body_bytes)
    app[SETTINGS] = settings
    app[TIMES] = times
    app[MEMORY] = Memory()
    app[stored_chats.STORED] = parts(stored_chats.BOUNDS, times.clock)
    app[LISTED] = tuple(f"{method} {path.replace(':.+}', '}')}" for method, path, _ in API + PAGES[2:])
    app[STATE] = states(times.clock)
    app[pictures.PICTURES] = Store(pictures.BOUNDS, times.clock)
    app[uploads.UPLOADS] = parts(uploads.BOUNDS, times.clock)
    files: Store[StoredFile] = Store(FILES_BOUNDS, times.clock)
    app[FILES] = Own(lambda run: Files(settings.seed, times.now, files.part(run.owner)))
    app[RUNS] = Runs(settings.seed, times.now, times.clock, settings.limits, settings.latency)
    if settings.scenario or settings.on_miss or settings.record:
        _scenario(app, settings)
    app.middlewares.append(recorded)
    Gate(settings.cors_origins, settings.max_body_bytes, access_log=settings.access_log, clock=times.clock).install(app)
    for method, path, handler in PAGES + ROUTES + API + tuple((m, p.removeprefix("/v1"), h) for m, p, h in API):
        _route(app, method, path, handler)
    app.cleanup_ctx.append(_real_model)
    app.cleanup_ctx.append(sources)
    app.cleanup_ctx.append(batches.running)
    return app


def _scenario(app: web.Application, settings: Settings) -> None:
    """Every run's scenario, and the eye kept on its files; and where it is recorded. Raises SettingsError."""
    from proxy.recordings.start import start  # noqa: PLC0415 - who has neither need not load it

    files = start(app[RUNS], settings)
    if files is None:
        return

    async def watched_files(app: web.Application) -> AsyncIterator[None]:
        watching = asyncio.create_task(files.watch(app[TIMES].sleep))
        yield
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    app.cleanup_ctx.append(watched_files)


def _route(app: web.Application, method: str, path: str, handler: Handler) -> None:
    """One line of the map: with HEAD where there is GET, and with a trailing slash."""
    slashed = () if path.endswith(("/", ":.+}")) else (path + "/",)
    for each in (path, *slashed):
        app.router.add_route(method, each, handler, expect_handler=expected)
        if method == "GET":
            app.router.add_route("HEAD", each, handler)


async def _real_model(app: web.Application) -> AsyncIterator[None]:
    """The connections to llama-server, and the eye kept on it."""
    settings = app[SETTINGS]
    async with AsyncExitStack() as stack:
        upstream = None
        if settings.llama_url is not None:
            upstream = await stack.enter_async_context(
                connect(settings.llama_url, settings.connect_timeout, settings.read_timeout)
            )
        app[REAL_MODEL] = RealModel(upstream, settings.model_status, settings.models_dir, app[TIMES].now)
        await stack.enter_async_context(watched(app[REAL_MODEL]))
        yield
