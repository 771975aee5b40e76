"""The models folder (Contract 1 in ARCHITECTURE.md): what is installed, written and read back.

It knows no network. A model is installed when its manifest is there and its file has the manifest's size.
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fetcher import atomic
from fetcher.errors import UsageError

SCHEMA: Final = 1
LONGEST_CONTEXT: Final = 4096
ACTIVE: Final = "active"
STABLE_NAME: Final = "model.gguf"


@dataclass(frozen=True)
class Manifest:
    """manifest.json, field by field; `None` where not known."""

    name: str
    file: str
    size: int
    sha256: str | None
    source: dict[str, str | None]
    owner: str | None
    license: str | None
    created: int | None
    parameters: int | None
    quantization: str | None
    context_length: int | None
    architecture: str | None
    installed_at: int
    tokenization: dict[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The document, with its schema number first."""
        return {"schema": SCHEMA, **asdict(self)}


class ModelsFolder:
    """One MODELS_DIR."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def of(self, name: str) -> Path:
        """The folder of one model."""
        return self.root / name

    def file_of(self, manifest: Manifest) -> Path:
        """The model's GGUF."""
        return self.of(manifest.name) / manifest.file

    def installed(self, name: str) -> Manifest | None:
        """The manifest, if the file it speaks of is there in full."""
        try:
            told = json.loads((self.of(name) / "manifest.json").read_text("utf-8"))
            if told.pop("schema") != SCHEMA:
                return None
            manifest = Manifest(**told)
            whole = (self.of(name) / manifest.file).stat().st_size == manifest.size
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return manifest if whole and manifest.name == name else None

    def all_installed(self) -> Iterator[Manifest]:
        """Every installed model, by name."""
        for path in sorted(self.root.glob("*/manifest.json")):
            manifest = self.installed(path.parent.name)
            if manifest is not None and path.parent.name != ACTIVE:
                yield manifest

    def install(self, manifest: Manifest) -> None:
        """Write everything around a file that is in its place; the manifest last."""
        folder = self.of(manifest.name)
        if manifest.file != STABLE_NAME:
            atomic.link(folder / STABLE_NAME, manifest.file)
        atomic.write_text(folder / "llama.env", self._llama_env(manifest))
        atomic.write_text(folder / "manifest.json", json.dumps(manifest.as_json(), indent=2) + "\n")

    def activate(self, name: str) -> None:
        """Make `active` point to this model, for the llama container."""
        atomic.link(self.root / ACTIVE, name)

    def forget(self, manifest: Manifest) -> None:
        """The file turned out to be damaged: it is no longer installed."""
        (self.of(manifest.name) / "manifest.json").unlink(missing_ok=True)
        self.file_of(manifest).unlink(missing_ok=True)

    def prepare(self) -> None:
        """Make the folder; raises UsageError where that cannot be."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise UsageError(
                f"the models folder {self.root} cannot be made ({failure.strerror})",
                "Set MODELS_DIR to a folder that you may write.",
            ) from failure

    def _llama_env(self, manifest: Manifest) -> str:
        context = min(LONGEST_CONTEXT, manifest.context_length or LONGEST_CONTEXT)
        values = {
            "LLAMA_ARG_MODEL": str(self.file_of(manifest)),
            "LLAMA_ARG_ALIAS": manifest.name,
            "LLAMA_ARG_CTX_SIZE": str(context),
        }
        return "".join(f"{key}={_quoted(value)}\n" for key, value in values.items())


def _quoted(value: str) -> str:
    """In single quotes always, so that every reader needs to know one form only."""
    quoted = shlex.quote(value)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
