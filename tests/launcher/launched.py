"""Native mode as a real process with stand-ins for its children: start it, wait for its words, end it."""

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

DOUBLES = Path(__file__).parent / "doubles"
ROOT = Path(__file__).parents[2]
STAND_INS = (sys.executable, str(DOUBLES / "launch.py"))
SECONDS = 40.0


class Launched:
    """One running launcher; `argv` is it, by default the one with stand-ins."""

    def __init__(
        self, folder: Path, port: int, llama_port: int, argv: Sequence[str] = STAND_INS, **environ: str
    ) -> None:
        self.port, self.llama_port = port, llama_port
        self.cache = Path(environ.get("OPENAI_API_SIMULATOR_CACHE", folder / "cache"))
        self.events_file = folder / "events"
        self.events_file.touch()
        self.lines: list[str] = []
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "EVENTS": str(self.events_file),
            "PORT": str(port),
            "LLAMA_PORT": str(llama_port),
            "OPENAI_API_SIMULATOR_CACHE": str(self.cache),
            "LLAMA_SERVER": str(DOUBLES / "llama-server"),
            "MODEL": "small",
            **environ,
        }
        self.process = subprocess.Popen(
            argv,
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._arriving: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arriving.put(line.rstrip())
        self._arriving.put(None)

    def until(self, words: str, seconds: float = SECONDS) -> str:
        """The line that says `words`, waiting for it."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            line = self._arriving.get(timeout=left)
            if line is None:
                break
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} was never said, but: {self.lines}")

    def end(self, number: int | None = None) -> int:
        """Its exit code, after a signal if one is given."""
        if number is not None:
            self.process.send_signal(number)
        code = self.process.wait(SECONDS)
        while (line := self._arriving.get(timeout=SECONDS)) is not None:
            self.lines.append(line)
        return code

    @property
    def said(self) -> str:
        """All it said that was looked at."""
        return "\n".join(self.lines)

    @property
    def events(self) -> list[str]:
        """What its children noted."""
        return self.events_file.read_text().splitlines()

    def pid_of(self, start: str) -> int:
        """The process id in the note that begins with `start`."""
        eventually(lambda: any(line.startswith(start) for line in self.events), f"{start} in {self.events}")
        line = next(line for line in self.events if line.startswith(start))
        return int(next(word for word in line.removeprefix(start).split() if word.isdigit()))

    def descendants(self) -> list[psutil.Process]:
        """Every process below it now."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def close(self) -> None:
        """End whatever is left."""
        if self.process.poll() is None:
            left = self.descendants()
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            psutil.wait_procs(left, timeout=SECONDS)
        self._reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition` holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them have ended; a zombie nobody reaps has ended as well."""
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes if exists(each))


def exists(process: psutil.Process) -> bool:
    """Whether its process id is still its own."""
    return psutil.pid_exists(process.pid)
