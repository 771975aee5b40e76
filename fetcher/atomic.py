"""Files and links that appear whole or not at all, and the word for a full disk."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fetcher.errors import DiskFull

NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def write_text(path: Path, text: str) -> None:
    """Write under a temporary name in the same folder, then rename."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def link(path: Path, target: str) -> None:
    """Make `path` a symbolic link to `target` (as it reads from there), replacing what is there."""
    if path.is_symlink() and path.readlink() == Path(target):
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(target)
    temporary.replace(path)


def free_space(folder: Path) -> int:
    """Bytes that this user may still write in `folder`."""
    return shutil.disk_usage(folder).free


@contextmanager
def room_in(folder: Path) -> Iterator[None]:
    """Turns the system's word for a full disk into ours."""
    try:
        yield
    except OSError as failure:
        if failure.errno in NO_ROOM:
            raise no_room(folder, "the rest of it; what has arrived is kept") from failure
        raise


def no_room(folder: Path, needed: str) -> DiskFull:
    """The one sentence about a full disk."""
    return DiskFull(
        f"there is not enough room in {folder} for {needed}",
        "Free some space, set MODELS_DIR to a folder on a larger disk, or choose a smaller model.",
    )
