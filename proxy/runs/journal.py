"""What a run was asked and what it was answered, the newest of it, within bounds.

Keeps bytes as they came and went; what they mean is read when somebody asks (view.py). Knows no HTTP server.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from yarl import URL

if TYPE_CHECKING:
    from proxy.verdict.seen import Marks

# "open" while the answer is on its way; "left": the client closed first; "broken": this server did.
End = Literal["open", "whole", "left", "broken"]

MOST_ENTRIES = 2_000
MOST_BYTES = 8 * 2**20
MOST_OF_ONE = 256 * 2**10  # bytes kept of one body, of either direction
_EACH = 2_048  # what an entry costs beside its bodies, roughly: the headers most of all


class Entry:
    """One exchange. `at` is Unix time, offsets are seconds after `at`; sizes are whole though bodies may be cut."""

    # What most entries never set stands here and not in every entry: each request pays for its entry.
    body = b""
    body_size = 0
    status = 0
    answer_headers: Mapping[str, str] = MappingProxyType({})
    pieces: Sequence[tuple[float, bytes]] = ()
    answer_size = 0
    faults: tuple[str, ...] = ()
    notes: Mapping[str, Any] = MappingProxyType({})  # what else is told of it: its cost
    rule: str | None = None  # of a scenario
    seconds = 0.0
    end: End = "open"
    cost = _EACH
    kept = True  # whether the journal still has it
    marks: "Marks | None" = None  # what proxy/verdict keeps of it, once somebody asked

    def __init__(
        self, number: int, at: float, clock: Callable[[], float], method: str, url: URL, headers: Mapping[str, str]
    ) -> None:
        self.number = number
        self.at = at
        self.clock = clock
        self.started = clock()
        self.method = method
        self.url = url
        self.headers = headers

    def asked(self, body: bytes) -> None:
        """Keep the request's body; of one that is too large what tells most."""
        size = len(body)
        if size <= MOST_OF_ONE:
            self.body = body
        elif size != self.body_size:  # else it was told before
            from proxy.runs.abridged import abridged  # noqa: PLC0415 - few requests are as large

            self.body = abridged(body, MOST_OF_ONE)
        self.body_size = size

    @property
    def is_abridged(self) -> bool:
        """Whether the body is not as it came."""
        return self.body_size > MOST_OF_ONE

    def answers(self, status: int, headers: Mapping[str, str]) -> None:
        """Note how the answer begins."""
        self.status, self.answer_headers = status, headers

    def sent(self, piece: bytes) -> None:
        """Keep a piece of the answer that goes out now, as far as there is room."""
        room = MOST_OF_ONE - self.answer_size
        self.answer_size += len(piece)
        if room <= 0:
            return
        noted = (self.clock() - self.started, piece[:room])
        if isinstance(self.pieces, list):
            self.pieces.append(noted)
        else:
            self.pieces = [noted]


class Journal:
    """The newest entries of a run. `clock` is monotonic, `now` Unix time, both in seconds."""

    def __init__(self, now: Callable[[], float], clock: Callable[[], float]) -> None:
        self._now = now
        self._clock = clock
        self._entries: deque[Entry] = deque()
        self._begun = 0
        self._bytes = 0
        self._changed: asyncio.Event | None = None

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    @property
    def begun(self) -> int:
        """How many requests there were in all, those that had to go included."""
        return self._begun

    @property
    def bytes(self) -> int:
        """About what the entries take."""
        return self._bytes

    def begin(self, method: str, url: URL, headers: Mapping[str, str]) -> Entry:
        """A new entry, which counts at once."""
        self._begun += 1
        entry = Entry(self._begun, self._now(), self._clock, method, url, headers)
        self._entries.append(entry)
        self._bytes += _EACH
        if len(self._entries) > MOST_ENTRIES or self._bytes > MOST_BYTES:
            self._make_room()
        return entry

    def finish(self, entry: Entry, *, here: bool) -> None:
        """The exchange is over; `here` is whether the client still was. Whoever waits is told."""
        entry.seconds = self._clock() - entry.started
        if entry.end == "open":
            entry.end = "whole" if here else "left"
        if entry.kept:  # it may have had to go meanwhile
            size = len(entry.body) + min(entry.answer_size, MOST_OF_ONE)
            entry.cost = _EACH + size
            self._bytes += size
            if self._bytes > MOST_BYTES:
                self._make_room()
        self.wake()

    def wake(self) -> None:
        """Let those who wait for a change look again."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        while self._entries:
            self.drop_oldest()

    async def change(self) -> None:
        """Wait until the next exchange is over, or the run has begun again."""
        if self._changed is None:
            self._changed = asyncio.Event()
        await self._changed.wait()

    def drop_oldest(self) -> None:
        """Forget the oldest entry."""
        oldest = self._entries.popleft()
        oldest.kept = False
        self._bytes -= oldest.cost

    def _make_room(self) -> None:
        while len(self._entries) > MOST_ENTRIES or (self._bytes > MOST_BYTES and len(self._entries) > 1):
            self.drop_oldest()
