"""The stream of weights: the same bytes however it is cut, and memory that does not grow with the model."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.make_checkpoint import write_checkpoint
from fetcher.convert import stream
from fetcher.convert.checkpoint import Checkpoint
from fetcher.convert.nanochat import plan_weights, read_config
from fetcher.convert.quantise import RECIPES
from tests.fetcher.convert.conftest import no_quantiser
from tests.fetcher.convert.weights import read_weights

ROOT = Path(__file__).parents[3]


def streamed(folder, threads):
    config = read_config(read_weights(folder)[0], "meta")
    with Checkpoint(folder / "model_000650.pt") as checkpoint:
        weights = plan_weights(config, checkpoint.tensors, "model")
        found = stream.WeightStream(checkpoint, config, weights, RECIPES["q8_0"], no_quantiser)
        data = b"".join(found.chunks(lambda *_: None, threads))
        assert len(data) == found.size
        return data


@pytest.mark.parametrize("block", [1, 10_000, 100_000])
@pytest.mark.parametrize("threads", [1, 5])
def test_the_bytes_do_not_depend_on_blocks_or_threads(block, threads, tiny, monkeypatch):
    whole = streamed(tiny, 1)
    monkeypatch.setattr(stream, "MAX_BLOCK", block)
    assert streamed(tiny, threads) == whole


def test_memory_does_not_grow_with_the_model(tmp_path):
    """A model of 302 MB in 250: the interpreter and NumPy included."""
    config = {"sequence_len": 8, "vocab_size": 320, "n_layer": 6, "n_head": 8, "n_kv_head": 8, "n_embd": 1024}
    write_checkpoint(tmp_path / "checkpoint", config)
    assert (tmp_path / "checkpoint" / "model_000650.pt").stat().st_size > 302e6
    # Linux counts what the parent had before exec as the child's: so the parent is a small process, not this one.
    measure = (
        "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode; "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
    )
    command = [sys.executable, "-m", "fetcher", "convert", str(tmp_path / "checkpoint"), str(tmp_path / "x.gguf")]
    done = subprocess.run(
        [sys.executable, "-c", measure, *command, "--type", "q8_0"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    assert int(done.stdout) * (1 if sys.platform == "darwin" else 1024) < 250e6
