"""A checkpoint that is converted while it arrives, and never lies on the disk.

The file is a zip archive with its directory at the end. So the parts that tell what is where come first, by range
requests; then the whole file, once, from front to back, hashed as it passes. A connection that breaks is taken up
where it broke, by this process; another one cannot, for nothing is kept. It does not know what the tensors become.
"""

import hashlib
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, TypeVar

import httpx

from fetcher.answers import CONNECT_SECONDS, range_of, refusal_of, transient_of
from fetcher.convert.archive import place
from fetcher.convert.state_dict import Tensor, read_state_dict
from fetcher.download import Offer
from fetcher.errors import Transient
from fetcher.progress import Progress
from fetcher.retry import Persistence
from fetcher.settings import Patience

WINDOW: Final = 256 * 1024
_STEP: Final = 1024 * 1024
_TRY_LATER: Final = "Try again later: it is then stored as it comes, and can be continued."
Result = TypeVar("Result")


class CannotStream(Exception):  # noqa: N818 - a reason to take the plain way, not a failure of the fetch
    """The server, or what it sends, will not do; downloading the file first may."""


class RemoteFile:
    """One file of a server: glances at any part of it, and one pass over the whole. Needs the offer's size and hash."""

    def __init__(
        self,
        client: httpx.Client,
        offer: Offer,
        patience: Patience,
        progress: Progress,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._offer = offer
        self._patience = patience
        self._progress = progress
        self._now = now
        self.size = offer.size or 0
        self.position = 0
        self._received = 0  # of the pass, in all; a little ahead of the position
        self._digest = hashlib.sha256()
        self._windows: list[tuple[int, bytes]] = []
        self._response: httpx.Response | None = None
        self._blocks: Iterator[bytes] = iter(())
        self._rest = memoryview(b"")
        self._persistence = Persistence(patience, sleep=sleep, note=progress.note, reached=lambda: self._received)

    def glance(self, offset: int, size: int) -> bytes:
        """Exactly these bytes, which the pass is held to when it comes there. Raises CannotStream and FetchErrors."""
        for at, window in self._windows:
            if at <= offset and offset + size <= at + len(window):
                return window[offset - at : offset - at + size]
        begin = offset - offset % WINDOW
        end = min(self.size, max(begin + WINDOW, offset + size))
        if not 0 <= offset < end:
            return b""
        self._windows.append((begin, self._persist(lambda: self._part(begin, end))))
        window = self._windows[-1][1]
        return window[offset - begin : offset - begin + size]

    def read(self, size: int) -> bytearray:
        """The next `size` bytes of the pass. Raises CannotStream and FetchErrors."""
        found = bytearray()

        def fill() -> None:
            while len(found) < size:
                if not self._rest:
                    self._rest = memoryview(self._next_block())
                found.extend(taken := self._rest[: size - len(found)])
                self._rest = self._rest[len(taken) :]

        self._persist(fill)
        if not self._is_what_was_seen(found):
            raise CannotStream("the server does not send the same bytes twice")
        self._digest.update(found)
        self.position += size
        return found

    def skip_to(self, offset: int) -> None:
        """Pass over what lies before `offset`."""
        while self.position < offset:
            self.read(min(_STEP, offset - self.position))

    def finish(self) -> None:
        """Read the rest; raises CannotStream if the whole was not what the offer says."""
        self.skip_to(self.size)
        self.close()
        if self._digest.hexdigest() != self._offer.sha256:
            raise CannotStream("it arrived damaged")

    def close(self) -> None:
        """Let go of the connection."""
        if self._response is not None:
            self._response.close()
        self._response, self._blocks = None, iter(())

    def _persist(self, action: Callable[[], Result]) -> Result:
        host = httpx.URL(self._offer.url).host
        return self._persistence.run(action, f"{PurePosixPath(self._offer.url).name} at {host}", _TRY_LATER)

    def _is_what_was_seen(self, block: bytearray) -> bool:
        """Whether the bytes at the position agree with what the glances showed."""
        for at, window in self._windows:
            first, last = max(at, self.position), min(at + len(window), self.position + len(block))
            if first < last and window[first - at : last - at] != block[first - self.position : last - self.position]:
                return False
        return True

    def _part(self, begin: int, end: int) -> bytes:
        response = self._ask(f"bytes={begin}-{end - 1}")
        try:
            found = b""
            if range_of(response) != (begin, self.size):
                raise CannotStream("the server does not send parts of it")
            for block in response.iter_raw():
                found += block
                if len(found) >= end - begin:
                    break
        except httpx.TransportError as failure:
            raise transient_of(failure, self._patience) from failure
        finally:
            response.close()
        if len(found) != end - begin:
            raise Transient("the connection closed early")
        return found

    def _next_block(self) -> bytes:
        """Whatever comes next of the pass; asks again from there when the connection broke before."""
        if self._response is None:
            self._response = self._ask(f"bytes={self._received}-" if self._received else None)
            self._blocks = self._response.iter_raw()
            if range_of(self._response) != (self._received, self.size):
                self.close()
                raise CannotStream("the server cannot continue it")
        try:
            block = next(self._blocks, b"")
        except httpx.TransportError as failure:
            self.close()
            raise transient_of(failure, self._patience) from failure
        if not block:
            self.close()
            raise Transient("the connection closed early")
        self._received += len(block)
        self._progress.at(self._received, self.size)
        return block

    def _ask(self, wanted: str | None) -> httpx.Response:
        headers = {**self._offer.headers, "Accept-Encoding": "identity", **({"Range": wanted} if wanted else {})}
        timeout = httpx.Timeout(self._patience.stall_seconds, connect=CONNECT_SECONDS)
        request = self._client.build_request("GET", self._offer.url, headers=headers, timeout=timeout)
        try:
            response = self._client.send(request, stream=True)
        except httpx.TransportError as failure:
            raise transient_of(failure, self._patience) from failure
        except (httpx.TooManyRedirects, httpx.InvalidURL) as failure:
            raise CannotStream(f"the server's redirects lead nowhere ({failure})") from failure
        if response.status_code not in (200, 206):
            response.close()
            raise refusal_of(response, self._offer.url, self._now())
        return response


class ArrivingCheckpoint:
    """Stands in for a checkpoint's file: its tensors once each, in file order."""

    def __init__(self, file: RemoteFile, label: str) -> None:
        """Raises UnsupportedCheckpoint for what is no state dict, before the pass begins."""
        self._file = file
        self._label = label
        self.tensors: Mapping[str, Tensor] = read_state_dict(file.glance, file.size, label)
        self._left = len(self.tensors)

    def blocks(self, key: str, rows: int) -> Iterator[memoryview]:
        """The bytes of a tensor, `rows` rows at a time; after the last tensor the whole file is verified."""
        tensor = self.tensors[key]
        self._file.skip_to(place(self._pass, tensor.entry, self._label))
        step, checksum = rows * tensor.row_size, 0
        for start in range(0, tensor.entry.size, step):
            block = self._file.read(min(step, tensor.entry.size - start))
            checksum = zlib.crc32(block, checksum)
            yield memoryview(block)
        if checksum != tensor.entry.crc:
            raise CannotStream("it arrived damaged")
        self._left -= 1
        if not self._left:
            self._file.finish()

    def _pass(self, offset: int, size: int) -> bytes:
        self._file.skip_to(offset)
        return bytes(self._file.read(size))
