"""From a checkpoint, in a repository of the hub or in a folder here, to a GGUF file in the model's folder.

What must be known before two gigabytes are moved is settled first: the kind of file, the quantiser, whether the
network is one that can be converted, and room on the disk. It does not know how a checkpoint is converted.
"""

import shutil
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Final

from fetcher.catalogue import Model
from fetcher.convert.conversion import Converted, Source, convert, planned_size
from fetcher.convert.errors import NoQuantiser, UnsupportedCheckpoint
from fetcher.convert.files import CheckpointFiles
from fetcher.convert.ggml import find_ggml
from fetcher.convert.quantise import RECIPES, KQuantiser
from fetcher.download import Downloader, Offer
from fetcher.folder import ModelsFolder
from fetcher.progress import Progress
from fetcher.settings import CheckpointWish, Settings, cache_folder

DEFAULT_TYPE: Final = "q4_k_m"
TYPE_WITHOUT_LIBRARY: Final = "q8_0"
FOLDER: Final = "checkpoint"


class Checkpoints:
    """Converts what is wished for into the models folder; the caller holds the model's lock."""

    def __init__(self, folder: ModelsFolder, settings: Settings, progress: Progress, downloader: Downloader) -> None:
        self._folder = folder
        self.wish: CheckpointWish = settings.checkpoint
        self._environ = settings.environ
        self._progress = progress
        self._downloader = downloader

    def from_folder(self, files: CheckpointFiles, model: Model) -> Converted:
        """Convert a checkpoint of this machine, which stays as it is."""
        kind, quantiser = self._kind()
        return self._convert(files, model, kind, quantiser)

    def from_hub(self, files: CheckpointFiles, offer: Callable[[str], Offer], model: Model) -> Converted:
        """Download a checkpoint, convert it, and remove it unless it is to be kept; `offer` asks the hub."""
        kind, quantiser = self._kind()
        place = self._folder.of(model.name) / FOLDER
        model_file, meta, tokenizer = (
            place / PurePosixPath(name).name for name in (files.model, files.meta, files.tokenizer)
        )
        here = CheckpointFiles(str(model_file), str(meta), str(tokenizer), files.step)
        for name, path in ((files.meta, meta), (files.tokenizer, tokenizer)):
            self._downloader.fetch(offer(name), path, path.name)
        try:
            beside = planned_size(meta, RECIPES[kind])
            self._downloader.fetch(offer(files.model), model_file, model.name, beside=beside)
            converted = self._convert(here, model, kind, quantiser)
        except UnsupportedCheckpoint:
            shutil.rmtree(place)
            raise
        if not self.wish.keep:
            shutil.rmtree(place)
        return converted

    def _kind(self) -> tuple[str, Callable[[], KQuantiser]]:
        """The type to convert to. Only where nobody asked for a type may the lack of a library change it."""
        kind = self.wish.quantization or DEFAULT_TYPE

        def find() -> KQuantiser:
            return find_ggml(self.wish.libggml, self._environ, cache_folder(self._environ))

        if kind.startswith("q4_k"):
            try:
                found = find()
            except NoQuantiser as failure:
                if self.wish.quantization or self.wish.libggml:
                    raise
                self._progress.note(f"{failure.message}; {TYPE_WITHOUT_LIBRARY} needs none and is taken instead")
                return TYPE_WITHOUT_LIBRARY, find
            return kind, lambda: found
        return kind, find

    def _convert(
        self, files: CheckpointFiles, model: Model, kind: str, quantiser: Callable[[], KQuantiser]
    ) -> Converted:
        folder = self._folder.of(model.name)
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.gguf.converting"):  # by a conversion that was killed
            left.unlink()
        out = folder / f"{model.name}-{kind}.gguf"
        self._progress.begin("converting", out.name)
        source = Source(files, model.title or model.name, (model.license or "").lower())
        return convert(source, out, RECIPES[kind], quantiser, lambda done, total, _: self._progress.at(done, total))
