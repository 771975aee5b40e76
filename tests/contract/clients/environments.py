"""Where the clients live: an environment for each lock file, made once and kept by the lock's hash.

Beside the tests' other downloads, outside of the repository. Node's lock names no registry: npm takes its own.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import platformdirs
from filelock import FileLock

from tests.running import ROOT

HERE = Path(__file__).parent
NODE = HERE / "node"
_LONGEST_INSTALL = 600  # seconds


class NotMadeError(Exception):
    """An environment could not be made; the message is what the installer said last."""


def python_with(lock: str) -> Path:
    """The Python that has the packages of `<lock>.txt`. Raises NotMadeError."""
    file = HERE / f"{lock}.txt"
    folder = _place(lock, file.read_bytes(), platform.python_version())
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = ["sh", str(ROOT / "deploy/install.sh"), str(python), str(file)]
    _make(folder, [[sys.executable, "-m", "venv", str(folder)], install])
    return python


def node_modules() -> Path:
    """The folder with Node's packages. Raises NotMadeError."""
    files = [NODE / "package.json", NODE / "package-lock.json"]
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    folder = _place("node", *[file.read_bytes() for file in files], version)
    ci = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)]
    _make(folder, [["mkdir", str(folder)], ["cp", *map(str, files), str(folder)], ci])
    return folder / "node_modules"


def _place(name: str, *content: bytes | str) -> Path:
    chosen = os.environ.get("OPENAI_API_SIMULATOR_TEST_CACHE")
    cache = Path(chosen) if chosen else platformdirs.user_cache_path("openai-api-simulator-tests", appauthor=False)
    digest = hashlib.sha256(b"".join(part.encode() if isinstance(part, str) else part for part in content))
    (cache / "clients").mkdir(parents=True, exist_ok=True)
    return cache / "clients" / f"{name}-{digest.hexdigest()[:12]}"


def _make(folder: Path, commands: list[list[str]]) -> None:
    with FileLock(f"{folder}.lock"):
        done = folder / "complete"
        if done.exists():
            return
        shutil.rmtree(folder, ignore_errors=True)
        for command in commands:
            _run(command)
        done.touch()


def _run(command: list[str]) -> None:
    # uv, where this environment has it, is quicker than pip.
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_LONGEST_INSTALL, check=False, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NotMadeError(str(problem)) from None
    if done.returncode:
        raise NotMadeError("\n".join([" ".join(command[:3]), *done.stderr.strip().splitlines()[-8:]]))
