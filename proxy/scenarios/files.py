"""The scenario of the server's files: read at the start and again when they change; a broken version keeps the old.

A folder stands for the files in it, those that come later too. Which files are looked at for changes is here; when, the
caller says (`watch` is given how to sleep).
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from proxy.pace import Sleep
from proxy.scenarios.load import Loaded, Problem, ScenarioError, load

log = logging.getLogger("proxy")

EVERY_SECONDS = 0.25
_ENDINGS = (".yaml", ".yml", ".json")
Stamp = tuple[tuple[int, int, int], ...]


class Files:
    """A player's Source; `recorded` is not watched. Raises ScenarioError where they cannot be used from the start."""

    def __init__(self, paths: Sequence[Path], recorded: Path | None = None) -> None:
        self._paths = tuple(paths)
        self._recorded = recorded
        self._read = self._stamp()  # before they are read: a change meanwhile is seen later
        self._seen = self._read
        self._problem: str | None = None
        self._reloads = 0
        self._loaded = read(self._paths)
        _warn(self._loaded)

    @property
    def loaded(self) -> Loaded:
        """The newest version that can be used."""
        return self._loaded

    def shown(self) -> dict[str, Any]:
        """The files, how often they were read again, and why the newest version is not in use."""
        return {
            "source": "files",
            "files": [str(path) for path in files_in(self._paths)],
            "reloads": self._reloads,
            "problem": self._problem,
        }

    async def watch(self, sleep: Sleep) -> None:
        """Look at the files for ever."""
        while True:
            await sleep(EVERY_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read the files again if they have changed and were the same at the last two looks: nobody is writing them."""
        now = self._stamp()
        settled, self._seen = now == self._seen, now
        if now == self._read or not settled:
            return
        self._read = now
        try:
            loaded = await asyncio.to_thread(_read_with_warnings, self._paths)
        except ScenarioError as error:
            self._problem = str(error)
            log.warning("the scenario stays as it was, its new version cannot be used: %s", self._problem)
            return
        self._loaded, self._problem = loaded, None
        self._reloads += 1
        log.info("the scenario was read again: %d rules", len(loaded.rules))
        _warn(loaded)

    def _stamp(self) -> Stamp:
        return tuple([_stamp_of(path) for path in files_in(self._paths) if path != self._recorded])


def read(paths: Sequence[Path]) -> Loaded:
    """One scenario out of files. Raises ScenarioError."""
    texts, problems = [], []
    for path in files_in(paths):
        try:
            texts.append((str(path), path.read_text(encoding="utf-8")))
        except OSError as problem:
            problems.append(Problem(str(path), 0, _why(path, problem)))
        except UnicodeDecodeError:
            problems.append(Problem(str(path), 0, "this file is not UTF-8"))
    if not problems:
        return load(texts)
    try:
        load(texts)
    except ScenarioError as error:
        problems += error.problems
    raise ScenarioError(problems)


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files, those of a folder by name; a folder that has none, or is not to be read, stays as it is."""
    for path in paths:
        try:
            found = sorted([each for each in path.iterdir() if each.suffix in _ENDINGS]) if path.is_dir() else []
        except OSError:
            found = []
        yield from found or [path]


def _why(path: Path, problem: OSError) -> str:
    if path.is_dir():
        return f"there is no file in this folder whose name ends in {' or '.join(_ENDINGS)}"
    return f"this file cannot be read: {problem.strerror}"


def _read_with_warnings(paths: Sequence[Path]) -> Loaded:
    loaded = read(paths)
    _ = loaded.warnings  # looked for in this thread, which nobody waits for
    return loaded


def _warn(loaded: Loaded) -> None:
    for problem in loaded.warnings:
        log.warning("%s", problem)


def _stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
