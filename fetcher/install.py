"""The last stage: from an obtained file to an installed model. Reads the GGUF's own header: it knows best."""

from dataclasses import asdict

from fetcher.catalogue import Model
from fetcher.errors import Unusable
from fetcher.folder import Manifest, ModelsFolder
from fetcher.gguf_header import read_header
from fetcher.obtain import Obtained
from fetcher.progress import Progress
from fetcher.quantization import quantization_of


def install(model: Model, obtained: Obtained, folder: ModelsFolder, progress: Progress, now: float) -> Manifest:
    """Write the manifest and everything around the file; raises Unusable for a file that is no model."""
    progress.begin("installing", model.name)
    try:
        header = read_header(obtained.file)
    except Unusable:
        if obtained.file.is_symlink() or obtained.source["kind"] != "file":
            obtained.file.unlink()  # a link, or bytes that nobody can use: the next fetch begins afresh
        raise
    created = model.created or obtained.created
    if created is None and obtained.source["kind"] == "file":
        created = int(obtained.file.stat().st_mtime)
    before = folder.installed(model.name)
    manifest = Manifest(
        name=model.name,
        file=obtained.file.name,
        size=obtained.size,
        sha256=obtained.sha256,
        source=obtained.source,
        owner=model.owner,
        license=model.license or obtained.license,
        created=created,
        parameters=obtained.parameters or header.parameters or model.parameters,
        quantization=header.quantization or quantization_of(obtained.file.name),
        context_length=header.context_length or model.context_length,
        architecture=header.architecture,
        installed_at=int(now),
        tokenization=asdict(header.tokenization) if header.tokenization else None,
    )
    folder.install(manifest)
    if before is not None and before.file != manifest.file and before.source["kind"] != "file":
        folder.file_of(before).unlink()  # of another type: nothing leads to it any more
    return manifest
