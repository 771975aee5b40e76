"""An open `.pt` file: its tensors, mapped a window at a time, and their checksums.

Nothing is unpacked or loaded. Whatever offers the same `tensors` and `blocks` can stand in for it: the
conversion asks for the tensors once each and in file order.
"""

import mmap
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from fetcher.convert.archive import place
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.state_dict import read_state_dict


class Checkpoint:
    """A state dict in a file. `tensors` is in the order of the state dict."""

    def __init__(self, path: Path) -> None:
        """Raises UnsupportedCheckpoint for anything but a whole state dict of dense tensors."""
        self._label = path.name
        self._file = path.open("rb")
        try:
            self.tensors = read_state_dict(self._read, os.fstat(self._file.fileno()).st_size, path.name)
            self._offsets = {key: place(self._read, t.entry, path.name) for key, t in self.tensors.items()}
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def blocks(self, key: str, rows: int) -> Iterator[memoryview]:
        """The bytes of a tensor, `rows` rows at a time; after the last block its checksum is compared."""
        tensor = self.tensors[key]
        entry = tensor.entry
        step = rows * tensor.row_size
        checksum = 0
        for start in range(0, entry.size, step):
            block = self._map(self._offsets[key] + start, min(step, entry.size - start))
            checksum = zlib.crc32(block, checksum)
            yield block
        if checksum != entry.crc:
            raise UnsupportedCheckpoint(
                f"{self._label} is damaged: the checksum of {key} differs", "Fetch the checkpoint again."
            )

    def _map(self, offset: int, size: int) -> memoryview:
        """A window onto the file; it is unmapped when the last view of it goes."""
        lead = offset % mmap.ALLOCATIONGRANULARITY
        window = mmap.mmap(self._file.fileno(), lead + size, access=mmap.ACCESS_READ, offset=offset - lead)
        return memoryview(window)[lead:]

    def _read(self, offset: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, offset)
