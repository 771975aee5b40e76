"""`make run-nanochat` from an empty cache to a chat answer, and again from the cache: time, memory, disk, speed.

    python -m bench.make_checkpoint /tmp/d20
    python -m bench.nanochat /tmp/d20 [--rate MB/s] [--keep CACHE_DIR]

The checkpoint is served by a hub of this machine (bench/hub.py). Everything else is as it is for a user; LLAMA_SERVER
and the launcher's other variables are passed on. Memory and disk are sampled ten times a second: the fetcher's largest
resident set, and the largest total of the models folder.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psutil

from bench.hub import serving

ROOT: Final = Path(__file__).parents[1]
REPO: Final = "sdobson/nanochat"
QUESTION: Final = [{"role": "user", "content": "Tell me about the 2 rivers of the year 1987."}]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Watch:
    """What is seen of a stack from outside while it runs."""

    process: psutil.Process
    cache: Path
    port: int
    phases: dict[str, float] = field(default_factory=dict)
    """Seconds in each phase of the status file."""
    fetcher: int = 0
    llama: int = 0
    disk: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look ten times a second until it is done."""
        before = time.perf_counter()
        while not self.done.wait(0.1):
            now = time.perf_counter()
            if phase := self._phase():
                self.phases[phase] = self.phases.get(phase, 0.0) + now - before
            before = now
            self.weigh()

    def _phase(self) -> str | None:
        with suppress(OSError, ValueError):
            told = json.loads((self.cache / "run" / str(self.port) / "status.json").read_bytes())
            return str(told["phase"])
        return None

    def weigh(self) -> None:
        """Look at memory and disk once."""
        with suppress(psutil.Error):
            for child in self.process.children(recursive=True):
                with suppress(psutil.Error):
                    words, size = child.cmdline(), child.memory_info().rss
                    if "fetcher" in words:
                        self.fetcher = max(self.fetcher, size)
                    elif child.name() == "llama-server":
                        self.llama = max(self.llama, size)
        sizes = 0
        for path in (self.cache / "models").rglob("*"):
            with suppress(OSError):
                sizes += 0 if path.is_symlink() or not path.is_file() else path.stat().st_blocks * 512
        self.disk = max(self.disk, sizes)


@dataclass
class Answer:
    """A streamed chat answer. Seconds."""

    first_token: float
    total: float
    tokens: int

    @property
    def speed(self) -> float:
        """Tokens per second after the first."""
        return (self.tokens - 1) / (self.total - self.first_token)


def ask(base: str, tokens: int) -> Answer:
    body = {"model": "nanochat", "messages": QUESTION, "max_tokens": tokens, "stream": True, "ignore_eos": True}
    start, first, count = time.perf_counter(), 0.0, 0
    with httpx.stream("POST", f"{base}/v1/chat/completions", json=body, timeout=300) as response:
        if response.status_code != 200:
            raise SystemExit(f"{response.status_code}: {response.read().decode()}")
        for line in response.iter_lines():
            if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
                first = first or time.perf_counter() - start
                count += 1
    return Answer(first, time.perf_counter() - start, count)


@contextmanager
def stack(cache: Path, endpoint: str) -> Iterator[tuple[str, Watch, float]]:
    """`make run-nanochat` until the real model answers: its address, what is seen, seconds to the first answer."""
    port, llama_port = free_port(), free_port()
    environ = {**os.environ, "OPENAI_API_SIMULATOR_CACHE": str(cache), "HF_ENDPOINT": endpoint}
    command = ["make", "--no-print-directory", "run-nanochat", f"PORT={port}", f"LLAMA_PORT={llama_port}"]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=sys.stderr, stdin=subprocess.DEVNULL, start_new_session=True
    )
    watch = Watch(psutil.Process(process.pid), cache, port)
    watcher = threading.Thread(target=watch.run)
    watcher.start()
    base = f"http://127.0.0.1:{port}"
    try:
        while not _answers(base):
            if process.poll() is not None:
                raise SystemExit(f"make ended with {process.returncode}")
            time.sleep(0.02)
        yield base, watch, time.perf_counter() - start
    finally:
        watch.done.set()
        watcher.join()
        os.killpg(process.pid, signal.SIGINT)
        process.wait()


def _answers(base: str) -> bool:
    body = {"model": "nanochat", "messages": QUESTION, "max_tokens": 1}
    try:
        return httpx.post(f"{base}/v1/chat/completions", json=body, timeout=60).status_code == 200
    except httpx.TransportError:
        return False


def measure(cache: Path, endpoint: str) -> None:
    with stack(cache, endpoint) as (base, watch, seconds):
        print("| from an empty cache | |\n|---|---|")
        print(f"| to the first answer | {seconds:.1f} s |")
        for phase, spent in watch.phases.items():
            if spent >= 0.15:
                print(f"| of it `{phase}` | {spent:.1f} s |")
        print(f"| the fetcher's memory, at most | {watch.fetcher / 1e6:.0f} MB |")
        print(f"| the models folder, at most | {watch.disk / 1e6:.0f} MB |")
        answers = [ask(base, 128) for _ in range(3)]
        best = max(answers, key=lambda answer: answer.speed)
        print(f"| first token, best of 3 | {min(answer.first_token for answer in answers) * 1000:.0f} ms |")
        print(f"| speed, best of 3 answers of 128 tokens | {best.speed:.1f} tokens/s |", flush=True)
        print(f"| llama-server's memory | {watch.llama / 1e6:.0f} MB |")
    for _ in range(3):
        with stack(cache, "http://127.0.0.1:9") as (_, _, seconds):
            print(f"| from the cache, to the first answer | {seconds:.2f} s |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--rate", type=float, default=0, help="of the hub, in MB/s; 0: as fast as it goes")
    parser.add_argument("--keep", type=Path, help="use this empty folder as the cache, and leave it there")
    flags = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(flags.checkpoint, REPO, rate=flags.rate * 1e6) as endpoint:
        measure((flags.keep or Path(folder)).absolute(), endpoint)


if __name__ == "__main__":
    main()
