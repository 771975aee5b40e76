"""The download loop: one file from one address, resumed, verified, installed by rename.

It knows HTTP and the disk. It does not know models, hubs or package indexes: an `Offer` says what to get.
Every attempt starts at the offer's own address, so an expired signed redirect is simply asked for again.
httpx drops the Authorization header when a redirect leaves the address's origin (a test holds it to that).
"""

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import httpx

from fetcher import atomic
from fetcher.answers import CONNECT_SECONDS, range_of, refusal_of, transient_of
from fetcher.errors import Corrupt, FetchError, OutOfReach, Transient, UsageError, without_secrets
from fetcher.part import Identity, Part
from fetcher.progress import Progress, megabytes
from fetcher.retry import Persistence
from fetcher.settings import Patience

MARGIN: Final = 32 * 1024 * 1024  # left free beside a download: logs, status file, manifest
_TRY_LATER: Final = "Try again later: what has arrived is kept and continued."


@dataclass(frozen=True)
class Offer:
    """One file at one address, and what is known of it beforehand."""

    url: str
    size: int | None = None
    sha256: str | None = None
    etag: str | None = None
    revision: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def identity(self) -> Identity:
        """What a part of this file belongs to."""
        return Identity(without_secrets(self.url), self.etag, self.size, self.revision, self.sha256)


@dataclass(frozen=True)
class Arrived:
    """A verified file under its final name."""

    path: Path
    size: int
    sha256: str


def open_client() -> httpx.Client:
    """Proxies and certificates come from the usual environment names."""
    return httpx.Client(follow_redirects=True, headers={"User-Agent": "openai-api-simulator-fetcher"})


class Downloader:
    """Fetches offers. Network, clock, sleep and free space come from outside."""

    def __init__(
        self,
        client: httpx.Client,
        patience: Patience,
        progress: Progress,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        free_space: Callable[[Path], int] = atomic.free_space,
    ) -> None:
        self._client = client
        self._patience = patience
        self._progress = progress
        self._sleep = sleep
        self._now = now
        self._free_space = free_space

    def fetch(self, offer: Offer, destination: Path, label: str, *, beside: int = 0) -> Arrived:
        """Make the file be at `destination`; the caller holds the lock. Raises a FetchError.

        `beside` is how many bytes more the disk must have room for, for what will be made of the file.
        """
        if not re.match(r"https?://[^/\s]+", offer.url):
            raise UsageError(
                f"{without_secrets(offer.url)} is not a web address", "Give a URL that begins with https:// or http://."
            )
        destination.parent.mkdir(parents=True, exist_ok=True)
        if offer.sha256 and destination.is_file():
            found = hash_file(destination, self._progress)
            if found.sha256 == offer.sha256:
                return found
        problem = None
        for _ in range(2):
            with Part(destination) as part:
                self._complete(part, offer, label, beside)
                self._progress.begin("verifying", label)
                problem = _difference(part, offer)
                if problem is None:
                    return Arrived(part.settle(), part.size, part.sha256)
                part.discard()
            self._progress.note(f"{label} arrived damaged: {problem}")
        raise Corrupt(f"{label} arrived damaged twice: {problem}", "Try again later, or use another source.")

    def _complete(self, part: Part, offer: Offer, label: str, beside: int) -> None:
        try:
            self._take_over(part, offer, beside)
            self._arrive(part, offer, label)
        except FetchError:
            if not part.size:
                part.discard()
            raise

    def _take_over(self, part: Part, offer: Offer, beside: int) -> None:
        kept = part.kept_identity()
        if kept is None or not offer.identity.continues(kept):
            part.restart()
        else:
            self._progress.begin("downloading", "checking what had arrived", offer.size)
            part.keep(self._progress.at)
            if offer.size is not None and part.size > offer.size:
                part.restart()
        self._check_room(part, (offer.size or 0) + beside)
        if not part.size:
            part.belongs_to(offer.identity)

    def _check_room(self, part: Part, size: int) -> None:
        missing = max(0, size - part.size)
        free = self._free_space(part.path.parent)
        if missing + MARGIN > free:
            raise atomic.no_room(
                part.path.parent, f"{megabytes(missing + MARGIN)} MB (only {megabytes(free)} MB are free)"
            )

    def _arrive(self, part: Part, offer: Offer, label: str) -> None:
        self._progress.begin("downloading", label, offer.size, part.size)
        persistence = Persistence(
            self._patience, sleep=self._sleep, note=self._progress.note, reached=lambda: part.size
        )
        host = httpx.URL(offer.url).host
        persistence.run(lambda: self._attempt(part, offer), f"{label} at {host}", _TRY_LATER)

    def _attempt(self, part: Part, offer: Offer) -> None:
        if offer.size is not None and part.size == offer.size:
            return
        headers = {**offer.headers, "Accept-Encoding": "identity"}
        if part.size:
            headers["Range"] = f"bytes={part.size}-"
        # read: the longest silence inside the body; it is what notices a stalled server.
        timeout = httpx.Timeout(self._patience.stall_seconds, connect=CONNECT_SECONDS)
        try:
            with self._client.stream("GET", offer.url, headers=headers, timeout=timeout) as response:
                total = self._body_total(response, part, offer)
                if total is None or part.size < total:
                    self._receive(response, part, total)
        except httpx.TransportError as failure:
            raise transient_of(failure, self._patience) from failure
        except (httpx.TooManyRedirects, httpx.InvalidURL) as failure:
            raise OutOfReach(f"the server's redirects lead nowhere ({failure})", "Check the address.") from failure

    def _receive(self, response: httpx.Response, part: Part, total: int | None) -> None:
        if total is not None:
            self._check_room(part, total)
        limit = total if total is not None else part.size + self._free_space(part.path.parent) - MARGIN
        for block in response.iter_raw():
            if part.size + len(block) > limit:
                part.restart()
                raise Transient("the server sent more bytes than it announced")
            part.write(block)
            self._progress.at(part.size, total)
        if total is not None and part.size < total:
            raise Transient("the connection closed early")

    def _body_total(self, response: httpx.Response, part: Part, offer: Offer) -> int | None:
        """The whole file's size, once it is sure that the body continues the part."""
        if response.status_code not in (200, 206, 416):
            raise refusal_of(response, offer.url, self._now())
        start, total = range_of(response)
        if response.status_code == 416 and total == part.size:
            return total
        changed = self._is_another_file(response, part, offer)
        if response.status_code == 416 or changed or (response.status_code == 206 and start != part.size):
            part.restart()
            raise Transient("the file has changed on the server, from the beginning", retry_after=0.0)
        if response.status_code == 200 and part.size:
            self._progress.note("the server cannot continue a download; from the beginning")
            part.restart()
        if offer.size is not None and total is not None and total != offer.size:
            raise Corrupt(
                f"the server's file has {total} bytes where {offer.size} were expected",
                "Use another source; this one has a different file.",
            )
        return offer.size if offer.size is not None else total

    def _is_another_file(self, response: httpx.Response, part: Part, offer: Offer) -> bool:
        """For an address that told nothing beforehand, the first answer's ETag is the file's identity."""
        etag = response.headers.get("ETag")
        if offer.etag is not None or offer.sha256 is not None or response.status_code == 416:
            return False
        if response.status_code == 206:
            kept = part.kept_identity()
            return kept is None or kept.etag is None or kept.etag != etag
        part.belongs_to(replace(offer.identity, etag=etag))
        return False


def hash_file(path: Path, progress: Progress) -> Arrived:
    """Read a whole file for its hash."""
    size = path.stat().st_size
    progress.begin("verifying", path.name, size)
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(1024 * 1024):
            digest.update(block)
            read += len(block)
            progress.at(read)
    return Arrived(path, read, digest.hexdigest())


def _difference(part: Part, offer: Offer) -> str | None:
    if offer.size is not None and part.size != offer.size:
        return f"{part.size} bytes instead of {offer.size}"
    if offer.sha256 is not None and part.sha256 != offer.sha256.lower():
        return f"its sha256 begins {part.sha256[:12]} instead of {offer.sha256[:12]}"
    return None
