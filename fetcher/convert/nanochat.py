"""nanochat of October to December 2025, as a special case of llama.cpp's `apertus` architecture.

Which tensors a checkpoint must have, what each becomes in the GGUF file, and the metadata beside them.
Each change of parameters leaves the function as it is (docs/nanochat.md tells why):

    embedding rows are normalised beforehand, because the original does it right after looking them up;
    the two halves of each head's rows in W_q and W_k change places, because the original rotates the
    other way round; norms without weights become weights of one; relu(x)² is xIELU with alpha_p = 1,
    alpha_n = 0, beta = 0. The softcap on the logits is left out: it never changes their order.

It does not know files, blocks or number formats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.state_dict import Tensor

EPSILON: Final = 1.1920929e-07
"""torch.finfo(torch.float32).eps, what torch's rms_norm uses when it is told nothing."""
MAX_LAYERS: Final = 512
MAX_SIZE: Final = 1 << 20

Rows = NDArray[np.float32]
Change = Callable[[Rows], Rows]


@dataclass(frozen=True)
class Config:
    """model_config of meta_*.json, by its own names."""

    sequence_len: int
    vocab_size: int
    n_layer: int
    n_head: int
    n_kv_head: int
    n_embd: int

    @property
    def head_dim(self) -> int:
        """The width of one attention head."""
        return self.n_embd // self.n_head


@dataclass(frozen=True)
class Weight:
    """One tensor of the GGUF file, `rows` x `columns`, made of the tensor `source` of the checkpoint.

    `change` takes whole groups of `group` rows. Surplus rows of the source are left out.
    """

    name: str
    source: str
    rows: int
    columns: int
    group: int = 1
    change: Change | None = None


def read_config(values: object, label: str) -> Config:
    """`model_config` of a meta file; raises UnsupportedCheckpoint that names the key which is wrong."""
    if not isinstance(values, dict):
        raise UnsupportedCheckpoint(f"{label} has no model_config")
    names = Config.__dataclass_fields__
    strange = sorted(set(map(str, values)) - set(names))
    if strange:
        raise UnsupportedCheckpoint(
            f"{label} has {strange[0][:100]!r} in its model_config: it is another network than the nanochat"
            " that can be converted"
        )
    for name in names:
        value = values.get(name)
        if type(value) is not int or not 0 < value <= MAX_SIZE:
            raise UnsupportedCheckpoint(f"{label} has no usable {name!r} in its model_config")
    config = Config(**values)
    if config.n_layer > MAX_LAYERS:
        raise UnsupportedCheckpoint(f"{label} has an n_layer of {config.n_layer}, more than {MAX_LAYERS}")
    if config.n_embd % (2 * config.n_head):
        raise UnsupportedCheckpoint(f"{label} has an n_embd that n_head does not divide into even heads")
    if config.n_head % config.n_kv_head:
        raise UnsupportedCheckpoint(f"{label} has an n_head that is no multiple of n_kv_head")
    return config


def plan_weights(config: Config, tensors: Mapping[str, Tensor], label: str) -> list[Weight]:
    """What to make of each tensor, in the order in which the tensors lie in their file.

    Raises UnsupportedCheckpoint, naming the key, when a tensor is missing, unknown or of another shape.
    """
    weights = {weight.source: weight for weight in weights_of(config)}
    for key in tensors:
        if key not in weights:
            raise UnsupportedCheckpoint(
                f"{label} has a tensor {key[:100]!r}: it is another network than the nanochat that can be converted"
            )
    for key, weight in weights.items():
        tensor = tensors.get(key)
        if tensor is None:
            raise UnsupportedCheckpoint(f"{label} lacks the tensor {key!r}")
        if tensor.shape not in _shapes(weight):
            raise UnsupportedCheckpoint(
                f"{label} has {key!r} with the shape {list(tensor.shape)}, not {[weight.rows, weight.columns]}"
            )
    return sorted(weights.values(), key=lambda weight: tensors[weight.source].entry.header)


def _shapes(weight: Weight) -> list[tuple[int, ...]]:
    """The vocabulary may be padded to a multiple of 64 (since 2025-12-09)."""
    shapes: list[tuple[int, ...]] = [(weight.rows, weight.columns)]
    if weight.source in (_EMBEDDING, _OUTPUT):
        shapes.append((-(-weight.rows // 64) * 64, weight.columns))
    return shapes


_EMBEDDING: Final = "transformer.wte.weight"
_OUTPUT: Final = "lm_head.weight"


def weights_of(config: Config) -> list[Weight]:
    """Every weight of the GGUF file, and what it is made of."""
    width, hidden, head = config.n_embd, 4 * config.n_embd, config.head_dim
    queries, keys = config.n_head * head, config.n_kv_head * head
    weights = [
        Weight("token_embd.weight", _EMBEDDING, config.vocab_size, width, change=normalised),
        Weight("output.weight", _OUTPUT, config.vocab_size, width),
    ]
    swap = half_swapper(head)
    for i in range(config.n_layer):
        block, layer = f"blk.{i}", f"transformer.h.{i}"
        weights += [
            Weight(f"{block}.attn_q.weight", f"{layer}.attn.c_q.weight", queries, width, head, swap),
            Weight(f"{block}.attn_k.weight", f"{layer}.attn.c_k.weight", keys, width, head, swap),
            Weight(f"{block}.attn_v.weight", f"{layer}.attn.c_v.weight", keys, width),
            Weight(f"{block}.attn_output.weight", f"{layer}.attn.c_proj.weight", width, queries),
            Weight(f"{block}.ffn_up.weight", f"{layer}.mlp.c_fc.weight", hidden, width),
            Weight(f"{block}.ffn_down.weight", f"{layer}.mlp.c_proj.weight", width, hidden),
        ]
    return weights


def ones(config: Config) -> dict[str, int]:
    """The norms that the original has without weights: name and length, all of them ones."""
    names = {"output_norm.weight": config.n_embd}
    for i in range(config.n_layer):
        names[f"blk.{i}.attn_norm.weight"] = config.n_embd
        names[f"blk.{i}.ffn_norm.weight"] = config.n_embd
        names[f"blk.{i}.attn_q_norm.weight"] = config.head_dim
        names[f"blk.{i}.attn_k_norm.weight"] = config.head_dim
    return names


def normalised(rows: Rows) -> Rows:
    """Each row divided by its root mean square."""
    mean = np.mean(np.square(rows, dtype=np.float64), axis=1, keepdims=True)
    folded: Rows = (rows / np.sqrt(mean + EPSILON)).astype(np.float32)
    return folded


def half_swapper(head_dim: int) -> Change:
    """Lets the two halves of each head's rows change places."""

    def swap(rows: Rows) -> Rows:
        halves = rows.reshape(-1, 2, head_dim // 2, rows.shape[1])
        return np.ascontiguousarray(halves[:, ::-1]).reshape(rows.shape)

    return swap
