"""Runs `llama-server --version` once: the cheapest proof that a binary works on this very machine."""

import asyncio
import os
import signal

from launcher.binary import Binary
from launcher.errors import UNUSABLE, UnavailableError
from launcher.explain import why_it_does_not_start

SECONDS = 30.0
"""macOS asks its notary service at the first start of a program."""


async def version_of(binary: Binary, system: str, seconds: float = SECONDS) -> str:
    """The line that tells its version. Raises UnavailableError that explains why it does not run."""
    env = dict(os.environ)
    if binary.library_dirs:
        env["LD_LIBRARY_PATH"] = os.pathsep.join(binary.library_dirs)
    try:
        process = await asyncio.create_subprocess_exec(
            str(binary.path), "--version", env=env, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        raise _does_not_run(binary, *why_it_does_not_start(error.strerror or "", 126, system)) from error
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as error:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise _does_not_run(binary, f"it says nothing within {seconds:g} s", "") from error
    code = process.returncode or 0
    text = output.decode("utf-8", "replace")
    if code != 0:
        raise _does_not_run(binary, *why_it_does_not_start(text, code if code > 0 else 128 - code, system))
    lines = [line.strip() for line in text.splitlines() if line.startswith("version")]
    return lines[0][:200] if lines else "version unknown"


def _does_not_run(binary: Binary, message: str, advice: str) -> UnavailableError:
    return UnavailableError(f"{binary.path} does not run here: {message}", advice, UNUSABLE, "binary_does_not_run")
