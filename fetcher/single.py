"""One file for somebody else: `file` and `package` of Contract 3. The same loops as a model's, no models."""

from pathlib import Path, PurePosixPath

from fetcher import index
from fetcher.download import Arrived, Downloader, Offer, open_client
from fetcher.errors import OutOfReach
from fetcher.index import Distribution, PackageIndex
from fetcher.lock import only_one
from fetcher.progress import Progress
from fetcher.settings import Settings


def fetch_file(offer: Offer, destination: Path, label: str, settings: Settings, progress: Progress) -> Arrived:
    """Download one address to one place."""
    _refuse_offline(settings, label)
    with open_client() as client, only_one(destination.parent, destination.name, progress.note):
        return Downloader(client, settings.patience, progress).fetch(offer, destination, label)


def fetch_package(wanted: Distribution, folder: Path, label: str, settings: Settings, progress: Progress) -> Arrived:
    """Take one distribution file from the package index."""
    _refuse_offline(settings, label)
    with only_one(folder, wanted.spec, progress.note):
        index.clear_leftovers(folder)
        return PackageIndex(progress, environ=settings.environ).fetch(wanted, folder, label)


def label_of(url: str) -> str:
    """What to call a download that nobody named."""
    return PurePosixPath(url.partition("?")[0]).name or "the file"


def _refuse_offline(settings: Settings, label: str) -> None:
    if settings.offline:
        raise OutOfReach(f"{label} would have to be downloaded, and this is offline mode", "Unset HF_HUB_OFFLINE.")
