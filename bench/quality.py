"""How far each type of file is from the original: KL divergence over a fixed text, on a real llama-server.

    python -m bench.quality CHECKPOINT_DIR --llama-server PATH

For each type: the checkpoint is converted, served, and asked for all probabilities after every token of the
text; they are compared with those of the F32 file. Then the softcap, which no file has: how far apart the
probabilities of the original and of a model without softcap are, in plain NumPy, at several temperatures.
Meant for small checkpoints. All figures are means over the text, in nats.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.fetcher.convert.llama_server import LlamaServer, running
from tests.fetcher.convert.reference import logits
from tests.fetcher.convert.weights import read_weights

TYPES: Final = ("f32", "bf16", "q8_0", "q4_k_m", "q4_k")
TEMPERATURES: Final = (0.6, 0.7, 0.75, 0.8, 1.0)
TEXT: Final = """\
The old harbour town wakes early. Boats come in before six, and by 7:30 the market is full of people who
want 2 or 3 fish and a story. "What year was the bridge built?" asks a child. In 1987, says her mother, the
same year as the school. To open a file in the editor, use the command and press Enter. Rust programs are
compiled: cargo build --release takes 12 seconds, cargo test another 34. The capital of Japan is Tokyo. What is
17 plus 25? It is 42. Blue is the color of the sky on a clear day, and of the sea when nobody looks.
"""

Values = NDArray[np.float64]


def log_softmax(values: Values) -> Values:
    shifted = values - values.max(axis=-1, keepdims=True)
    result: Values = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def divergence(p: Values, q: Values) -> float:
    """KL(p, q) of log-probabilities, the mean over positions."""
    return float((np.exp(p) * (p - q)).sum(axis=-1).mean())


def served(server: LlamaServer, ids: list[int], vocabulary: int) -> Values:
    """Log-probabilities of every token after each position, as the server computes them."""
    rows = np.empty((len(ids), vocabulary))
    for position in range(len(ids)):
        for token, value in server.logprobs(ids[: position + 1], vocabulary).items():
            rows[position, token] = value
    return rows


def measure_types(folder: Path, flags: Any, config: dict[str, int]) -> list[int]:
    """Print a row for each type; returns the ids of the text."""
    ids: list[int] = []
    exact: Values | None = None
    print("| type | bytes | KL to F32 | same likeliest token |\n|---|---|---|---|")
    for kind in TYPES:
        out = folder / f"{kind}.gguf"
        command = [sys.executable, "-m", "fetcher", "convert", str(flags.checkpoint), str(out), "--type", kind]
        environment = {"LLAMA_SERVER": str(flags.llama_server)}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        with running(flags.llama_server, out, folder / "log") as server:
            ids = ids or server.post("/tokenize", content=TEXT, add_special=True)["tokens"]
            found = served(server, ids, config["vocab_size"])
        exact = found if exact is None else exact
        same = (found.argmax(axis=-1) == exact.argmax(axis=-1)).mean()
        print(f"| {kind} | {out.stat().st_size:,} | {divergence(exact, found):.1e} | {same:.1%} |", flush=True)
    return ids


def measure_softcap(weights: dict[str, Values], config: dict[str, int], ids: list[int]) -> None:
    capped = logits(weights, config, ids)
    raw = logits(weights, config, ids, softcap=False)
    print(f"\nlargest logit: {raw.max():.1f} before the softcap, {capped.max():.1f} after\n")
    print("| original at | KL to raw at the same T | raw T that is nearest | KL there |\n|---|---|---|---|")
    for temperature in TEMPERATURES:
        original = log_softmax(capped / temperature)
        candidates = np.arange(temperature, temperature + 0.6, 0.01)
        distances = [divergence(original, log_softmax(raw / candidate)) for candidate in candidates]
        best = int(np.argmin(distances))
        print(f"| {temperature:.2f} | {distances[0]:.4f} | {candidates[best]:.2f} | {distances[best]:.4f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--llama-server", type=Path, required=True)
    flags = parser.parse_args()
    config, weights = read_weights(flags.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        ids = measure_types(Path(folder), flags, config)
    print(f"\n{len(ids)} tokens of text")
    measure_softcap(weights, config, ids)


if __name__ == "__main__":
    main()
