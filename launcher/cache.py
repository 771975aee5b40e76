"""The cache folder: is it ours, how large is it, remove it."""

import os
import shutil
from pathlib import Path

from launcher.errors import LauncherError

OURS = frozenset({"models", "llama", "downloads", "run"})
"""What Contract 4 puts there. Anything else means that it is not, or not only, our folder."""


def size_of(folder: Path) -> int:
    """Bytes below `folder`; links are not followed, hard links are counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                info = (Path(parent) / name).lstat()
            except FileNotFoundError:  # a download that was just installed
                continue
            if (info.st_dev, info.st_ino) not in seen:
                seen.add((info.st_dev, info.st_ino))
                total += info.st_size
    return total


def clear(folder: Path) -> list[tuple[Path, int]]:
    """Remove what we put into the cache folder, and the folder. Returns each path removed with its bytes.

    Refuses a folder that holds anything that is not ours: a mistyped variable must not cost a home folder.
    """
    if not folder.is_dir():
        return []
    inside = sorted(folder.iterdir())
    strange = [path.name for path in inside if path.name not in OURS or path.is_symlink()]
    if strange:
        raise LauncherError(
            f"{folder} is not only this program's cache: it also holds {', '.join(strange[:5])}",
            "Nothing was removed; delete by hand what you no longer want.",
        )
    removed = [(path, size_of(path)) for path in inside]
    for path, _ in removed:
        shutil.rmtree(path)
    folder.rmdir()
    return removed


def human(size: int) -> str:
    """Bytes as people read them: 67.8 MB."""
    number = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
