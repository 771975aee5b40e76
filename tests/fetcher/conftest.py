"""A hub that stands in, a download loop that does not wait, and the real command line as a child process."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fetcher.download import Downloader, open_client
from fetcher.progress import Progress
from fetcher.settings import Patience
from fetcher.status import StatusFile
from tests.fetcher.stand_in_hub import StandInHub

ROOT = Path(__file__).parents[2]
PATIENCE = Patience(stall_seconds=0.3, tries=3, backoff_seconds=0.01)


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    server = StandInHub()
    yield server
    server.close()


@pytest.fixture
def other_origin() -> Iterator[StandInHub]:
    """A second server: another origin for redirects, or another source."""
    server = StandInHub()
    yield server
    server.close()


@pytest.fixture
def told() -> io.StringIO:
    """What people were told."""
    return io.StringIO()


@pytest.fixture
def progress(told: io.StringIO, tmp_path: Path) -> Progress:
    return Progress(StatusFile(tmp_path / "status.json", "m"), told, terminal=False)


@pytest.fixture
def waits() -> list[float]:
    """The waits that the download loop asked for; it never really waits."""
    return []


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with open_client() as client:
        yield client


@pytest.fixture
def make_downloader(client: httpx.Client, progress: Progress, waits: list[float]) -> Callable[..., Downloader]:
    def make(patience: Patience = PATIENCE, **options: Any) -> Downloader:
        return Downloader(client, patience, progress, sleep=waits.append, **options)

    return make


@pytest.fixture
def downloader(make_downloader: Callable[..., Downloader]) -> Downloader:
    return make_downloader()


class CommandLine:
    """`python -m fetcher` with a hub of its own, in an environment that holds nothing else."""

    def __init__(self, hub: StandInHub, folder: Path) -> None:
        self.models = folder / "models"
        self.status = folder / "status.json"
        self.catalogue = folder / "catalogue.toml"
        self.environ = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "MODELS_DIR": str(self.models),
            "MODEL_STATUS": str(self.status),
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(folder / "hf"),
            "CATALOGUE": str(self.catalogue),
            "BACKOFF_SECONDS": "0.01",
            "STALL_SECONDS": "5",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": f"{hub.url}/simple",
            "PYTHONWARNINGS": "error",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def start(self, *arguments: str, stderr: int = subprocess.PIPE, **environ: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "fetcher", *arguments],
            cwd=ROOT,
            env={**self.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments, stderr=subprocess.PIPE, **environ) as child:
            out, err = child.communicate(timeout=60)
            return subprocess.CompletedProcess(child.args, child.returncode, out, err)

    def read_status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.status.read_text("utf-8"))
        return told


@pytest.fixture
def command_line(hub: StandInHub, tmp_path: Path) -> CommandLine:
    return CommandLine(hub, tmp_path)
