"""A simulator: one that is there already, or one that is started as a child process and ends with this one."""

import os
import re
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from openai_api_simulator.__main__ import HERE, WITH_PARENT
from openai_api_simulator.control import ControlError, ask
from openai_api_simulator.run import OpenAISim

_ADDRESS = re.compile(r"curl (http://\S+?)/v1/")  # in the last line of what it says at its start
_LONGEST_START = 60.0  # seconds
_LONGEST_STOP = 10.0
_KEPT = 200  # lines of what it says
# The settings of an application under test (PORT, SEED, LOG_LEVEL) must not become those of the simulator.
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV")
_PASSED_ON_BEGINNINGS = ("PYTHON", "LC_", "LD_", "DYLD_", "COVERAGE_")


class NotServingError(Exception):
    """There is no simulator; the message is one sentence that says why."""


@dataclass(frozen=True)
class Server:
    """A simulator that listens at `url`. `log` is what it said since the test began, of one that was started here."""

    url: str
    log: "deque[str]" = field(default_factory=deque, repr=False)

    def run(self, name: str) -> OpenAISim:
        """A run of its own, apart from all others (docs/runs.md)."""
        return OpenAISim(self.url, name)


def found(url: str) -> Server:
    """The simulator at that address, with or without /v1. Raises NotServingError."""
    origin = url.rstrip("/").removesuffix("/v1")
    if not origin.startswith(("http://", "https://")):
        raise NotServingError(f"{url!r} is no address of a simulator; expected such as http://127.0.0.1:3080")
    try:
        ask("GET", f"{origin}/_sim", seconds=10)
    except ControlError as problem:
        raise NotServingError(f"{problem}; start one there, or name none and one will be started") from None
    return Server(origin)


@contextmanager
def started(flags: Sequence[str] = ()) -> Iterator[Server]:
    """A simulator on a free port, until the end. Raises NotServingError."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or name.startswith(_PASSED_ON_BEGINNINGS)
    }
    command = [sys.executable, "-P", "-u", str(HERE / "__main__.py"), WITH_PARENT, "--port", "0", "--llama-url", ""]
    process = subprocess.Popen(
        [*command, *flags],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the tests, and they may ask it something at their end
    )
    address: list[str] = []
    known = threading.Event()
    log: deque[str] = deque(maxlen=_KEPT)
    reader = threading.Thread(target=_read, args=(process, log, address, known), daemon=True)
    reader.start()
    try:
        if not known.wait(_LONGEST_START) or not address:
            raise NotServingError(f"the simulator did not start; it said: {' / '.join(log) or 'nothing'}")
        yield Server(address[0], log)
    finally:
        _stop(process)
        reader.join(_LONGEST_STOP)


def _read(process: "subprocess.Popen[str]", log: "deque[str]", address: list[str], known: threading.Event) -> None:
    """What it says; the event is set when it listens, or never will."""
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            if known.is_set():
                log.append(line.rstrip())
            elif match := _ADDRESS.search(line):
                address.append(match[1])
                log.clear()
                known.set()
            else:
                log.append(line.rstrip())
    known.set()


def _stop(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_LONGEST_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
