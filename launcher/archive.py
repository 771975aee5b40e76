"""Unpacks an archive into a folder, or refuses it whole.

Stricter than tarfile's `data` filter, which also has its say: a link may only name a file beside itself, no
member may go through a link, and the sum of sizes is bounded by the archive's own size. What it does not
know: whose archive it is; its hash was checked before.
"""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from launcher.errors import UnsafeArchiveError

MAX_MEMBERS = 20_000
MAX_RATIO = 25
MIN_BUDGET = 64 * 1024 * 1024


def unpack_tar(archive: Path, folder: Path) -> None:
    """Unpack a (compressed) tar archive. Raises UnsafeArchiveError for anything that is not tame."""
    try:
        with tarfile.open(archive) as tar:
            budget = _Budget(archive)
            for member in tar:
                budget.take(member.size, member.name)
                _unpack_member(tar, member, folder)
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's fault, not the archive's
        raise UnsafeArchiveError(f"{archive.name} cannot be unpacked: {error}") from error


def _unpack_member(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = _inside(folder, member.name)
    _second_opinion(member, folder)
    if member.isdir():
        target.mkdir(parents=True, exist_ok=True)
    elif member.isreg():
        source = tar.extractfile(member)
        assert source is not None
        with source, _fresh(target).open("xb") as sink:
            shutil.copyfileobj(source, sink)
        target.chmod(0o755 if member.mode & stat.S_IXUSR else 0o644)
    elif member.issym():
        if PurePosixPath(member.linkname).name != member.linkname or member.linkname == "..":
            raise UnsafeArchiveError(f"The archive's link {member.name} points elsewhere: {member.linkname}")
        _fresh(target).symlink_to(member.linkname)
    elif member.islnk():
        original = _inside(folder, member.linkname)
        if original.is_symlink() or not original.is_file():
            raise UnsafeArchiveError(f"The archive's link {member.name} points at no file: {member.linkname}")
        _fresh(target).hardlink_to(original)
    else:
        raise UnsafeArchiveError(f"The archive holds something that is no file, folder or link: {member.name}")


def _second_opinion(member: tarfile.TarInfo, folder: Path) -> None:
    if hasattr(tarfile, "data_filter"):  # Python 3.11.0 to 3.11.3 lack it
        try:
            tarfile.data_filter(member, str(folder))
        except tarfile.FilterError as error:
            raise UnsafeArchiveError(f"The archive holds {member.name}, which is not safe: {error}") from error


def unpack_zip(archive: Path, folder: Path, prefix: str) -> None:
    """Unpack the files right below `prefix` of a zip (a wheel), all of them executable.

    A wheel cannot hold links and so repeats a library under each of its names: repeated content is linked.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            budget = _Budget(archive)
            written: dict[tuple[int, int], Path] = {}
            for member in _members_below(source, prefix):
                budget.take(member.file_size, member.filename)
                target = _fresh(_inside(folder, member.filename.removeprefix(prefix)))
                same = written.setdefault((member.CRC, member.file_size), target)
                if same is not target:
                    target.hardlink_to(same)
                    continue
                with source.open(member) as content, target.open("xb") as sink:
                    shutil.copyfileobj(content, sink)
                target.chmod(0o755)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnsafeArchiveError(f"{archive.name} cannot be unpacked: {error}") from error


def _members_below(source: zipfile.ZipFile, prefix: str) -> Iterator[zipfile.ZipInfo]:
    for member in source.infolist():
        if member.filename.startswith(prefix) and not member.is_dir():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise UnsafeArchiveError(f"The archive holds a link: {member.filename}")
            yield member


class _Budget:
    """How much an archive may unpack to: a bomb is refused before it is written."""

    def __init__(self, archive: Path) -> None:
        self.bytes = max(MIN_BUDGET, MAX_RATIO * archive.stat().st_size)
        self.members = MAX_MEMBERS

    def take(self, size: int, name: str) -> None:
        self.bytes -= size
        self.members -= 1
        if self.bytes < 0 or self.members < 0:
            raise UnsafeArchiveError(f"The archive unpacks to far more than its size allows (at {name})")


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise UnsafeArchiveError(f"The archive wants to write outside of its folder: {name}")
    target = folder.joinpath(*path.parts)
    if any(parent.is_symlink() for parent in target.parents if folder in parent.parents):
        raise UnsafeArchiveError(f"The archive wants to write through a link: {name}")
    return target


def _fresh(target: Path) -> Path:
    if target.is_symlink() or target.exists():
        raise UnsafeArchiveError(f"The archive holds {target.name} twice")
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
