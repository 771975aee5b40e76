"""A real llama-server with SmolLM2-135M behind the proxy, as `python -m launcher up` starts it, where it can be had.

It takes the cache that the integration tests fill, or the user's own, and fetches nothing.
"""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import platformdirs

from tests.launcher.launched import ROOT, Launched

MODEL = "smollm2-135m"
_NOWHERE = "http://127.0.0.1:9"


class NotHereError(Exception):
    """Why there is no real model to ask."""


@contextmanager
def real_model(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Its base URL, its name and the name of its server. Raises NotHereError."""
    environment = dict(os.environ) | {"OPENAI_API_SIMULATOR_CACHE": str(_cache()), "LLAMA_SERVER": ""}
    environment |= {"LLAMA_RELEASES_URL": _NOWHERE, "LLAMA_RELEASES_API": _NOWHERE, "PYTHONPATH": str(ROOT)}
    argv = (sys.executable, "-m", "launcher", "up", "--model", MODEL, "--fail-fast")
    launched = Launched(folder, _free_port(), _free_port(), argv, **environment)
    try:
        launched.until("is ready", seconds=300)
        props = httpx.get(f"http://127.0.0.1:{launched.llama_port}/props", timeout=30).json()
        yield f"http://127.0.0.1:{launched.port}/v1", MODEL, f"llama-server {props.get('build_info', '')}".strip()
        launched.end(15)
    finally:
        launched.close()


def _cache() -> Path:
    """A cache that has the model and a llama-server. Raises NotHereError."""
    chosen = os.environ.get("OPENAI_API_SIMULATOR_TEST_CACHE")
    names = ("openai-api-simulator-tests", "openai-api-simulator")
    caches = [Path(chosen)] if chosen else [platformdirs.user_cache_path(name, appauthor=False) for name in names]
    for cache in caches:
        if (cache / "models" / MODEL / "manifest.json").exists() and list((cache / "llama").glob("*/llama-server")):
            return cache
    raise NotHereError(
        f"no {MODEL} and llama-server in {' or '.join(map(str, caches))}; `make run-smollm` fetches them"
    )


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
