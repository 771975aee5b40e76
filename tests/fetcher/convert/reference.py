"""The original's function, written down once more in plain NumPy: what every conversion is compared with.

After karpathy/nanochat, nanochat/gpt.py of October 2025. It shares no line with the converter.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[np.float64]]
Config = Mapping[str, int]


def norm(x):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1.1920929e-07)


def to_bfloat16(x):
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16 << 16).astype(np.uint32).view(np.float32)


def rotate(x, *, rounded):
    """Rotary embedding of [positions, heads, width], of nanochat's sign; the original rounds cos and sin."""
    positions, _, width = x.shape
    angles = np.outer(np.arange(positions), 10000.0 ** (-np.arange(0, width, 2) / width))
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    if rounded:
        cos, sin = to_bfloat16(cos), to_bfloat16(sin)
    first, second = x[..., : width // 2], x[..., width // 2 :]
    return np.concatenate([first * cos + second * sin, second * cos - first * sin], axis=-1)


def logits(
    weights: Weights, config: Config, ids: Sequence[int], *, rounded: bool = True, softcap: bool = True
) -> NDArray[np.float64]:
    """[positions, vocabulary] for the token ids. `weights` are by state-dict key."""
    heads, kv_heads = config["n_head"], config["n_kv_head"]
    width = config["n_embd"] // heads
    x = norm(weights["transformer.wte.weight"][ids].astype(np.float64))
    causal = np.triu(np.full((len(ids), len(ids)), -np.inf), 1)
    for i in range(config["n_layer"]):
        layer = f"transformer.h.{i}"
        y = norm(x)
        q, k, v = (
            (y @ weights[f"{layer}.attn.c_{part}.weight"].T).reshape(len(ids), count, width)
            for part, count in (("q", heads), ("k", kv_heads), ("v", kv_heads))
        )
        q, k = norm(rotate(q, rounded=rounded)), norm(rotate(k, rounded=rounded))
        k, v = (np.repeat(part, heads // kv_heads, axis=1) for part in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(width) + causal
        attention = np.exp(scores - scores.max(axis=-1, keepdims=True))
        attention /= attention.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", attention, v).reshape(len(ids), -1)
        x = x + mixed @ weights[f"{layer}.attn.c_proj.weight"].T
        hidden = np.maximum(norm(x) @ weights[f"{layer}.mlp.c_fc.weight"].T, 0) ** 2
        x = x + hidden @ weights[f"{layer}.mlp.c_proj.weight"].T
    raw = norm(x) @ weights["lm_head.weight"][: config["vocab_size"]].T
    found: NDArray[np.float64] = 15 * np.tanh(raw / 15) if softcap else raw
    return found


def is_greedy(
    weights: Weights, config: Config, prompt: Sequence[int], answer: Sequence[int], slack: float = 0.0
) -> bool:
    """Is each token of `answer` the most likely one after the prompt and the tokens before it?

    In one pass, instead of generating. `slack` is how far a logit may be below the largest.
    """
    found = logits(weights, config, [*prompt, *answer])[len(prompt) - 1 : -1]
    chosen = np.take_along_axis(found, np.array(answer)[:, None], axis=-1)[:, 0]
    return bool((chosen >= found.max(axis=-1) - slack).all())
