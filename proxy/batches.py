"""Batches: reads a file of requests, runs them through a function that is given, and writes what came into files.

Knows the lines, their order and the states of a batch; not HTTP, not models, not what an endpoint does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import msgspec

from proxy.batch_lines import Line, LineError, not_run, output_line, read
from proxy.files import Files, StoredFile
from proxy.pace import Sleep
from proxy.store import Bounds, Part

log = logging.getLogger("proxy")

WINDOW_SECONDS = 86_400
BOUNDS = Bounds(entries=1000, bytes=64 * 1024 * 1024, seconds=30 * 86_400)
MOST_OUTPUT_BYTES = 200_000_000
_AT_ONCE = 4  # lines of one batch
_RUNNING = 8  # batches
_OVERHEAD = 8 * 1024  # bytes of a batch in memory beside its metadata
_EXPIRED = "This request could not be executed before the completion window expired."
_FULL = f"The outputs of this batch have reached {MOST_OUTPUT_BYTES} bytes: this request was not executed."


class NotYetError(Exception):
    """The line should be asked again, after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


Ask = Callable[[str, bytes, Mapping[str, str]], Awaitable[tuple[int, bytes]]]
"""Endpoint, body and headers to status and body. Raises NotYetError."""


@dataclass(slots=True)
class Usage:
    """Tokens of all answers."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(slots=True)
class Batch:
    """One batch; `at` has the Unix second of each state it came to, under the name that OpenAI gives it."""

    id: str
    endpoint: str
    input_file_id: str
    metadata: dict[str, str] | None
    headers: Mapping[str, str]
    output_seconds: int | None
    at: dict[str, int]
    status: str = "validating"
    model: str | None = None
    errors: list[LineError] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None
    total: int = 0
    completed: int = 0
    failed: int = 0
    usage: Usage = field(default_factory=Usage)
    workers: list[asyncio.Task[None]] = field(default_factory=list)


class Tasks:
    """What runs the batches of everybody, so many at a time."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(_RUNNING)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, batch: Coroutine[Any, Any, None]) -> None:
        """Begin one."""
        task = asyncio.create_task(batch)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Stop everything."""
        for task in list(self._running):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class Batches:
    """The batches of one owner, oldest first."""

    def __init__(
        self,
        seed: int,
        files: Files,
        ask: Ask,
        *,
        now: Callable[[], float],
        sleep: Sleep,
        kept: Part[Batch],
        tasks: Tasks,
    ) -> None:
        self._seed = seed
        self._files = files
        self._ask = ask
        self._now = now
        self._sleep = sleep
        self._kept = kept
        self._tasks = tasks

    def create(
        self,
        endpoint: str,
        input_file: StoredFile,
        *,
        metadata: dict[str, str] | None,
        headers: Mapping[str, str],
        output_seconds: int | None,
        one_model: bool,
    ) -> Batch:
        """Begin a batch; `one_model` refuses a file whose lines name several."""
        now = int(self._now())
        at = {"created_at": now, "expires_at": now + WINDOW_SECONDS}
        name = self._new_id(endpoint, input_file.id)
        batch = Batch(name, endpoint, input_file.id, metadata, headers, output_seconds, at)
        self._kept.put(name, batch, _OVERHEAD + len(msgspec.json.encode(metadata)))
        self._tasks.start(self._run(batch, one_model=one_model))
        return batch

    def get(self, name: str) -> Batch | None:
        """A batch by its id."""
        return self._kept.get(name)

    def all(self) -> list[Batch]:
        """Those that are here, oldest first."""
        return [batch for _, batch in self._kept.items()]

    def cancel(self, batch: Batch) -> bool:
        """End a batch that is not at its end; whether that was possible, or done before."""
        if batch.status in ("validating", "in_progress"):
            self._come_to(batch, "cancelling")
            for worker in batch.workers:
                worker.cancel()
        return batch.status in ("cancelling", "cancelled")

    def clear(self) -> None:
        """Forget them; those that are not at their end come to it."""
        for batch in self.all():
            self.cancel(batch)
        self._kept.clear()

    async def _run(self, batch: Batch, *, one_model: bool) -> None:
        async with self._tasks.turn:
            try:
                if lines := await self._validated(batch, one_model=one_model):
                    await self._answer(batch, lines)
            except Exception:  # a defect: whoever waits for the batch must see its end
                log.exception("the batch %s failed", batch.id)
                self._fail(batch, [LineError("internal_error", "The server had an error while processing the batch.")])

    async def _validated(self, batch: Batch, *, one_model: bool) -> list[Line]:
        file = self._files.get(batch.input_file_id)
        if file is None:
            problem = LineError("file_not_found", f"The input file {batch.input_file_id} is not there any more.")
            self._fail(batch, [problem])
            return []
        lines, problems = await read(file.data, batch.endpoint, one_model=one_model)
        if batch.status == "cancelling":
            self._come_to(batch, "cancelled")
            return []
        if problems:
            self._fail(batch, problems)
            return []
        batch.total = len(lines)
        batch.model = lines[0].model
        self._come_to(batch, "in_progress")
        return lines

    async def _answer(self, batch: Batch, lines: list[Line]) -> None:
        written = _Written([None] * len(lines), [None] * len(lines))
        waiting = iter(enumerate(lines))
        batch.workers = [asyncio.create_task(self._work(batch, waiting, written)) for _ in range(_AT_ONCE)]
        try:
            await asyncio.wait(batch.workers)
        finally:
            for worker in batch.workers:
                worker.cancel()
            await asyncio.wait(batch.workers)
        for worker in batch.workers:
            if not worker.cancelled() and (problem := worker.exception()):
                raise problem
        end = "cancelled" if batch.status == "cancelling" else "expired" if written.expired else "completed"
        if end == "completed":
            self._come_to(batch, "finalizing")
        batch.output_file_id = await self._write(batch, "output", written.outputs)
        batch.error_file_id = await self._write(batch, "error", written.errors)
        batch.workers = []
        self._come_to(batch, end)

    async def _work(self, batch: Batch, waiting: "Iterator[tuple[int, Line]]", written: "_Written") -> None:
        for index, line in waiting:
            seen = blake2b(f"{batch.id} {index}".encode(), digest_size=16).hexdigest()
            while (reason := self._why_not(batch, written)) is None:
                try:
                    status, body = await self._ask(batch.endpoint, bytes(line.body), batch.headers)
                except NotYetError as later:
                    await self._sleep(later.seconds)
                    continue
                written.add(index, output_line(seen, line, status, body), failed=status >= 400)
                break
            else:
                written.add(index, not_run(seen, line, *reason), failed=True)
            if written.errors[index] is not None:
                batch.failed += 1
            else:
                batch.completed += 1
                _count(batch.usage, body)

    def _why_not(self, batch: Batch, written: "_Written") -> tuple[str, str] | None:
        if self._now() >= batch.at["expires_at"]:
            written.expired = True
            return "batch_expired", _EXPIRED
        if written.size >= MOST_OUTPUT_BYTES:
            return "output_too_large", _FULL
        return None

    async def _write(self, batch: Batch, kind: str, lines: list[bytes | None]) -> str | None:
        pieces = [line for line in lines if line is not None]
        if not pieces:
            return None
        name = f"{batch.id}_{kind}.jsonl"
        return (await self._files.add_large(name, "batch_output", pieces, batch.output_seconds)).id

    def _fail(self, batch: Batch, problems: list[LineError]) -> None:
        batch.errors = problems
        self._come_to(batch, "failed")

    def _come_to(self, batch: Batch, status: str) -> None:
        batch.status = status
        batch.at[f"{status}_at"] = int(self._now())

    def _new_id(self, endpoint: str, input_file_id: str) -> str:
        copy = 0
        while True:
            seen = f"{self._seed} {copy} {endpoint} {input_file_id}".encode()
            if self._kept.get(known := f"batch_{blake2b(seen, digest_size=16).hexdigest()}") is None:
                return known
            copy += 1


@dataclass(slots=True)
class _Written:
    """The lines of both files, each at its request's place."""

    outputs: list[bytes | None]
    errors: list[bytes | None]
    size: int = 0
    expired: bool = False

    def add(self, index: int, line: bytes, *, failed: bool) -> None:
        """Keep a request's line."""
        self.size += len(line)
        (self.errors if failed else self.outputs)[index] = line


class _Details(msgspec.Struct):
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class _Tokens(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Used(msgspec.Struct):
    usage: _Tokens | None = None


def _count(usage: Usage, body: bytes) -> None:
    """Add what an answer says that it used: chat's words or those of responses."""
    try:
        said = msgspec.json.decode(body, type=_Used).usage
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    if said is None:
        return
    read_, written = (
        said.prompt_tokens_details or said.input_tokens_details or _Details(),
        said.completion_tokens_details or said.output_tokens_details or _Details(),
    )
    usage.input_tokens += said.prompt_tokens + said.input_tokens
    usage.output_tokens += said.completion_tokens + said.output_tokens
    usage.cached_tokens += read_.cached_tokens
    usage.reasoning_tokens += written.reasoning_tokens
