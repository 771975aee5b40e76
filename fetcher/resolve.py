"""From what the user wrote (NAME, PATH.gguf or hf:owner/repo[:file]) to a model with sources. No network."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fetcher.catalogue import Catalogue, FileSource, Model, find
from fetcher.errors import NoSuchThing, UsageError
from fetcher.folder import Manifest, ModelsFolder
from fetcher.quantization import fits

_HUB: Final = re.compile(r"hf:(?P<repo>[\w.-]+/[\w.-]+)(?::(?P<file>[^:]+))?")


@dataclass(frozen=True)
class HubWish:
    """A repository that the user named; which file of it, the hub must tell.

    `file` is a file's name, or a quantisation such as Q8_0, or None for a sensible one.
    """

    repo: str
    file: str | None


def resolve(wish: str, catalogue: Catalogue, folder: ModelsFolder) -> Model | HubWish:
    """Read the wish; raises UsageError or NoSuchThing."""
    if wish.startswith("hf:"):
        match = _HUB.fullmatch(wish)
        if match is None:
            raise UsageError(f"{wish} is not a file of a hub", "Write hf:owner/repo or hf:owner/repo:file.gguf.")
        return HubWish(match["repo"], match["file"])
    if wish.lower().endswith(".gguf") or "/" in wish or "\\" in wish:
        return _local(Path(wish).expanduser(), catalogue, folder)
    return find(catalogue, wish)


def safe_name(stem: str) -> str:
    """A name that is safe as a folder and as a model id, made from a file's stem."""
    name = re.sub(r"[^a-z0-9._-]+", "-", stem.lower()).strip("-._")[:96]
    return name if name and name not in ("active",) else f"model-{name}".rstrip("-")


def free_name(stem: str, ref: str, folder: ModelsFolder, catalogue: Catalogue) -> str:
    """The stem's name, unless it belongs to another model: then with a mark made from `ref` behind it."""
    name = safe_name(stem)
    holder = folder.installed(name)
    if name not in catalogue and (holder is None or holder.source["ref"] == ref):
        return name
    return f"{name}-{hashlib.sha256(ref.encode()).hexdigest()[:6]}"


def already_there(wish: Model | HubWish, folder: ModelsFolder) -> Manifest | None:
    """The installed model that fulfils the wish, without asking anybody."""
    if isinstance(wish, Model):
        manifest = folder.installed(wish.name)
        return None if manifest is not None and _has_changed(manifest) else manifest
    for manifest in folder.all_installed():
        repo, _, file = str(manifest.source["ref"]).partition(":")
        if manifest.source["kind"] == "hub" and repo == wish.repo and fits(file, wish.file):
            return manifest
    return None


def _has_changed(manifest: Manifest) -> bool:
    """Whether a linked file of this machine was written after its manifest."""
    path = Path(str(manifest.source["ref"]))
    return manifest.source["kind"] == "file" and int(path.stat().st_mtime) > manifest.installed_at


def _local(path: Path, catalogue: Catalogue, folder: ModelsFolder) -> Model:
    if not path.is_file():
        raise NoSuchThing(
            f"there is no file {path}",
            f"Give a path to a .gguf file, or one of {', '.join(catalogue)}.",
        )
    source = FileSource(str(path.resolve()))
    return Model(name=free_name(path.stem, source.path, folder, catalogue), sources=(source,), title=path.stem)
