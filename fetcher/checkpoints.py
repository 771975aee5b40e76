"""From a checkpoint, in a repository of the hub or in a folder here, to a GGUF file in the model's folder.

What must be known before two gigabytes are moved is settled first: the kind of file, the quantiser, whether the
network is one that can be converted, and room on the disk. It does not know how a checkpoint is converted.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fetcher import atomic
from fetcher.arriving import ArrivingCheckpoint, CannotStream, RemoteFile
from fetcher.catalogue import Model
from fetcher.convert.conversion import Converted, Source, convert, planned_size
from fetcher.convert.errors import NoQuantiser, UnsupportedCheckpoint
from fetcher.convert.files import CheckpointFiles
from fetcher.convert.ggml import find_ggml
from fetcher.convert.quantise import RECIPES, KQuantiser
from fetcher.convert.stream import Tensors
from fetcher.download import MARGIN, Downloader, Offer
from fetcher.errors import Interrupted
from fetcher.folder import ModelsFolder
from fetcher.progress import Progress
from fetcher.settings import CheckpointWish, Settings, cache_folder

DEFAULT_TYPE: Final = "q4_k_m"
TYPE_WITHOUT_LIBRARY: Final = "q8_0"
FOLDER: Final = "checkpoint"


class Checkpoints:
    """Converts what is wished for into the models folder; the caller holds the model's lock."""

    def __init__(
        self,
        folder: ModelsFolder,
        settings: Settings,
        progress: Progress,
        downloader: Downloader,
        open_remote: Callable[[Offer], RemoteFile],
    ) -> None:
        self._folder = folder
        self.wish: CheckpointWish = settings.checkpoint
        self._environ = settings.environ
        self._progress = progress
        self._downloader = downloader
        self._open = open_remote

    def from_folder(self, files: CheckpointFiles, model: Model) -> Converted:
        """Convert a checkpoint of this machine, which stays as it is."""
        kind, quantiser = self._kind()
        self._progress.begin("converting", model.name)
        return self._convert(_Job(files, model, kind, quantiser, 0))

    def from_hub(self, files: CheckpointFiles, offer: Callable[[str], Offer], model: Model) -> Converted:
        """Fetch a checkpoint and convert it, while it arrives where that can be; `offer` asks the hub."""
        kind, quantiser = self._kind()
        place = self._folder.of(model.name) / FOLDER
        here = files.in_folder(place)
        for name, path in ((files.meta, here.meta), (files.tokenizer, here.tokenizer)):
            self._downloader.fetch(offer(name), Path(path), Path(path).name)
        try:
            job = _Job(here, model, kind, quantiser, planned_size(Path(here.meta), RECIPES[kind]))
            weights = offer(files.model)
            converted = self._while_it_arrives(job, weights) or self._after_it_arrived(job, weights)
        except UnsupportedCheckpoint:
            shutil.rmtree(place)
            raise
        if not self.wish.keep:
            shutil.rmtree(place)
        return converted

    def _while_it_arrives(self, job: "_Job", offer: Offer) -> Converted | None:
        """None where it has to be downloaded first, and the reason, if it is one of the server's, was told.

        A pass that does not come to its end leaves nothing but a mark, so that the next try takes the way that can be
        continued: docs/decisions/0065.
        """
        model_file = Path(job.files.model)
        mark = model_file.with_name(f"{model_file.name}.tried")
        begun = any(model_file.parent.glob(f"{model_file.name}*"))  # the mark, or a download
        room_to_store = (offer.size or 0) + job.size + MARGIN <= atomic.free_space(model_file.parent)
        if offer.size is None or offer.sha256 is None or self.wish.keep or (begun and room_to_store):
            return None
        mark.touch()
        file = self._open(offer)
        try:
            checkpoint = ArrivingCheckpoint(file, model_file.name)
            self._progress.begin("downloading", f"{job.model.name}, converting it to {job.kind}", file.size)
            return self._convert(job, checkpoint)
        except UnsupportedCheckpoint:
            if not file.position:
                raise
            self._progress.note("what arrived cannot be converted; downloading it first, to be sure of it")
        except CannotStream as failure:
            self._progress.note(f"{failure}; downloading it first")
        except Interrupted as signalled:
            signalled.kept = "what had arrived was not stored; the next try stores it, and can be continued"
            raise
        finally:
            file.close()
        return None

    def _after_it_arrived(self, job: "_Job", offer: Offer) -> Converted:
        self._downloader.fetch(offer, Path(job.files.model), job.model.name, beside=job.size)
        self._progress.begin("converting", job.model.name)
        return self._convert(job)

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

    def _convert(self, job: "_Job", arriving: Tensors | None = None) -> Converted:
        folder = self._folder.of(job.model.name)
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob("*.gguf.converting"):  # by a conversion that was killed
            left.unlink()
        out = folder / f"{job.model.name}-{job.kind}.gguf"
        source = Source(job.files, job.model.title or job.model.name, (job.model.license or "").lower())
        return convert(
            source, out, RECIPES[job.kind], job.quantiser, self._report if arriving is None else _silent, arriving
        )

    def _report(self, done: int, total: int, _tensor: str) -> None:
        self._progress.at(done, total)


@dataclass(frozen=True)
class _Job:
    """What is converted to what; `size` is of the weights to come, in bytes."""

    files: CheckpointFiles
    model: Model
    kind: str
    quantiser: Callable[[], KQuantiser]
    size: int


def _silent(_done: int, _total: int, _tensor: str) -> None:
    """While a file arrives, its arrival is the progress."""
