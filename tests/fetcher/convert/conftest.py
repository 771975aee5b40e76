"""Checkpoints to convert: the trained one among the test data, and made-up ones of other shapes."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.make_checkpoint import write_checkpoint
from fetcher.convert.conversion import Source, convert
from fetcher.convert.files import find_files
from fetcher.convert.quantise import RECIPES

TINY = Path(__file__).parents[2] / "data" / "nanochat-tiny"


def no_quantiser():
    raise AssertionError("this recipe needs no library")


@pytest.fixture
def tiny():
    return TINY


@pytest.fixture
def golden():
    return json.loads((TINY / "golden.json").read_text())


@pytest.fixture
def small(tmp_path):
    """A copy of a small checkpoint that a test may damage."""
    folder = tmp_path / "checkpoint"
    config = {"sequence_len": 64, "vocab_size": 320, "n_layer": 2, "n_head": 2, "n_kv_head": 1, "n_embd": 64}
    write_checkpoint(folder, config)
    return SimpleNamespace(
        folder=folder,
        config=config,
        model=folder / "model_000650.pt",
        meta=folder / "meta_000650.json",
        tokenizer=folder / "tokenizer.pkl",
    )


@pytest.fixture
def to_gguf(tmp_path):
    """Converts a checkpoint folder in the way the rest of the fetcher does."""

    def run(folder, kind="f32", find_quantiser=no_quantiser, report=lambda *_: None, out=None):
        source = Source(find_files(folder), "nanochat", "mit")
        return convert(source, out or tmp_path / f"{kind}.gguf", RECIPES[kind], find_quantiser, report)

    return run
