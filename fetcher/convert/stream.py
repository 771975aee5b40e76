"""The weights of a GGUF file as a stream of bytes: mapped, changed and encoded a block of rows at a time.

Blocks are encoded by all cores at once and come out in order. How many are under way, and how large they
are, is what memory use depends on; the size of the model is not. It knows no file that it writes to.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.gguf_writer import TensorInfo, padding
from fetcher.convert.nanochat import Config, Rows, Weight, ones
from fetcher.convert.quantise import F32, K_TYPES, KQuantiser, Recipe, TensorType, encode
from fetcher.convert.state_dict import Tensor

MEMORY: Final = 64 << 20
"""Bytes of float32 rows under way at once, all threads together; encoding needs some times that."""
MAX_BLOCK: Final = 8 << 20
MAX_WEIGHT: Final = 60_000.0
"""What float16, the narrowest range here, still holds."""

Report = Callable[[int, int, str], None]
"""(bytes of the checkpoint done, bytes in all, the tensor in work)"""


class Tensors(Protocol):
    """An open checkpoint."""

    @property
    def tensors(self) -> Mapping[str, Tensor]:
        """By key."""

    def blocks(self, key: str, rows: int) -> Iterator[memoryview]:
        """The bytes of a tensor, `rows` rows at a time."""


@dataclass(frozen=True)
class _Job:
    """A block under way, and what to report when it has arrived."""

    encoded: Future[bytes]
    done: int
    label: str


class WeightStream:
    """All tensors of a model: the ones first, then the weights in the order given."""

    def __init__(
        self,
        checkpoint: Tensors,
        config: Config,
        weights: Sequence[Weight],
        recipe: Recipe,
        find_quantiser: Callable[[], KQuantiser],
    ) -> None:
        """`find_quantiser` is called if a tensor gets one of the K types."""
        self._checkpoint = checkpoint
        self._ones = [np.ones(length, np.float32) for length in ones(config).values()]
        self._weights = [(w, recipe.type_of(w.name, config.n_layer, w.columns)) for w in weights]
        self._quantiser = find_quantiser() if any(kind in K_TYPES for _, kind in self._weights) else None
        self.infos = [TensorInfo(name, (n,), F32.number, F32.bytes_of(1, n)) for name, n in ones(config).items()]
        self.infos += [
            TensorInfo(w.name, (w.columns, w.rows), kind.number, kind.bytes_of(w.rows, w.columns))
            for w, kind in self._weights
        ]
        self.size = sum(info.size + len(padding(info.size)) for info in self.infos)

    def chunks(self, report: Report, threads: int | None = None) -> Iterator[bytes]:
        """The bytes, each tensor with its padding; `threads` is the number of cores by default.

        Raises UnsupportedCheckpoint, naming the tensor, for weights that are no numbers, and for damage.
        """
        threads = threads or _cores()
        total = sum(self._checkpoint.tensors[weight.source].entry.size for weight, _ in self._weights)
        for values in self._ones:
            yield values.tobytes() + padding(values.nbytes)
        pending: deque[_Job] = deque()
        pool = ThreadPoolExecutor(threads)
        try:
            for job in self._jobs(pool, min(MAX_BLOCK, MEMORY // (threads + 1))):
                pending.append(job)
                if len(pending) > threads:
                    yield _arrived(pending.popleft(), total, report)
            while pending:
                yield _arrived(pending.popleft(), total, report)
        finally:
            pool.shutdown(cancel_futures=True)

    def _jobs(self, pool: ThreadPoolExecutor, block_size: int) -> Iterator[_Job]:
        done = 0
        for weight, kind in self._weights:
            rows = max(1, block_size // (4 * weight.columns * weight.group)) * weight.group
            tensor = self._checkpoint.tensors[weight.source]
            first = 0
            for block in self._checkpoint.blocks(weight.source, rows):
                done += len(block)
                # Surplus rows are read for the checksum, and left out.
                wanted = min(len(block) // tensor.row_size, weight.rows - first)
                if wanted > 0:
                    last = first + wanted == weight.rows
                    piece = block[: wanted * tensor.row_size]
                    yield _Job(pool.submit(self._encode, piece, tensor.kind, weight, kind, last), done, weight.name)
                first += rows

    def _encode(self, block: memoryview, stored: str, weight: Weight, kind: TensorType, last: bool) -> bytes:
        """One block, in one of the threads."""
        rows = _as_float32(block, stored).reshape(-1, weight.columns)
        if not (np.abs(rows).max() <= MAX_WEIGHT):  # written so that NaN fails too
            raise UnsupportedCheckpoint(f"{weight.source} holds values that are no weights (NaN, or too large)")
        if weight.change is not None:
            rows = weight.change(rows)
        encoded = encode(kind, rows, self._quantiser).tobytes()
        return encoded + padding(kind.bytes_of(weight.rows, weight.columns)) if last else encoded


def _as_float32(block: memoryview, stored: str) -> Rows:
    if stored == "bf16":
        return (np.frombuffer(block, "<u2").astype(np.uint32) << 16).view(np.float32)
    return np.frombuffer(block, "<f4")


def _arrived(job: _Job, total: int, report: Report) -> bytes:
    encoded = job.encoded.result()
    report(job.done, total, job.label)
    return encoded


def _cores() -> int:
    """Those that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
