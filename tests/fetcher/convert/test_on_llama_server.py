"""The converted model on an unmodified llama-server, against the original's answers and the NumPy reference."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest

from bench.make_checkpoint import write_checkpoint
from fetcher.convert.ggml import find_ggml
from fetcher.convert.quantise import BF16, F16, Q8_0, encode
from tests.fetcher.convert.llama_server import find_llama_server, running
from tests.fetcher.convert.reference import is_greedy, logits
from tests.fetcher.convert.weights import read_weights

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300), pytest.mark.xdist_group("llama-server")]

TOLERANCE = 0.01
"""The original rounds cos and sin to bfloat16, llama.cpp does not."""


@pytest.fixture(scope="session")
def program():
    return find_llama_server()


@pytest.fixture
def ggml(program):
    return find_ggml(None, {"LLAMA_SERVER": str(program)}, None)


def golden_folders():
    named = os.environ.get("NANOCHAT_DEV")
    return [Path(__file__).parents[2] / "data" / "nanochat-tiny", *([Path(named)] if named else [])]


def separated(text):
    """What the proxy does to the text of a message: U+0001 after every second digit of a number."""
    return re.sub("[0-9]{2}(?=[0-9])", lambda match: match[0] + "\x01", text)


def chat_ids(server, messages):
    """The ids of a conversation as the server would see them, the beginning added by the tokenizer."""
    prepared = [{**message, "content": separated(message["content"])} for message in messages]
    prompt = server.post("/apply-template", messages=prepared)["prompt"]
    return server.post("/tokenize", content=prompt, add_special=True, parse_special=True)["tokens"]


def differences(found, ids, expected):
    """Between two sets of logits, of which one is known only up to a constant."""
    offsets = np.array([found[token] for token in ids]) - expected
    return offsets.max() - offsets.min()


@pytest.mark.parametrize("folder", golden_folders(), ids=lambda folder: folder.name)
def test_greedy_text_and_logits_are_those_of_the_original(folder, program, to_gguf, tmp_path):
    golden = json.loads((folder / "golden.json").read_text())
    with running(program, to_gguf(folder).path, tmp_path / "log") as server:
        for item in golden["items"]:
            stop = item["stop_index"]
            expected = item["greedy_ids"][:stop]
            ids, ended = server.greedy(item["prompt_ids"], len(item["greedy_ids"]))
            assert ids[: len(expected)] == expected, item["prompt"]
            assert ended == (stop is not None)
            found = server.logprobs(item["prompt_ids"], 20)
            assert differences(found, item["top10_ids"], item["top10_raw_logits"]) < TOLERANCE
            if isinstance(item["prompt"], dict):
                assert chat_ids(server, item["prompt"]["messages"]) == item["prompt_ids"]


@pytest.mark.parametrize("kind", ["q8_0", "q4_k_m", "q4_k", "bf16"])
@pytest.mark.parametrize("folder", golden_folders(), ids=lambda folder: folder.name)
def test_quantised_files_load_and_answer_the_conversations_alike(folder, kind, program, ggml, to_gguf, tmp_path):
    golden = json.loads((folder / "golden.json").read_text())
    converted = to_gguf(folder, kind, lambda: ggml)
    with running(program, converted.path, tmp_path / "log") as server:
        for item in golden["items"]:
            if isinstance(item["prompt"], dict):  # the likeliest tokens of these are well ahead of the next
                ids, _ = server.greedy(item["prompt_ids"], len(item["greedy_ids"]))
                assert ids[: item["stop_index"]] == item["greedy_ids"][: item["stop_index"]]


SHAPES = {
    "grouped heads": ((320, 2, 8, 2, 256), None),
    "one key head": ((320, 3, 4, 1, 128), None),
    "padded vocabulary": ((301, 2, 2, 2, 128), 320),
    "odd width": ((333, 2, 3, 3, 150), None),
    "narrow heads": ((320, 2, 12, 4, 96), None),
    "deep": ((290, 24, 2, 1, 64), None),
}


@pytest.mark.parametrize("name", SHAPES)
def test_other_shapes_give_the_function_of_the_original(name, program, to_gguf, tmp_path):
    (vocabulary, layers, heads, kv_heads, width), rows = SHAPES[name]
    config = {"sequence_len": 256, "vocab_size": vocabulary, "n_layer": layers, "n_head": heads}
    config |= {"n_kv_head": kv_heads, "n_embd": width}
    write_checkpoint(tmp_path / "checkpoint", config, seed=7, rows_of_vocabulary=rows)
    _, weights = read_weights(tmp_path / "checkpoint")
    random = np.random.default_rng(3)
    with running(program, to_gguf(tmp_path / "checkpoint").path, tmp_path / "log", 256) as server:
        for length in (1, 2, 9, 60):
            prompt = [int(token) for token in random.integers(0, vocabulary, length)]
            expected = logits(weights, config, prompt, rounded=False, softcap=False)[-1]
            found = server.logprobs(prompt, vocabulary)
            assert len(found) == vocabulary
            assert differences(found, range(vocabulary), expected) < 2e-3
            ids, _ = server.greedy(prompt, 24)
            assert len(ids) == 24
            assert is_greedy(weights, config, prompt, ids, slack=TOLERANCE)


def test_our_own_encodings_are_ggmls_byte_for_byte(ggml):
    random = np.random.default_rng(1)
    rows = random.standard_normal((64, 96), np.float32) * random.choice(np.array([1e-3, 1, 50], np.float32), (64, 1))
    rows[3] = 0
    rows[4, ::2] = np.float32(127)
    rows[4, 1::2] = np.arange(48, dtype=np.float32) - 23.5  # halves, which C rounds away from zero
    for kind in (Q8_0, BF16, F16):
        expected = ggml.encode(kind.number, rows, kind.bytes_of(*rows.shape))
        assert np.array_equal(encode(kind, rows, None), expected), kind.name
