"""The pipe: resolve -> obtain (download, verify) -> install. Its order, and nothing else.

What is installed already is answered at once, without network and without the imports that network needs.
"""

import time
from dataclasses import replace

from fetcher.catalogue import Catalogue, FileSource, FolderSource, Model, read_catalogue
from fetcher.errors import Corrupt, OutOfReach
from fetcher.folder import Manifest, ModelsFolder
from fetcher.progress import Progress
from fetcher.resolve import HubWish, already_there, resolve
from fetcher.settings import Settings


def fetch(wish: str, settings: Settings, progress: Progress, *, verify: bool = False) -> Manifest:
    """Make the model be there; `verify` reads an installed file again. Raises a FetchError."""
    progress.begin("resolving", wish)
    catalogue = read_catalogue(settings.catalogue)
    folder = ModelsFolder(settings.models_dir)
    resolved = resolve(wish, catalogue, folder)
    if isinstance(resolved, Model):
        progress.named(resolved.name)
    manifest = already_there(resolved, folder, settings.checkpoint.quantization)
    if manifest is not None and verify:
        manifest = _verified(manifest, folder, progress)
    if manifest is None:
        if settings.offline:
            resolved = _local_only(resolved)
        manifest = _obtain(resolved, folder, catalogue, settings, progress)
    progress.named(manifest.name)
    folder.activate(manifest.name)
    progress.installed(f"{manifest.name} is installed ({manifest.file})")
    return manifest


def _obtain(
    resolved: Model | HubWish, folder: ModelsFolder, catalogue: Catalogue, settings: Settings, progress: Progress
) -> Manifest:
    from fetcher.install import install  # noqa: PLC0415 - with all below, slow to import
    from fetcher.lock import only_one  # noqa: PLC0415
    from fetcher.obtain import open_supplier  # noqa: PLC0415

    folder.prepare()
    with open_supplier(folder, catalogue, settings, progress) as supplier:
        model = resolved if isinstance(resolved, Model) else supplier.identify(resolved)
        progress.named(model.name)
        with only_one(folder.root, model.name, progress.note):
            there = already_there(model, folder, settings.checkpoint.quantization)
            if there is not None:
                return there
            return install(model, supplier.obtain(model), folder, progress, time.time())


def _local_only(resolved: Model | HubWish) -> Model:
    sources = (
        tuple(s for s in resolved.sources if isinstance(s, FileSource | FolderSource))
        if isinstance(resolved, Model)
        else ()
    )
    if not isinstance(resolved, Model) or not sources:
        name = resolved.name if isinstance(resolved, Model) else f"hf:{resolved.repo}"
        raise OutOfReach(
            f"{name} is not installed, and this is offline mode",
            "Unset HF_HUB_OFFLINE (or leave --offline out) once, or give a file (MODEL=PATH.gguf).",
        )
    return replace(resolved, sources=sources)


def _verified(manifest: Manifest, folder: ModelsFolder, progress: Progress) -> Manifest | None:
    """The manifest again, or None after a damaged file was removed."""
    from fetcher.download import hash_file  # noqa: PLC0415 - slow to import

    found = hash_file(folder.file_of(manifest), progress)
    if manifest.sha256 in (None, found.sha256):
        return manifest
    if manifest.source["kind"] == "file":
        raise Corrupt(f"{manifest.file} is not what it was when it was installed", "Restore that file.")
    progress.note(f"{manifest.file} is damaged on this disk; fetching it again")
    folder.forget(manifest)
    return None
