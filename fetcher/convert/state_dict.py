"""The table of contents of a state dict that torch.save wrote: each tensor's name, shape and place.

No tensor is read here. It takes dense, row-major tensors of float32 and bfloat16, each the only user of
its storage, and refuses the rest; it does not know what the tensors are for.

The layout: https://github.com/pytorch/pytorch/blob/main/docs/source/notes/serialization.rst
"""

from dataclasses import dataclass
from math import prod
from typing import Final

from fetcher.convert.archive import Entry, Read, place, read_directory
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.pickles import Arguments, Global, unpickle

MAX_PICKLE: Final = 1 << 20
_KINDS: Final = {"torch.FloatStorage": ("f32", 4), "torch.BFloat16Storage": ("bf16", 2)}
_COMPILED: Final = "_orig_mod."
"""What torch.compile puts before every key."""


@dataclass(frozen=True)
class Tensor:
    """A dense, row-major, little-endian tensor of `kind` f32 or bf16, and where its bytes lie."""

    shape: tuple[int, ...]
    kind: str
    entry: Entry

    @property
    def row_size(self) -> int:
        """In bytes."""
        return self.entry.size // self.shape[0]


@dataclass(frozen=True)
class _Storage:
    kind: str
    item_size: int
    key: str
    items: int


def read_state_dict(read: Read, size: int, label: str) -> dict[str, Tensor]:
    """The tensors in the `.pt` file of `size` bytes that `read` reads, in the order of the state dict.

    `label` names the file in errors. Raises UnsupportedCheckpoint for anything else than described above.
    """
    entries = read_directory(read, size, label)
    pickles = [name for name in entries if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(pickles) != 1:
        raise UnsupportedCheckpoint(f"{label} has no data.pkl: it is not a PyTorch checkpoint")
    root = pickles[0].removesuffix("data.pkl")
    maker = _TensorMaker(root, entries, label)
    order = entries.get(f"{root}byteorder")
    if order is not None and read(place(read, order, label), min(order.size, 16)) != b"little":
        raise maker.refusal("is not little-endian")
    index = entries[pickles[0]]
    if index.size > MAX_PICKLE:
        raise maker.refusal(f"has a data.pkl of {index.size:,} bytes")
    state = unpickle(
        read(place(read, index, label), index.size),
        f"data.pkl in {label}",
        {
            "collections.OrderedDict": maker.mapping,
            "torch._utils._rebuild_tensor_v2": maker.tensor,
            **dict.fromkeys(_KINDS, maker.never),
        },
        maker.storage,
    )
    return maker.checked(state)


class _TensorMaker:
    """Stands in for the few functions of torch that a state dict's pickle names."""

    def __init__(self, root: str, entries: dict[str, Entry], label: str) -> None:
        self._root = root
        self._entries = entries
        self._label = label
        self._used: set[str] = set()

    def refusal(self, what: str) -> UnsupportedCheckpoint:
        return UnsupportedCheckpoint(f"{self._label} {what}, which no nanochat checkpoint does")

    def never(self, _: Arguments) -> object:
        raise self.refusal("calls a storage class")

    def mapping(self, arguments: Arguments) -> object:
        if arguments:
            raise self.refusal("fills a mapping in an odd way")
        return {}

    def storage(self, identity: Arguments) -> _Storage:
        match identity:
            case ("storage", Global(name=kind), str(key), str(), int(items)) if kind in _KINDS:
                return _Storage(*_KINDS[kind], key, items)
        raise self.refusal("has a tensor of another type than float32 and bfloat16")

    def tensor(self, arguments: Arguments) -> Tensor:
        match arguments:
            case (_Storage() as storage, 0, tuple(shape), tuple(stride), bool(), *_):
                return self._whole(storage, shape, stride)
        raise self.refusal("has a tensor that is a part of another")

    def _whole(self, storage: _Storage, shape: Arguments, stride: Arguments) -> Tensor:
        sizes = tuple(size for size in shape if isinstance(size, int) and size > 0)
        if len(sizes) != len(shape) or len(sizes) > 4:
            raise self.refusal("has a tensor of an odd shape")
        if stride != tuple(prod(sizes[axis + 1 :]) for axis in range(len(sizes))):
            raise self.refusal("has a tensor that is not row-major")
        entry = self._entries.get(f"{self._root}data/{storage.key}")
        if entry is None:
            raise UnsupportedCheckpoint(f"{self._label} lacks the data of a tensor (entry {storage.key[:100]!r})")
        if entry.size != prod(sizes) * storage.item_size or storage.items != prod(sizes):
            raise self.refusal(f"has a tensor whose data (entry {storage.key[:100]!r}) has the wrong size")
        if entry.name in self._used:
            raise self.refusal("has two tensors that share their data")
        self._used.add(entry.name)
        return Tensor(sizes, storage.kind, entry)

    def checked(self, state: object) -> dict[str, Tensor]:
        if not isinstance(state, dict):
            raise self.refusal("holds something else than a state dict")
        tensors: dict[str, Tensor] = {}
        for key, value in state.items():
            if not isinstance(key, str) or not isinstance(value, Tensor):
                raise self.refusal(f"holds {key[:100]!r}, not a tensor")
            tensors[key.removeprefix(_COMPILED)] = value
        if len(tensors) != len(state):
            raise self.refusal("names a tensor twice")
        return tensors
