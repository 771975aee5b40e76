"""The docker command as the tests use it: a call that fails loudly, a free port, and one Compose project.

Knows nothing of what the containers answer.
"""

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def docker(*args: str, env: Mapping[str, str] | None = None, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run docker with these arguments; a failure that was not expected shows what docker said."""
    done = subprocess.run(
        ["docker", *args], cwd=ROOT, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise AssertionError(f"docker {' '.join(args)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Poll the condition until it holds; fail, naming it, when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.1)


@dataclass
class Stack:
    """One Compose project of its own: name, ports, environment; `down` removes all of it."""

    project: str
    files: list[Path]
    env: dict[str, str]
    port: int = field(default_factory=free_port)
    llama_port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.port}"

    def compose(self, *args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        """Run docker compose on this project; keywords are environment variables for this call."""
        files = [word for file in self.files for word in ("--file", str(file))]
        ports = {"PORT": str(self.port), "LLAMA_PORT": str(self.llama_port), "BIND": "127.0.0.1"}
        return docker(
            "compose", "--project-name", self.project, "--project-directory", str(ROOT), *files, *args,
            env={**self.env, **ports, **env}, check=check,
        )  # fmt: skip

    def container(self, service: str) -> str:
        """Return the id of the service's container, stopped or not."""
        return self.compose("ps", "--all", "--quiet", service).stdout.strip()

    def inspect(self, service: str) -> dict[str, object]:
        """Return what the engine knows of the service's container."""
        found: dict[str, object] = json.loads(docker("inspect", self.container(service)).stdout)[0]
        return found

    def down(self) -> list[str]:
        """Stop and remove everything; return the names of whatever is left all the same."""
        self.compose("--profile", "*", "down", "--volumes", "--timeout", "5")
        label = f"label=com.docker.compose.project={self.project}"
        kinds = (["container", "ls", "--all"], ["volume", "ls"], ["network", "ls"])
        return [name for kind in kinds for name in docker(*kind, "--quiet", "--filter", label).stdout.split()]
