"""The files that clients leave here, in memory, within bounds; knows no HTTP.

An id is a digest of what was uploaded and of the server's seed, so the same upload to a fresh server has the same id.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from proxy.sim.letters import base62
from proxy.store import Bounds, Part

_DAY = 86_400
LONGEST_DAYS = 30
# A file larger than all of the bytes cannot come in: batches and uploads end before that.
BOUNDS = Bounds(entries=10_000, bytes=512 * 1024 * 1024, seconds=LONGEST_DAYS * _DAY)
_OVERHEAD = 1024  # bytes of an entry beside its content


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file; times are Unix seconds, `expires_at` None where only the bounds end it."""

    id: str
    name: str
    purpose: str
    data: bytes
    created_at: int
    expires_at: int | None


class Files:
    """The files of one owner, oldest first; `now` is Unix time."""

    def __init__(self, seed: int, now: Callable[[], float], kept: Part[StoredFile]) -> None:
        self._seed = seed
        self._now = now
        self._kept = kept

    def add(self, name: str, purpose: str, data: bytes, seconds: int | None = None) -> StoredFile:
        """Keep a file, for so many seconds if given."""
        return self._add(name, purpose, data, seconds, blake2b(data).digest())

    async def add_large(
        self, name: str, purpose: str, pieces: Sequence[bytes], seconds: int | None = None
    ) -> StoredFile:
        """`add`, for pieces that are put together and hashed in a thread: that may take a second."""
        data, digest = await asyncio.to_thread(_joined, pieces)
        return self._add(name, purpose, data, seconds, digest)

    def get(self, name: str) -> StoredFile | None:
        """A file by its id."""
        file = self._kept.get(name)
        if file is not None and file.expires_at is not None and file.expires_at <= self._now():
            self._kept.pop(name)
            return None
        return file

    def pop(self, name: str) -> StoredFile | None:
        """Take a file out."""
        file = self.get(name)
        self._kept.pop(name)
        return file

    def all(self) -> list[StoredFile]:
        """Those that are here, oldest first."""
        return [file for name, _ in self._kept.items() if (file := self.get(name)) is not None]

    def clear(self) -> None:
        """Forget them."""
        self._kept.clear()

    def _add(self, name: str, purpose: str, data: bytes, seconds: int | None, digest: bytes) -> StoredFile:
        self.all()  # so that those whose time is over make room first
        now = int(self._now())
        until = None if seconds is None else now + seconds
        file = StoredFile(self._new_id(name, purpose, digest), name, purpose, data, now, until)
        self._kept.put(file.id, file, len(data) + len(name) + _OVERHEAD)
        return file

    def _new_id(self, name: str, purpose: str, digest: bytes) -> str:
        copy = 0
        while True:
            seen = f"{self._seed} {purpose} {copy} {name}".encode("utf-8", "surrogatepass") + digest
            if self._kept.get(known := f"file-{base62(seen, 24)}") is None:
                return known
            copy += 1


def _joined(pieces: Sequence[bytes]) -> tuple[bytes, bytes]:
    data = b"".join(pieces)
    return data, blake2b(data).digest()
