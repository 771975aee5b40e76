"""Listens, tells what is served, and stops in order: no new connections, answers drain, exit.

Knows sockets and signals; the application and the streams for messages are given.
"""

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from functools import partial
from typing import Any, TextIO

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong

from proxy import VERSION
from proxy.app import create_app
from proxy.control.caller import is_loopback
from proxy.dispatch import SIMULATED
from proxy.errors import ApiError, BadRequestError, HeadersTooLargeError, InternalError
from proxy.gate import render
from proxy.keys import REAL_MODEL
from proxy.real_model import RealModel
from proxy.runs.named import without_prefix
from proxy.settings import Settings
from proxy.sim import tokens

log = logging.getLogger("proxy")

WARM_UP_AFTER_SECONDS = 1.0  # the tables' 0.3 s must not delay the first answer
EXAMPLE = '{"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Hello!"}]}'


class CannotListenError(Exception):
    """The address cannot be had; the message says what to do."""

    exit_code = 1


class Connection(web.RequestHandler):
    """aiohttp's connection, but what is not HTTP gets its error in OpenAI's shape too, and no traceback in the log."""

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer bytes that never became a request, and what the gate let through. Raises ConnectionError."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, and cannot become another one") from exc
        reason = (message or "not understood").strip().splitlines()[0].rstrip(":. ")
        response = render(_not_http(status, exc, reason))
        response.headers["x-request-id"] = f"req_{os.urandom(12).hex()}"
        response.force_close()
        log.debug("answered %d to %s: %s", status, request.remote, message)
        return response

    def log_exception(self, *args: Any, **more: Any) -> None:
        """A defect goes to the log; a body that breaks off or cannot be unpacked is none, and was answered."""
        if not isinstance(more.get("exc_info"), web.RequestPayloadError):
            super().log_exception(*args, **more)


def _not_http(status: int, problem: BaseException | None, reason: str) -> ApiError:
    """The error for bytes that never became a request."""
    if status >= 500:
        return InternalError("The server had an error.", code="internal_error")
    if isinstance(problem, LineTooLong) or reason.startswith("Too many headers"):
        most = "The request line or a header is longer than 8190 bytes, or there are too many headers."
        return HeadersTooLargeError(most, code="headers_too_large")
    return BadRequestError(f"This is not a valid HTTP request: {reason}.")


async def serve(settings: Settings, out: TextIO, err: TextIO) -> None:
    """Serve until a signal. Raises CannotListenError."""
    app = create_app(settings)
    listener = _bind(settings.host, settings.port)
    # aiohttp waits this long twice: for the answers, then for what is left of the connections.
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=max(settings.drain_seconds / 2, 0.01),
    )
    await runner.setup()
    try:
        loop = asyncio.get_running_loop()
        assert runner.server is not None
        runner.server.request_factory = without_prefix(runner.server.request_factory)
        unlogged: dict[str, Any] = {"access_log": None}  # the gate writes the access log; typed as never None
        # proxy/endpoints/arriving.py unpacks the bodies.
        connection = partial(Connection, runner.server, loop=loop, auto_decompress=False, **unlogged)
        listening = await loop.create_server(connection, sock=listener, backlog=1024)
        stop = _on_signals()
        announce(app, settings, listener.getsockname()[1], out, err)
        warm_up = loop.call_later(WARM_UP_AFTER_SECONDS, _load_tables)
        await stop.wait()
        warm_up.cancel()
        listening.close()
    finally:
        await runner.cleanup()


def announce(app: web.Application, settings: Settings, port: int, out: TextIO, err: TextIO) -> None:
    """Say what is served, and how to call it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    base = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    bold, plain = ("\033[1m", "\033[0m") if out.isatty() else ("", "")
    lines = [
        f"{bold}OpenAI API Simulator {VERSION}{plain}",
        *_served(app[REAL_MODEL], settings.strict_models),
        f"  base URL: {bold}{base}/v1{plain}",
        "",
        f"curl {base}/v1/chat/completions -H 'Content-Type: application/json' -d '{EXAMPLE}'",
    ]
    print("\n".join(lines), file=out, flush=True)
    if not is_loopback(settings.host):
        warning = f"listening on {settings.host}: whoever reaches this port is answered, no key is asked for"
        print(f"warning: {warning}", file=err, flush=True)


def _served(model: RealModel, strict: bool) -> list[str]:
    rows = [(SIMULATED, "ready: simulated" if strict else "ready: simulated, as is any other name")]
    states = {name: model.state(name) for name in model.names}
    rows += [(name, f"{state.state}: {state.message}") for name, state in states.items()]
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {what}" for name, what in rows]


def _bind(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # Where a name has addresses of both kinds, as localhost may, IPv4 is what clients try or fall back to.
        family, kind, protocol, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
    except OSError as problem:
        raise CannotListenError(f"cannot listen on {host}: {problem.strerror}; choose another --host") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as problem:
        listener.close()
        raise CannotListenError(_why_not(problem, host, port)) from None
    return listener


def _why_not(problem: OSError, host: str, port: int) -> str:
    if problem.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what listens there, or choose another with --port"
    if problem.errno == errno.EACCES:
        return f"port {port} on {host} needs more rights; choose one above 1023 with --port"
    return f"cannot listen on {host}:{port}: {problem.strerror}; choose another --host or --port"


def _on_signals() -> asyncio.Event:
    """An event for the first signal to stop; the second ends the process at once."""
    stop = asyncio.Event()

    def handle(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, handle, number)
    return stop


def _load_tables() -> None:
    # A daemon, so that a signal in its half second is not kept waiting.
    threading.Thread(target=tokens.warm_up, name="token-tables", daemon=True).start()
