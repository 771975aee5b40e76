"""The stack from start to end: proxy at once, then binary, model, llama-server; and back in reverse.

The endpoint outlives everything but llama-server's own death: a binary or a model that cannot be had is told through
the status file and tried again. What each child is called with stands in services.py.
"""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from launcher import ports
from launcher.binaries import Finder
from launcher.binary import Binary
from launcher.errors import (
    ConfigurationError,
    LauncherError,
    LlamaExitError,
    LlamaHealthError,
    ProxyError,
    UnavailableError,
)
from launcher.explain import last_words, why_it_ended
from launcher.fetching import Fetcher
from launcher.health import status_of
from launcher.process import Child, Lifeline, Spec
from launcher.services import Services
from launcher.status import StatusFile

LLAMA_GRACE = 10.0
PROXY_START_SECONDS = 20.0
POLL_SECONDS = 0.05


def back_off(first: float = 30.0, most: float = 600.0) -> Iterator[float]:
    """Seconds to wait before each new try: 30, 60, 120 ... 600, 600."""
    wait = first
    while True:
        yield wait
        wait = min(2 * wait, most)


@dataclass
class Stack:
    """The children of one start. `drain` is how long the proxy may take to finish its streams, in seconds."""

    services: Services
    lifeline: Lifeline
    status: StatusFile
    finder: Finder
    fetcher: Fetcher
    say: Callable[[str], None]
    drain: float = 30.0
    waits: Iterator[float] = field(default_factory=back_off)
    proxy: Child | None = None
    llama: Child | None = None

    def __post_init__(self) -> None:
        self.settings = self.services.settings

    async def serve(self) -> None:
        """The endpoint at once, then the real model. Ends only with a LauncherError."""
        await self.start_proxy()
        await first_of(self.serve_real_model(), self.proxy_ended())

    async def start_proxy(self) -> None:
        """Return once the endpoint answers. Raises PortInUseError, ConfigurationError, ProxyError."""
        settings = self.settings
        ports.check(settings.host, settings.port, "--port")
        ports.check("127.0.0.1", settings.llama_port, "--llama-port")
        self.status.phase("binary", "looking for llama-server")
        self.proxy = await self.lifeline.start(self.services.proxy())
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
        until = time.monotonic() + PROXY_START_SECONDS
        while await status_of(settings.port, host=host) is None:
            if not self.proxy.running:
                await self.proxy_ended()
            if time.monotonic() > until:
                raise ProxyError(f"the proxy does not answer within {PROXY_START_SECONDS:g} s", "Start it again.")
            await asyncio.sleep(POLL_SECONDS)

    async def proxy_ended(self) -> NoReturn:
        """Wait until the proxy has ended, which it should not, and say so."""
        assert self.proxy is not None
        code = await self.proxy.wait()
        if code == ConfigurationError.exit_code:
            raise ConfigurationError("the proxy cannot start with these settings", "Its reasons are above.")
        raise ProxyError(f"the proxy ended with exit code {code}", "Its last lines are above.")

    async def serve_real_model(self) -> NoReturn:
        """Binary, model, llama-server, ready; ends only with a LauncherError."""
        binary, manifest = await self._what_it_takes()
        name, model = manifest["name"], self.settings.models_dir / manifest["name"] / manifest["file"]
        self.status = StatusFile(self.settings.status_file, name)
        self.status.phase("starting", f"llama-server {binary.build} loads {manifest['file']}")
        self.say(f"{binary}")
        if better := binary.faster(native_possible=self.services.host.system in ("Linux", "Darwin")):
            self.say(f"  faster: {better}")
        spec = self.services.llama(binary, model, name, manifest.get("context_length"))
        self.llama = await self.lifeline.start(spec)
        await self._healthy(self.llama, name)
        self._say_ready(name, spec)
        await self._llama_ended(self.llama)

    async def _what_it_takes(self) -> tuple[Binary, Mapping[str, Any]]:
        """A llama-server and a model, however many tries it takes."""
        while True:
            try:
                binary = await self.finder.find()
                return binary, await self.fetcher.model(self.settings.model, binary.path)
            except UnavailableError as error:
                if self.settings.fail_fast or error.exit_code == 2:
                    raise
                await self._wait_after(error)

    async def _wait_after(self, error: UnavailableError) -> None:
        wait = None if error.permanent else next(self.waits)
        self.status.failed(error, wait)
        reason = "see above" if error.told else str(error)
        again = "It is not tried again" if wait is None else f"Next try in {wait:.0f} s"
        self.say(f"No real model for now ({reason}). {again}; simulated models answer on {self.settings.url}/v1.")
        if wait is None:
            await asyncio.Event().wait()  # until the stack is stopped
        else:
            await asyncio.sleep(wait)

    async def _healthy(self, llama: Child, name: str) -> None:
        seconds = self.settings.health_timeout
        until = time.monotonic() + seconds
        while await status_of(self.settings.llama_port) != 200:
            if not llama.running:
                await self._llama_ended(llama)
            if time.monotonic() > until:
                words = last_words(_text_of(llama.spec.log)) or "nothing"
                raise LlamaHealthError(
                    f"llama-server did not have {name} ready within {seconds:g} s; it last said: {words}",
                    f"Give it longer with --health-timeout, or take a smaller model. Its log: {llama.spec.log}",
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _llama_ended(self, llama: Child) -> NoReturn:
        code = await llama.wait()
        message, advice = why_it_ended(_text_of(llama.spec.log), code)
        raise LlamaExitError(f"llama-server ended: {message}", f"{advice} Its log: {llama.spec.log}")

    def _say_ready(self, name: str, spec: Spec) -> None:
        argv = list(spec.argv)
        context, threads = argv[argv.index("--ctx-size") + 1], argv[argv.index("--threads") + 1]
        body = json.dumps({"model": name, "messages": [{"role": "user", "content": "Say hello."}]})
        self.say(f"{name} is ready on {self.settings.url}/v1 ({context} tokens of context, {threads} threads)")
        self.say(f"  curl {self.settings.url}/v1/chat/completions -H 'Content-Type: application/json' -d '{body}'")

    async def stop(self) -> None:
        """The proxy first, whose streams still need llama-server, then that."""
        if self.proxy is None:
            return  # the status file on this port may be another stack's
        await self.proxy.stop(self.drain)
        if self.llama is not None:
            await self.llama.stop(LLAMA_GRACE)
        self.status.clear()

    def kill(self) -> None:
        """Both at once."""
        for child in (self.proxy, self.llama):
            if child is not None:
                child.kill()


class StopSignals:
    """Ctrl-C, SIGTERM and a closed terminal: the first asks, the second insists."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.asked, self.insisted = asyncio.Event(), asyncio.Event()
        self.number = 0
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN or number == signal.SIGTERM:  # nohup stays nohup
                loop.add_signal_handler(number, self._take, number)

    def _take(self, number: int) -> None:
        self.number = number
        (self.insisted if self.asked.is_set() else self.asked).set()


async def first_of(*work: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, cancel the others, raise what it raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def run(stack: Stack, signals: StopSignals) -> int:
    """Serve until asked to stop or until something ends that should not. Returns the exit code.

    Raises LauncherError, with every child stopped.
    """
    try:
        await first_of(signals.asked.wait(), stack.serve())
        stack.say("Stopping: open streams are finished first; Ctrl-C again stops at once.")
    except LauncherError as error:
        if not (isinstance(error, UnavailableError) and error.told):
            stack.say(f"error: {error}")
        return await _stop(stack, signals) or error.exit_code
    return await _stop(stack, signals)


async def _stop(stack: Stack, signals: StopSignals) -> int:
    """0 for a stop in order, 128 + N when a second signal cut it short."""
    stopping = asyncio.create_task(stack.stop())
    insisting = asyncio.create_task(signals.insisted.wait())
    await asyncio.wait({stopping, insisting}, return_when=asyncio.FIRST_COMPLETED)
    insisting.cancel()
    if stopping.done():
        stopping.result()
        return 0
    stack.kill()
    await stopping
    return 128 + signals.number


def _text_of(log: Path | None) -> str:
    """The end of a log file, at most 64 kB of it."""
    if log is None or not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 65_536))
        return file.read().decode("utf-8", "replace")
