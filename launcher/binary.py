"""A llama-server that was found: what it is, where it came from, and its record in the cache (binary.json)."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from launcher.explain import BUILD

Origin = Literal["flag", "path", "native", "release", "package"]
RECORD = "binary.json"


@dataclass(frozen=True)
class Binary:
    """One llama-server. `build` is llama.cpp's (`b11434`); `version` the first line of its `--version`."""

    path: Path
    origin: Origin
    build: str = ""
    version: str = ""
    variant: str = ""
    verified_by: str = ""
    sha256: str = ""
    library_dirs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"llama-server {self.build or self.version or '(build unknown)'}, {self.where}, {self.path}"

    @property
    def where(self) -> str:
        """Where it came from, in words."""
        return {
            "flag": "given with --llama-server",
            "path": "found on PATH",
            "native": "built here for this CPU",
            "release": f"from llama.cpp's release ({self.variant})",
            "package": "from the package index, a build for any CPU",
        }[self.origin]

    def faster(self, native_possible: bool) -> str:
        """How a faster one could be had, or nothing."""
        if self.origin == "package" and native_possible:
            return f"{BUILD} makes one for this very CPU, in some minutes"
        return ""

    def write(self, folder: Path, final: Path) -> None:
        """Record it in `folder`, which will be renamed to `final`."""
        content = asdict(self) | {
            "schema": 1,
            "path": str(self.path.relative_to(final)),
            "library_dirs": [str(Path(each).relative_to(final)) for each in self.library_dirs],
        }
        (folder / RECORD).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a build's folder holds; None where it holds no whole one."""
        try:
            content: dict[str, Any] = json.loads((folder / RECORD).read_bytes())
            del content["schema"]
            found = cls(**content)
            path = folder / found.path
            dirs = tuple(str(folder / each) for each in found.library_dirs)
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return replace(found, path=path, library_dirs=dirs) if path.is_file() else None
