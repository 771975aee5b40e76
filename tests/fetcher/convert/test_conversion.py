"""From the files of a checkpoint to the bytes of a GGUF file."""

import hashlib
import json
import os

import numpy as np
import pytest

from bench.make_checkpoint import write_checkpoint
from fetcher import atomic
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.errors import DiskFull
from fetcher.gguf_header import read_header
from tests.fetcher.convert.gguf_reader import read_gguf
from tests.fetcher.convert.weights import read_weights


def heads_swapped(weight, head):
    """Row by row, as the description says it: row r of a head goes to the other half."""
    swapped = np.empty_like(weight)
    for row in range(len(weight)):
        within = row % head
        swapped[row - within + (within + head // 2) % head] = weight[row]
    return swapped


SHAPES = {
    "published": {"sequence_len": 64, "vocab_size": 320, "n_layer": 2, "n_head": 2, "n_kv_head": 2, "n_embd": 64},
    "grouped heads": {"sequence_len": 64, "vocab_size": 320, "n_layer": 1, "n_head": 6, "n_kv_head": 2, "n_embd": 96},
    "odd width": {"sequence_len": 8, "vocab_size": 301, "n_layer": 1, "n_head": 3, "n_kv_head": 1, "n_embd": 30},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("padded", [False, True])
def test_every_tensor_holds_what_the_mapping_says(shape, padded, tmp_path, to_gguf):
    config = SHAPES[shape]
    rows = -(-config["vocab_size"] // 64) * 64 if padded else None
    write_checkpoint(tmp_path / "checkpoint", config, rows_of_vocabulary=rows)
    _, weights = read_weights(tmp_path / "checkpoint")
    found = {name: tensor.values() for name, tensor in read_gguf(to_gguf(tmp_path / "checkpoint").path).tensors.items()}

    width, head = config["n_embd"], config["n_embd"] // config["n_head"]
    wte = weights["transformer.wte.weight"][: config["vocab_size"]]
    folded = wte / np.sqrt((wte**2).mean(axis=1, keepdims=True) + 1.1920929e-07)
    expected = {
        "token_embd.weight": folded,
        "output.weight": weights["lm_head.weight"][: config["vocab_size"]],
        "output_norm.weight": np.ones(width),
    }
    for i in range(config["n_layer"]):
        theirs, ours = f"transformer.h.{i}", f"blk.{i}"
        expected |= {
            f"{ours}.attn_norm.weight": np.ones(width),
            f"{ours}.ffn_norm.weight": np.ones(width),
            f"{ours}.attn_q_norm.weight": np.ones(head),
            f"{ours}.attn_k_norm.weight": np.ones(head),
            f"{ours}.attn_q.weight": heads_swapped(weights[f"{theirs}.attn.c_q.weight"], head),
            f"{ours}.attn_k.weight": heads_swapped(weights[f"{theirs}.attn.c_k.weight"], head),
            f"{ours}.attn_v.weight": weights[f"{theirs}.attn.c_v.weight"],
            f"{ours}.attn_output.weight": weights[f"{theirs}.attn.c_proj.weight"],
            f"{ours}.ffn_up.weight": weights[f"{theirs}.mlp.c_fc.weight"],
            f"{ours}.ffn_down.weight": weights[f"{theirs}.mlp.c_proj.weight"],
        }
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert np.array_equal(found[name], values.astype(np.float32)), name


def test_the_keys_are_those_that_llama_cpp_reads(tiny, to_gguf):
    gguf = read_gguf(to_gguf(tiny).path)
    keys, kinds = gguf.keys, gguf.kinds
    tokens, merges = keys.pop("tokenizer.ggml.tokens"), keys.pop("tokenizer.ggml.merges")
    types, template = keys.pop("tokenizer.ggml.token_type"), keys.pop("tokenizer.chat_template")
    assert {key: pytest.approx(value) for key, value in keys.items()} == {
        "general.architecture": "apertus",
        "general.type": "model",
        "general.name": "nanochat",
        "general.license": "mit",
        "general.file_type": 0,
        "general.quantization_version": 2,
        "general.sampling.temp": 0.7,
        "general.sampling.top_k": 50,
        "general.sampling.top_p": 1.0,
        "general.sampling.min_p": 0.0,
        "apertus.context_length": 1024,
        "apertus.embedding_length": 128,
        "apertus.block_count": 2,
        "apertus.feed_forward_length": 512,
        "apertus.attention.head_count": 2,
        "apertus.attention.head_count_kv": 2,
        "apertus.attention.layer_norm_rms_epsilon": 1.1920929e-07,
        "apertus.rope.dimension_count": 64,
        "apertus.rope.freq_base": 10000.0,
        "apertus.vocab_size": 640,
        "xielu.alpha_p": [0.5413249135] * 2,
        "xielu.alpha_n": [-100.0] * 2,
        "xielu.beta": [0.0] * 2,
        "xielu.eps": [-1e-6] * 2,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe",
        "tokenizer.ggml.bos_token_id": 631,
        "tokenizer.ggml.eos_token_id": 635,
        "tokenizer.ggml.eot_token_id": 635,
        "tokenizer.ggml.eom_token_id": 631,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_eos_token": False,
    }
    assert kinds["general.file_type"] == 4
    assert kinds["xielu.alpha_p"] == (9, 6)
    assert kinds["tokenizer.ggml.add_bos_token"] == 7
    assert kinds["tokenizer.ggml.token_type"] == (9, 5)
    assert (len(tokens), len(types), len(merges)) == (640, 640, 631 - 256)
    assert template.count("<|bos|>") == 1


def test_the_result_describes_the_file(tiny, to_gguf):
    converted = to_gguf(tiny, "bf16")
    data = converted.path.read_bytes()
    assert converted.size == len(data)
    assert converted.sha256 == hashlib.sha256(data).hexdigest()
    assert (converted.quantization, converted.architecture) == ("BF16", "apertus")
    assert (converted.parameters, converted.context_length) == (557_056, 1024)
    assert converted.tokenization["digit_separator"] == "\x01"
    assert converted.tokenization["digits_per_group"] == 2
    assert "<|assistant_end|>" in converted.tokenization["special_tokens"]
    header = read_header(converted.path)
    assert (header.architecture, header.context_length, header.quantization) == ("apertus", 1024, "BF16")


def test_the_same_checkpoint_gives_the_same_bytes(tiny, to_gguf, tmp_path):
    assert to_gguf(tiny, "q8_0", out=tmp_path / "a").sha256 == to_gguf(tiny, "q8_0", out=tmp_path / "b").sha256


def test_progress_counts_the_bytes_of_the_checkpoint_and_names_each_tensor(tiny, to_gguf):
    reports = []
    to_gguf(tiny, report=lambda *report: reports.append(report))
    done, totals, names = zip(*reports, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]} == {557_056 * 4 - 640 * 128 * 2}
    assert len(set(names)) == 14


class Stopped(BaseException):
    """As a signal ends a fetch."""


def test_a_conversion_that_is_interrupted_leaves_nothing(tiny, to_gguf, tmp_path):
    def stop(done, total, _name):
        if done > total // 2:
            raise Stopped

    with pytest.raises(Stopped):
        to_gguf(tiny, report=stop, out=tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_conversion_that_fails_leaves_what_was_there(small, to_gguf, tmp_path):
    out = tmp_path / "model.gguf"
    out.write_text("the old one")
    damaged = bytearray(small.model.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    small.model.write_bytes(damaged)
    with pytest.raises(UnsupportedCheckpoint, match=r"is damaged: the checksum of \S+ differs"):
        to_gguf(small.folder, out=out)
    assert out.read_text() == "the old one"
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint", "model.gguf"}


def test_too_small_a_disk_is_said_before_anything_is_written(tiny, to_gguf, tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "free_space", lambda folder: 1000)
    with pytest.raises(DiskFull, match="converted model of 2 MB"):
        to_gguf(tiny, out=tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_is_told_as_such(tiny, to_gguf, tmp_path):
    full = tmp_path / "model.gguf.converting"
    full.symlink_to("/dev/full")
    if not os.access("/dev/full", os.W_OK):
        pytest.skip("there is no /dev/full here")
    with pytest.raises(DiskFull, match="not enough room"):
        to_gguf(tiny, out=tmp_path / "model.gguf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_weights_that_are_no_numbers_are_refused(value, tmp_path, to_gguf):
    from bench.make_checkpoint import random_tensors, write_model

    config = SHAPES["published"]
    write_checkpoint(tmp_path / "checkpoint", config)
    tensors = random_tensors(config, silent=set(), seed=0)
    blocks = tensors[3].blocks

    def spoiled():
        for rows in blocks():
            rows[5, 7] = value
            yield rows

    tensors[3] = type(tensors[3])(tensors[3].key, tensors[3].shape, spoiled)
    write_model(tmp_path / "checkpoint" / "model_000650.pt", tensors)
    with pytest.raises(UnsupportedCheckpoint, match=r"transformer\.h\.0\.attn\.c_v\.weight holds values"):
        to_gguf(tmp_path / "checkpoint")


def test_a_tokenizer_of_another_size_than_the_network_is_refused(small, to_gguf):
    small.meta.write_text(json.dumps({"model_config": {**small.config, "vocab_size": 321}}))
    with pytest.raises(UnsupportedCheckpoint, match=r"has 320 tokens, and meta_000650\.json a vocab_size of 321"):
        to_gguf(small.folder)


@pytest.mark.parametrize("meta", ["", "[1]", "{}", '{"model_config": 3}', "[" * 100_000, "null", '{"a": 1' * 9])
def test_a_meta_file_that_says_nothing_is_refused(meta, small, to_gguf):
    small.meta.write_text(meta)
    with pytest.raises(UnsupportedCheckpoint, match=r"meta_000650\.json"):
        to_gguf(small.folder)
