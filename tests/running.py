"""Starts programs as child processes for tests: the proxy itself, and the servers of tests/upstreams."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).parent.parent
_ADDRESS = re.compile(r"(?:base URL:|listening on) (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True)
class Running:
    """A child process that has `said` where it listens; `lines` is what it says afterwards."""

    url: str
    said: str
    process: subprocess.Popen[str]
    lines: "Queue[str]"

    @property
    def v1(self) -> str:
        return self.url + "/v1"


def clean_environment(**more: str) -> dict[str, str]:
    """This environment without what configures the proxy."""
    places = ("HOST", "PORT", "LLAMA_URL", "MODELS_DIR", "MODEL_STATUS")
    answers = ("SCENARIO", "ON_MISS", "REPLAY_SPEED", "RECORD", "RECORD_FROM", "RECORD_API_KEY")
    names = (*places, *answers, "SEED", "LENIENT", "STRICT_MODELS", "ACCESS_LOG", "LIMITS", "LATENCY")
    return {name: value for name, value in os.environ.items() if name not in names} | more


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[Running]:
    """A Python program that prints its address; ended at the end."""
    process = subprocess.Popen(
        [sys.executable, "-u", *arguments],
        cwd=ROOT,
        env=clean_environment(**environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines: Queue[str] = Queue()
    threading.Thread(target=_collect, args=(process, lines), daemon=True).start()
    said: list[str] = []
    try:
        while not (found := said and _ADDRESS.search(said[-1])):
            line = lines.get(timeout=60)
            assert line, f"{arguments} ended before it listened:\n{''.join(said)}"
            said.append(line)
        yield Running(found[1], "".join(said), process, lines)
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """At once; but gently where `make coverage` measures, for a process that is killed does not tell what it ran."""
    if "COVERAGE_PROCESS_CONFIG" in os.environ:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
    process.kill()
    process.wait()


def proxy(*flags: str, **environment: str):
    """The real entry point, on a free port, away from any llama-server unless told."""
    if "--llama-url" not in flags and "LLAMA_URL" not in environment:
        flags = (*flags, "--llama-url", "")
    return running("-m", "proxy", "--port", "0", *flags, **environment)


def upstream(name: str, *arguments: str):
    """One of tests/upstreams."""
    return running("-m", f"tests.upstreams.{name}", *arguments)


def _collect(process: subprocess.Popen[str], lines: "Queue[str]") -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            lines.put(line)
    lines.put("")
