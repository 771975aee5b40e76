"""The package as others have it: built from this tree and installed into an environment of its own."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.contract.clients.environments import HERE
from tests.running import ROOT

LOCK = HERE / "examples.txt"


@dataclass(frozen=True)
class Environment:
    """A virtual environment in which the package is installed, and what it was made from."""

    folder: Path
    wheel: Path
    sdist: Path

    def command(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, name: str, *arguments: str, **options) -> "subprocess.CompletedProcess[str]":
        """A command of the environment, with nothing of this tree on its path."""
        return ran(self.command(name), *arguments, **options)


def ran(*command: str, fails: bool = False, **options) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)
    assert fails or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="session")
def installed(tmp_path_factory) -> Environment:
    """Locked packages first; then the package itself from its wheel, without any that it would have to fetch."""
    folder = tmp_path_factory.mktemp("installed")
    ran(sys.executable, "-m", "venv", str(folder / "venv"))
    python = str(folder / "venv/bin/python")
    ran("sh", "deploy/install.sh", python, str(LOCK), cwd=ROOT)
    ran(python, "-m", "hatchling", "build", "-d", str(folder / "dist"), cwd=ROOT)
    (wheel,), (sdist,) = (folder / "dist").glob("*.whl"), (folder / "dist").glob("*.tar.gz")
    ran(python, "-m", "pip", "install", "--quiet", "--no-index", str(wheel))
    ran(python, "-m", "pip", "check")
    return Environment(folder / "venv", wheel, sdist)
