"""Puts one stack together from the settings and runs it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from launcher import releases
from launcher.binaries import Finder
from launcher.errors import ConfigurationError
from launcher.fetching import Fetcher, model_name
from launcher.host import Host, detect
from launcher.process import Lifeline
from launcher.services import ROOT, Services
from launcher.settings import Settings
from launcher.status import StatusFile
from launcher.supervisor import Stack, StopSignals, back_off, run

DRAIN_MARGIN = 5.0
DRAIN_DEFAULT = 25.0
"""The proxy's own default of DRAIN_SECONDS."""


async def up(
    settings: Settings,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    root: Path = ROOT,
    waits: Iterator[float] | None = None,
    host: Host | None = None,
) -> int:
    """Serve until a signal. Returns the exit code; every error of the stack was said."""
    host = host or detect()
    if host.system == "Windows":
        raise ConfigurationError("native mode runs on Linux and macOS", "Use WSL, or docker compose up.")
    signals = StopSignals(asyncio.get_running_loop())
    if settings.accelerator and settings.accelerator not in host.accelerators:
        say(f"warning: no device for {settings.accelerator} was found here; llama-server will use the CPU.")
    pins = releases.read(url=settings.releases_url, api=settings.releases_api)
    services = Services(settings, host, environ, root)
    status = StatusFile(settings.status_file, model_name(settings.model))
    with Lifeline() as lifeline:
        fetcher = Fetcher(services, lifeline, status)
        finder = Finder(settings, host, environ.get("PATH", ""), pins, fetcher, say)
        stack = Stack(services, lifeline, status, finder, fetcher, say, _drain(environ), waits or back_off())
        return await run(stack, signals)


def _drain(environ: Mapping[str, str]) -> float:
    text = environ.get("DRAIN_SECONDS") or str(DRAIN_DEFAULT)
    try:
        return float(text) + DRAIN_MARGIN
    except ValueError as error:
        raise ConfigurationError(f"DRAIN_SECONDS={text}: a number is needed") from error
