"""From what the user wrote to a model with sources. No network.

NAME                    a row of models.toml
PATH.gguf               a file of this machine
FOLDER                  a checkpoint of this machine
https://.../FILE.gguf   a file of the web
hf:owner/repo[:file]    a file of the hub, or a checkpoint there
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from fetcher.catalogue import Catalogue, CheckpointSource, FileSource, FolderSource, Model, UrlSource, find
from fetcher.convert.files import find_files
from fetcher.errors import UsageError, without_secrets
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
    """Read the wish; raises UsageError for one that names nothing."""
    if wish.startswith("hf:"):
        match = _HUB.fullmatch(wish)
        if match is None:
            raise UsageError(f"{wish} is not a file of a hub", "Write hf:owner/repo or hf:owner/repo:file.gguf.")
        return (
            _checkpoint_of(match["repo"], catalogue) if match["file"] is None else HubWish(match["repo"], match["file"])
        )
    if re.match("https?://", wish, re.I):
        return _web(wish, catalogue, folder)
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


def already_there(wish: Model | HubWish, folder: ModelsFolder, quantization: str | None = None) -> Manifest | None:
    """The installed model that fulfils the wish, without asking anybody.

    `quantization` is what a converted model must have been converted to, if anything.
    """
    if isinstance(wish, Model):
        manifest = folder.installed(wish.name)
        return manifest if manifest is not None and _is_current(manifest, quantization) else None
    for manifest in folder.all_installed():
        repo, _, file = str(manifest.source["ref"]).partition(":")
        kinds = ("hub", "checkpoint") if wish.file is None else ("hub",)
        if manifest.source["kind"] in kinds and repo == wish.repo and fits(file, wish.file):
            return manifest if _is_current(manifest, quantization) else None
    return None


def _is_current(manifest: Manifest, quantization: str | None) -> bool:
    """Whether it is of the type, and no file of this machine that it was made of was written after it."""
    kind, path = manifest.source["kind"], Path(str(manifest.source["ref"]))
    if kind in ("checkpoint", "folder") and quantization and not manifest.file.endswith(f"-{quantization}.gguf"):
        return False
    if kind == "folder":
        path = Path(find_files(path).model)
    return kind not in ("file", "folder") or int(path.stat().st_mtime) <= manifest.installed_at


def _local(path: Path, catalogue: Catalogue, folder: ModelsFolder) -> Model:
    whole = str(path.resolve())
    if path.is_dir():
        name = Path(whole).name
        return Model(name=free_name(name, whole, folder, catalogue), sources=(FolderSource(whole),), title=name)
    if not path.is_file():
        raise UsageError(
            f"there is no file {path}",
            f"Give a path to a .gguf file or to a checkpoint's folder, or one of {', '.join(catalogue)}.",
        )
    source = FileSource(whole)
    return Model(name=free_name(path.stem, source.path, folder, catalogue), sources=(source,), title=path.stem)


def _web(url: str, catalogue: Catalogue, folder: ModelsFolder) -> Model:
    file = PurePosixPath(urlsplit(url).path)
    if file.suffix.lower() != ".gguf":
        raise UsageError(f"{without_secrets(url)} is not the address of a GGUF file", "Its path must end in .gguf.")
    name = free_name(file.stem, without_secrets(url), folder, catalogue)
    return Model(name=name, sources=(UrlSource(url),), title=file.stem)


def _checkpoint_of(repo: str, catalogue: Catalogue) -> Model | HubWish:
    """The model that has a name for this repository's checkpoint, if there is one."""
    for model in catalogue.values():
        if any(isinstance(source, CheckpointSource) and source.repo == repo for source in model.sources):
            return model
    return HubWish(repo, None)
