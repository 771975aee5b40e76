"""Tells people and programs how far a fetch is: a bar on a terminal, a line every few seconds elsewhere,
and the status file. The stages report bytes; what that looks like is decided here and only here.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, TextIO

from fetcher.errors import FetchError
from fetcher.status import Phase, StatusFile

LINE_SECONDS: Final = 5.0
STATUS_SECONDS: Final = 0.25
SAMPLE_SECONDS: Final = 0.1
SPEED_WINDOW_SECONDS: Final = 8.0


def megabytes(count: float) -> str:
    """Bytes as the megabytes (10^6) that download pages show."""
    return f"{count / 1e6:.{1 if count >= 1e6 or not count else 2}f}"


class Progress:
    """What the stages talk to."""

    def __init__(
        self,
        status: StatusFile,
        stream: TextIO,
        *,
        clock: Callable[[], float] = time.monotonic,
        terminal: bool | None = None,
    ) -> None:
        """`stream` gets the bar or the lines; `terminal` overrides what the stream says about itself."""
        self._status = status
        self._stream = stream
        self._clock = clock
        self._terminal = stream.isatty() if terminal is None else terminal
        self._phase: Phase = "resolving"
        self._what = ""
        self._total: int | None = None
        self._done = 0
        self._samples: deque[tuple[float, int]] = deque()
        self._bar: Any = None
        self._next_line = 0.0
        self._next_status = 0.0

    def named(self, model: str) -> None:
        """The model's name is known now."""
        self._status.model = model

    def begin(self, phase: Phase, what: str, total: int | None = None, done: int = 0) -> None:
        """A new piece of work: `what` is shown to people; `total` and `done` are bytes."""
        self._close_bar()
        now = self._clock()
        self._phase, self._what, self._total, self._done = phase, what, total, done
        self._samples = deque([(now, done)])
        self._next_line = now + LINE_SECONDS
        self._status.write(phase, percent=self._percent(), detail=what)
        self._next_status = now + STATUS_SECONDS
        if phase == "resolving" or (phase == "downloading" and not self._terminal):
            self._line(f"{phase} {what}")

    def at(self, done: int, total: int | None = None) -> None:
        """So many bytes are done. Cheap: it writes only when something is due."""
        now = self._clock()
        self._total = total if total is not None else self._total
        if done < self._done:  # it began again
            self._samples.clear()
        if not self._samples or now - self._samples[-1][0] >= SAMPLE_SECONDS or done == self._total:
            self._samples.append((now, done))
        while now - self._samples[0][0] > SPEED_WINDOW_SECONDS and len(self._samples) > 2:
            self._samples.popleft()
        if self._terminal and self._bar is None:
            self._open_bar()
        if self._bar is not None:
            self._bar.total = self._total
            self._bar.update(done - self._done)
        self._done = done
        if now >= self._next_status:
            self._next_status = now + STATUS_SECONDS
            self._write_status()
        if now >= self._next_line and not self._terminal:
            self._next_line = now + LINE_SECONDS
            self._line(self._sentence())

    def note(self, text: str) -> None:
        """Something that people should know now: a wait, a new start."""
        self._line(text)
        self._status.write(self._phase, percent=self._percent(), detail=f"{self.detail()}; {text}".lstrip("; "))

    def installed(self, what: str) -> None:
        """The end of a fetch that went well."""
        self._close_bar()
        self._line(what)
        self._status.write("installed", percent=100.0, detail=what)

    def failed(self, error: FetchError) -> None:
        """The end of one that did not."""
        self._close_bar()
        self._status.write("failed", error=error, detail=error.message)

    def stopped(self, text: str) -> None:
        """A signal ended it; the status file keeps the phase, for whoever stopped us knows."""
        self._close_bar()
        self._status.write(self._phase, percent=self._percent(), detail=text)

    def detail(self) -> str:
        """How far it is, as `41.0 of 98.4 MB at 12.3 MB/s`."""
        if self._total is None and not self._done:
            return self._what
        of_total = f" of {megabytes(self._total)}" if self._total is not None else ""
        speed = self._speed()
        at_speed = f" at {megabytes(speed)} MB/s" if speed else ""
        return f"{megabytes(self._done)}{of_total} MB{at_speed}"

    def _sentence(self) -> str:
        percent, eta = self._percent(), self._eta()
        share = f"{percent:.0f}%, " if percent is not None else ""
        left = f", {eta:.0f} s left" if eta is not None else ""
        return f"{self._phase} {self._what}: {share}{self.detail()}{left}"

    def _write_status(self) -> None:
        self._status.write(self._phase, percent=self._percent(), detail=self.detail(), eta_seconds=self._eta())

    def _percent(self) -> float | None:
        return min(100.0, 100.0 * self._done / self._total) if self._total else None

    def _speed(self) -> float:
        if len(self._samples) < 2:
            return 0.0
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return max(0.0, (after - before) / (end - start)) if end > start else 0.0

    def _eta(self) -> float | None:
        speed = self._speed()
        return (self._total - self._done) / speed if self._total is not None and speed else None

    def _open_bar(self) -> None:
        from tqdm import tqdm  # noqa: PLC0415 - only a terminal needs it

        columns, rows = shutil.get_terminal_size()  # never 0, which some terminals say and tqdm believes
        self._bar = tqdm(
            total=self._total,
            initial=self._done,
            desc=f"{self._phase} {self._what}",
            unit="B",
            unit_scale=True,
            file=self._stream,
            leave=self._phase == "downloading",
            delay=0.0 if self._phase == "downloading" else 0.5,
            ncols=columns,
            nrows=rows,
        )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.write(f"fetcher: {text}", file=self._stream)
        else:
            print(f"fetcher: {text}", file=self._stream, flush=True)
