"""The bytes of a download that have arrived so far: a `.part` file and a `.part.json` beside it.

The sidecar says what the bytes belong to. A part is continued only when that is the same thing as what is
wanted now; its hash is computed again from the disk, so a part survives kill -9.
"""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from fetcher import atomic
from fetcher.errors import without_secrets


@dataclass(frozen=True)
class Identity:
    """What a part belongs to. `None` where the server does not say."""

    url: str
    etag: str | None
    size: int | None
    revision: str | None
    sha256: str | None

    def continues(self, kept: "Identity") -> bool:
        """Whether the rest of this file belongs behind the bytes that are kept.

        A hash decides, or a strong ETag (RFC 9110, 8.8.1). Where nothing is known beforehand the ETag that was
        kept must be strong, and the server's answer is held to it later.
        """
        if self.sha256:
            return self.sha256 == kept.sha256
        strong = kept.etag is not None and not kept.etag.startswith("W/")
        return strong and self.url == kept.url and self.etag in (None, kept.etag)


class Part:
    """An open `.part` file that knows its own hash. Use as a context manager."""

    def __init__(self, destination: Path) -> None:
        self.destination = destination
        self.path = destination.with_name(destination.name + ".part")
        self._sidecar = destination.with_name(destination.name + ".part.json")
        self.size = 0
        self._hash = hashlib.sha256()
        self._file = self.path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def sha256(self) -> str:
        """The hash of the bytes so far, in hex."""
        return self._hash.hexdigest()

    def kept_identity(self) -> Identity | None:
        """What the bytes found on the disk belong to; None when that cannot be told."""
        try:
            told = json.loads(self._sidecar.read_text("utf-8"))
            return Identity(**{key: told[key] for key in Identity.__dataclass_fields__})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, hashed: Callable[[int], None]) -> None:
        """Take over the bytes on the disk: read them once for the hash; `hashed` is told how far that is."""
        with self.path.open("rb") as file:
            while block := file.read(1024 * 1024):
                self._hash.update(block)
                self.size += len(block)
                hashed(self.size)

    def restart(self) -> None:
        """Throw the bytes away and begin at zero."""
        self._file.truncate(0)
        self.size = 0
        self._hash = hashlib.sha256()

    def belongs_to(self, identity: Identity) -> None:
        """Write the sidecar. The URL goes in without its query: a signature there is a secret and expires."""
        told = asdict(identity) | {"url": without_secrets(identity.url)}
        with atomic.room_in(self.path.parent):
            atomic.write_text(self._sidecar, json.dumps(told, indent=2) + "\n")

    def write(self, block: bytes) -> None:
        """Append; raises DiskFull where the system says so (and the bytes so far stay, to be continued)."""
        with atomic.room_in(self.path.parent):
            view = memoryview(block)
            while view:
                written = self._file.write(view)
                self._hash.update(view[:written])
                self.size += written
                view = view[written:]

    def settle(self) -> Path:
        """Everything is there: make it durable, then let it appear under its name."""
        os.fsync(self._file.fileno())
        self._file.close()
        self.path.replace(self.destination)
        self._sidecar.unlink(missing_ok=True)
        return self.destination

    def discard(self) -> None:
        """Remove every trace."""
        self._file.close()
        self.path.unlink(missing_ok=True)
        self._sidecar.unlink(missing_ok=True)
