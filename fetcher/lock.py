"""One download of a thing at a time, across processes; the others wait and then find it there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def only_one(folder: Path, name: str, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold `<folder>/.locks/<name>.lock`. The system lets go of it when the process dies, however it dies."""
    locks = folder / ".locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting(f"another process is fetching {name}; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
