"""One child process: its own session, a guard that stops it when the launcher is gone, a log, an end.

Knows nothing of what the child does; services.py says what to start.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

GUARD = Path(__file__).with_name("guard.py")
ALONE_GRACE = 5.0
"""Seconds a child gets to end by itself once its launcher has vanished."""

MAX_LINE = 1024 * 1024
"""A compiler's command line can be long."""


@dataclass(frozen=True)
class Spec:
    """What to start. `log` takes stdout and stderr; without one they stay the launcher's own.
    `capture` keeps stdout for the launcher, `merge` stderr with it.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    log: Path | None = None
    capture: bool = False
    merge: bool = False


class Lifeline:
    """A pipe that nobody writes to: each guard holds the end for reading, this process the other one."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._read)
        os.close(self._write)

    async def start(self, spec: Spec) -> "Child":
        """Start `spec` under a guard, in a session of its own."""
        with contextlib.ExitStack() as stack:
            log: IO[bytes] | None = None
            if spec.log is not None:
                spec.log.parent.mkdir(parents=True, exist_ok=True)
                log = stack.enter_context(spec.log.open("wb"))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", str(GUARD), str(ALONE_GRACE), *spec.argv,
                stdin=self._read,
                stdout=asyncio.subprocess.PIPE if spec.capture else log,
                stderr=asyncio.subprocess.STDOUT if spec.merge else log,
                env=dict(spec.env),
                limit=MAX_LINE,
                start_new_session=True,
            )  # fmt: skip
        return Child(spec, process)


class Child:
    """A running child, by its guard."""

    def __init__(self, spec: Spec, process: asyncio.subprocess.Process) -> None:
        self.spec = spec
        self._process = process

    @property
    def running(self) -> bool:
        """Whether it has not ended yet, as far as was noticed."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """Its exit code, 128 + N when signal N ended it. Whatever it left in its group ends with it."""
        code = await self._process.wait()
        self._signal(signal.SIGKILL)
        return code if code >= 0 else 128 - code

    async def output(self) -> str:
        """All of its standard output, once it has closed it. Only where `capture` was asked for."""
        assert self._process.stdout is not None
        return (await self._process.stdout.read()).decode("utf-8", "replace")

    async def lines(self) -> AsyncIterator[bytes]:
        """Its standard output, line by line. Only where `capture` was asked for."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            yield line

    async def stop(self, grace: float) -> int:
        """Ask its group to end, and end it after `grace` seconds."""
        if self.running:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self.wait()), grace)
            self.kill()
        return await self.wait()

    def kill(self) -> None:
        """End its whole group now."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        # PermissionError: macOS says so of a group that only holds ended processes.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
