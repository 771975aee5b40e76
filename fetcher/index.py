"""Takes one distribution file from the package index, with pip: nothing is installed.

pip brings its own configuration (index, proxy, certificates, credentials), which is the point: where
`pip install` works, this works. It does not report progress in a form that holds across its versions, so
the growth of a temporary folder that we give it is watched instead.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fetcher import atomic
from fetcher.download import MARGIN, Arrived, hash_file
from fetcher.errors import AccessRefused, Corrupt, FetchError, NoSuchThing, OutOfReach, UsageError, without_secrets
from fetcher.progress import Progress, megabytes

STALL_SECONDS: Final = 180.0  # pip itself waits and retries; this is for a pip that does neither
WATCH_SECONDS: Final = 0.2
_SPEC: Final = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+-]+)")
_LOG_TAIL: Final = 64 * 1024


@dataclass(frozen=True)
class Distribution:
    """What to take: `NAME==VERSION`, as a wheel or as the source archive, and what it must be."""

    spec: str
    size: int | None = None
    sha256: str | None = None
    sdist: bool = False


class PackageIndex:
    """pip, as a child process."""

    def __init__(
        self,
        progress: Progress,
        *,
        environ: Mapping[str, str],
        python: Sequence[str] = (sys.executable,),
        free_space: Callable[[Path], int] = atomic.free_space,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._progress = progress
        self._environ = environ
        self._python = tuple(python)
        self._free_space = free_space
        self._stall_seconds = stall_seconds

    def fetch(self, wanted: Distribution, folder: Path, label: str) -> Arrived:
        """Make the distribution file be in `folder`; the caller holds the lock. Raises a FetchError."""
        match = _SPEC.fullmatch(wanted.spec)
        if match is None:
            raise UsageError(f"{wanted.spec!r} is not an exact version", "Write NAME==VERSION.")
        folder.mkdir(parents=True, exist_ok=True)
        self._check_room(wanted, folder)
        with tempfile.TemporaryDirectory(prefix=".pip-", dir=folder, ignore_cleanup_errors=True) as staging:
            arrived = self._run_pip(wanted, match["name"], Path(staging), label)
            return self._verified(wanted, arrived, folder)

    def _run_pip(self, wanted: Distribution, name: str, staging: Path, label: str) -> Path:
        scratch, arrivals, output, log = (staging / name for name in ("tmp", "new", "output", "log"))
        scratch.mkdir()
        arrivals.mkdir()
        log.touch()
        requirement = staging / "requirement.txt"
        pin = f" --hash=sha256:{wanted.sha256}" if wanted.sha256 else ""
        requirement.write_text(f"{wanted.spec}{pin}\n", "utf-8")
        # A source archive makes pip run that package's build backend for its metadata; with the hash in the
        # requirement pip refuses a wrong archive before that. `:all:` would build the build tools too.
        form = f"--no-binary={name}" if wanted.sdist else "--only-binary=:all:"
        command = [*self._python, "-m", "pip", "download", "--no-input", "--no-deps", "--no-cache-dir", form]
        command += ["--disable-pip-version-check", "--retries=2", "--progress-bar=off", "--quiet"]
        command += [f"--log={log}", f"--dest={arrivals}", f"--requirement={requirement}"]
        environ = {**self._environ, "TMPDIR": str(scratch), "PYTHONUTF8": "1"}
        self._progress.begin("downloading", label, wanted.size)
        with output.open("wb") as said:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environ)
            try:
                self._watch(child, (scratch, arrivals), wanted.size)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
        arrived = sorted(arrivals.iterdir())
        if child.returncode != 0 or not arrived:
            raise _explained(_tail(output), _tail(log), wanted.spec, folder=staging.parent)
        return arrived[0]

    def _watch(self, child: "subprocess.Popen[bytes]", folders: Sequence[Path], size: int | None) -> None:
        seen, since = -1, time.monotonic()
        while True:
            try:
                child.wait(WATCH_SECONDS)
                return
            except subprocess.TimeoutExpired:
                largest = _largest_file(folders)
            if largest > seen:
                seen, since = largest, time.monotonic()
                self._progress.at(min(largest, size) if size else largest)
            elif time.monotonic() - since > self._stall_seconds:
                raise OutOfReach(
                    f"the package index sent nothing for {self._stall_seconds:g} s",
                    "Check pip's index, proxy and certificate settings, or try later.",
                )

    def _verified(self, wanted: Distribution, arrived: Path, folder: Path) -> Arrived:
        found = hash_file(arrived, self._progress)
        for is_wrong, what in (
            (wanted.size is not None and found.size != wanted.size, f"{found.size} bytes, not {wanted.size}"),
            (wanted.sha256 not in (None, found.sha256), f"a sha256 that begins {found.sha256[:12]}"),
        ):
            if is_wrong:
                raise _wrong_file(wanted.spec, what)
        destination = folder / arrived.name
        arrived.replace(destination)
        return Arrived(destination, found.size, found.sha256)

    def _check_room(self, wanted: Distribution, folder: Path) -> None:
        needed, free = 2 * (wanted.size or 0) + MARGIN, self._free_space(folder)  # pip copies from its own scratch
        if needed > free:
            raise atomic.no_room(folder, f"{megabytes(needed)} MB (only {megabytes(free)} MB are free)")


def clear_leftovers(folder: Path) -> None:
    """Remove what a killed run left behind; the caller holds the lock."""
    for left in folder.glob(".pip-*"):
        shutil.rmtree(left, ignore_errors=True)


def _wrong_file(spec: str, what: str) -> Corrupt:
    return Corrupt(
        f"{spec} from the package index is not the expected file: it has {what}",
        "Check which index pip uses: it serves another file under this name.",
    )


def _explained(said: str, log: str, spec: str, folder: Path) -> FetchError:
    """Pip's output and its own log as one of our errors; pip has no exit codes that tell them apart."""
    if "No module named pip" in said:
        return UsageError(
            "pip is missing in this Python environment", "Run `python -m ensurepip`, or make the environment anew."
        )
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return atomic.no_room(folder, spec)
    if "DO NOT MATCH THE HASHES" in said:
        return _wrong_file(spec, "another sha256")
    reason = _reason(said, log)
    if re.search(r"\b(401|403)\b", reason):
        return AccessRefused(f"the package index refuses {spec}: {reason}", "Check the credentials in pip's settings.")
    if re.search(
        r"Errno|[Tt]imed? ?out|SSL|[Cc]onnection|Max retries|[Pp]roxy|HTTP error|\b(429|5\d\d)\b .*Error", reason
    ):
        return OutOfReach(
            f"the package index is out of reach: {reason}",
            "Check pip's index, proxy and certificate settings, or try later.",
        )
    return NoSuchThing(
        f"the package index has no {spec} for this machine: {reason}",
        "Check that pip's index carries it (a company mirror may not) and that this Python is supported.",
    )


def _reason(said: str, log: str) -> str:
    """The sentence that matters. pip tells of an index page that failed in its log only."""
    pages = re.findall(r"Could not fetch URL \S+: (.*) - skipping", log)
    failed = [page for page in pages if not page.startswith("404")]
    errors = [line.removeprefix("ERROR:") for line in said.splitlines() if line.startswith("ERROR:")]
    sentence = (failed or errors or said.splitlines() or ["pip says nothing"])[0]
    inner = re.search(r"Caused by \w+\((.*)\)", sentence)  # urllib3 wraps the reason in two representations
    if inner is not None:
        sentence = (inner[1].rpartition(": ")[2] if ">: " in inner[1] else inner[1]).strip("'\")(")
    return without_secrets(sentence.strip(" ."))[:300]


def _tail(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL))
        return file.read().decode("utf-8", "replace")


def _largest_file(folders: Sequence[Path]) -> int:
    """The size of the largest file below; files may vanish meanwhile."""
    largest = 0
    for folder in folders:
        for root, _, names in os.walk(folder):
            for name in names:
                try:
                    largest = max(largest, (Path(root) / name).stat().st_size)
                except OSError:
                    continue
    return largest
