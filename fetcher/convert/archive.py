"""The directory of a `.pt` file, which is a zip archive whose entries lie in it uncompressed.

Answers where each entry's bytes lie, so that they can be mapped, or streamed in file order, instead of
being unpacked. Everything that the directory claims is checked first: whole entries, stored, inside the
file, not overlapping, no name twice. Each entry's own header is held to that when the entry is placed, because
in a stream it is not there before. It does not know what the entries mean.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (4.3.7, 4.3.12, 4.3.14 to 4.3.16)
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from fetcher.convert.errors import UnsupportedCheckpoint

MAX_ENTRIES: Final = 4096
MAX_DIRECTORY: Final = 1 << 20

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64: Final = struct.Struct("<4sLQL")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_ENCRYPTED: Final = 0x0001
_UNSAID: Final = 0xFFFFFFFF
"""Stands in a 32-bit field whose value is in the zip64 record."""

Read = Callable[[int, int], bytes]
"""`read(offset, size)`: exactly these bytes of the file."""


@dataclass(frozen=True)
class Entry:
    """One file of the archive: its header begins at `header`, and its `size` bytes end before `limit`."""

    name: str
    header: int
    size: int
    crc: int
    limit: int = 0

    @property
    def least(self) -> int:
        """Where its bytes begin if nothing but its name lies between."""
        return self.header + _LOCAL.size + len(self.name.encode())


def read_directory(read: Read, size: int, label: str) -> dict[str, Entry]:
    """The entries of the archive of `size` bytes, by name, in the order in which they lie in it.

    Raises UnsupportedCheckpoint, naming the file by its `label`, when anything in it is not as above.
    """
    try:
        count, length, start = _find_directory(read, size)
        if count > MAX_ENTRIES or length > MAX_DIRECTORY:
            raise ValueError(f"claims {count:,} entries")
        entries = _read_entries(read(start, length), count, start)
    except (ValueError, struct.error) as error:
        reason = str(error) if isinstance(error, ValueError) else "is cut off"
        raise UnsupportedCheckpoint(f"{label} {reason}: it is not a whole PyTorch checkpoint") from error
    return entries


def place(read: Read, entry: Entry, label: str) -> int:
    """Where the bytes of the entry begin.

    Raises UnsupportedCheckpoint when its own header contradicts the directory.
    """
    name = entry.name.encode()
    header = read(entry.header, _LOCAL.size + len(name))
    fields = _LOCAL.unpack(header[: _LOCAL.size].ljust(_LOCAL.size, b"\0"))
    agrees = (fields[0], fields[3], fields[9]) == (b"PK\x03\x04", 0, len(name)) and header.endswith(name)
    offset: int = entry.least + fields[10]
    if not agrees or offset + entry.size > entry.limit:
        raise UnsupportedCheckpoint(
            f"{label} has an entry that contradicts its directory ({entry.name[:100]!r}):"
            " it is not a whole PyTorch checkpoint"
        )
    return offset


def _find_directory(read: Read, size: int) -> tuple[int, int, int]:
    """(number of entries, bytes, offset) of the central directory. PyTorch writes no archive comment."""
    if size < _END.size:
        raise ValueError("is too short")
    magic, _, _, _, count, length, start, _ = _END.unpack(read(size - _END.size, _END.size))
    if magic != b"PK\x05\x06":
        raise ValueError("does not end like a zip archive")
    locator_at = size - _END.size - _LOCATOR64.size
    if locator_at >= 0:
        magic, _, end64_at, _ = _LOCATOR64.unpack(read(locator_at, _LOCATOR64.size))
        if magic == b"PK\x06\x07":
            if end64_at + _END64.size > locator_at:
                raise ValueError("has a damaged directory")
            fields = _END64.unpack(read(end64_at, _END64.size))
            count, length, start = fields[7:10]
    return count, length, start


def _read_entries(directory: bytes, count: int, end: int) -> dict[str, Entry]:
    found: list[Entry] = []
    position = 0
    for _ in range(count):
        fields = _CENTRAL.unpack_from(directory, position)
        position += _CENTRAL.size
        name_size, extra_size, comment_size = fields[10:13]
        name = directory[position : position + name_size]
        extra = directory[position + name_size : position + name_size + extra_size]
        position += name_size + extra_size + comment_size
        found.append(_entry(name.decode("utf-8", "replace"), extra, fields))
    found.sort(key=lambda entry: entry.header)
    limits = [*(entry.header for entry in found[1:]), end]
    by_name = {entry.name: replace(entry, limit=limit) for entry, limit in zip(found, limits[:count], strict=True)}
    for entry in by_name.values():
        if entry.least + entry.size > end:
            raise ValueError(f"has an entry that reaches past its end ({entry.name[:100]!r})")
        if entry.least + entry.size > entry.limit:
            raise ValueError(f"has overlapping entries ({entry.name[:100]!r} and the next)")
    if len(by_name) != count:
        raise ValueError("has two entries of one name")
    return by_name


def _entry(name: str, extra: bytes, fields: tuple[Any, ...]) -> Entry:
    magic, flags, method, crc, packed, size, at = (fields[i] for i in (0, 3, 4, 7, 8, 9, 16))
    if magic != b"PK\x01\x02":
        raise ValueError("has a damaged directory")
    if method != 0 or flags & _ENCRYPTED:
        raise ValueError(f"has a compressed or encrypted entry ({name[:100]!r})")
    size, packed, at = _widen([size, packed, at], extra)
    if size != packed:
        raise ValueError(f"has an entry of an impossible size ({name[:100]!r})")
    return Entry(name, at, size, crc)


def _widen(values: list[int], extra: bytes) -> list[int]:
    """The values, those that do not fit 32 bits taken from the zip64 record among the extra fields."""
    wide: list[int] = []
    while len(extra) >= 4:
        tag, size = struct.unpack_from("<2H", extra)
        if tag == 1:
            wide = [value for (value,) in struct.iter_unpack("<Q", extra[4 : 4 + size // 8 * 8])]
            break
        extra = extra[4 + size :]
    if values.count(_UNSAID) > len(wide):
        raise ValueError("has a damaged directory")
    return [wide.pop(0) if value == _UNSAID else value for value in values]
