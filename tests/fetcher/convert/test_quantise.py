"""Which type each tensor gets, and the encodings that are written here."""

import ctypes.util
from pathlib import Path

import numpy as np
import pytest

from bench.make_checkpoint import D20
from fetcher.convert.errors import NoQuantiser
from fetcher.convert.ggml import Ggml, find_ggml
from fetcher.convert.nanochat import plan_weights, read_config
from fetcher.convert.quantise import BF16, F16, F32, Q4_K, Q6_K, Q8_0, RECIPES, encode
from tests.fetcher.convert.reference import to_bfloat16
from tests.fetcher.convert.test_nanochat import entries_of


def types_of_d20(recipe):
    """By name, for the published network."""
    weights = plan_weights(read_config(D20, "meta"), entries_of(D20), "model")
    return {weight.name: (RECIPES[recipe].type_of(weight.name, 20, weight.columns), weight) for weight in weights}


def test_q4_k_m_is_llama_cpps_mix():
    """The layers are those that llama-quantize's use_more_bits picks out of 20."""
    types = types_of_d20("q4_k_m")
    better = {name for name, (kind, _) in types.items() if kind is Q6_K}
    layers = (0, 1, 4, 7, 10, 13, 16, 17, 18, 19)
    assert better == {"output.weight"} | {f"blk.{i}.{part}.weight" for i in layers for part in ("attn_v", "ffn_down")}
    assert {kind for name, (kind, _) in types.items() if name not in better} == {Q4_K}


@pytest.mark.parametrize(("recipe", "size"), [("q4_k_m", 358_302_720), ("q4_k", 315_555_840)])
def test_the_sizes_of_the_published_network(recipe, size):
    """Those of llama-quantize, whose files of 360,943,904 and 318,197,024 bytes hold a head and norms besides."""
    assert sum(kind.bytes_of(weight.rows, weight.columns) for kind, weight in types_of_d20(recipe).values()) == size


@pytest.mark.parametrize(
    ("recipe", "columns", "kind"),
    [
        ("q4_k", 256, Q4_K),
        ("q4_k", 128, Q8_0),
        ("q4_k_m", 288, Q8_0),
        ("q4_k_m", 48, F16),
        ("q8_0", 32, Q8_0),
        ("q8_0", 30, F16),
        ("bf16", 7, BF16),
        ("f32", 7, F32),
    ],
)
def test_rows_that_do_not_fit_a_types_blocks_get_the_next_finer_one(recipe, columns, kind):
    assert RECIPES[recipe].type_of("blk.3.attn_q.weight", 8, columns) is kind


def c_round(value):
    """C's roundf, one number at a time."""
    return int(np.sign(value) * np.floor(abs(float(value)) + 0.5))


def test_q8_0_is_a_scale_and_the_nearest_bytes():
    rows = np.random.default_rng(0).standard_normal((3, 64)).astype(np.float32)
    rows[0, :32] = np.arange(32, dtype=np.float32) - 15.5  # halves, which C rounds away from zero
    rows[0, 0] = 127
    rows[1, :32] = 0
    rows[2] *= np.float32(1e-12)  # a scale that float16 cannot hold
    blocks = encode(Q8_0, rows, None).reshape(6, 34)
    for block, values in zip(blocks, rows.reshape(6, 32), strict=True):
        scale = np.abs(values).max() / np.float32(127)
        assert block[:2].view("<f2")[0] == np.float16(scale)
        inverse = np.float32(1) / scale if np.float16(scale) else np.float32(0)
        assert list(block[2:].view(np.int8)) == [c_round(value * inverse) for value in values]


def test_bf16_is_rounded_to_the_nearest():
    rows = np.random.default_rng(0).standard_normal((4, 30)).astype(np.float32)
    rows[0, :2] = np.array([0x3F808000, 0x3F818000], np.uint32).view(np.float32)  # ties, to even
    found = (encode(BF16, rows, None).view("<u2").astype(np.uint32) << 16).view(np.float32)
    assert np.array_equal(found.reshape(4, 30), to_bfloat16(rows).reshape(4, 30))


def test_f16_and_f32_are_what_they_are():
    rows = np.random.default_rng(0).standard_normal((4, 30)).astype(np.float32)
    assert encode(F32, rows, None).tobytes() == rows.tobytes()
    assert encode(F16, rows, None).tobytes() == rows.astype(np.float16).tobytes()


def test_no_library_says_what_to_do(tmp_path):
    with pytest.raises(NoQuantiser, match=r"--libggml PATH.*LLAMA_SERVER=PATH.*--type q8_0"):
        find_ggml(None, {"PATH": str(tmp_path)}, tmp_path)


def test_a_named_library_that_is_none_is_refused(tmp_path):
    other = tmp_path / "libggml-base.so"
    with pytest.raises(NoQuantiser, match=r"libggml-base\.so cannot be used to quantise"):
        find_ggml(str(other), {}, None)
    other.write_bytes(b"no library")
    with pytest.raises(NoQuantiser, match=r"libggml-base\.so cannot be used to quantise"):
        find_ggml(None, {"LIBGGML": str(other)}, None)


def test_another_library_is_refused():
    other = ctypes.util.find_library("m")
    if other is None:
        pytest.skip("no C library found by name")
    with pytest.raises(NoQuantiser, match="cannot be used to quantise"):
        Ggml(Path(other))


@pytest.mark.parametrize("place", ["beside", "lib", "path", "cache"])
def test_where_a_library_is_looked_for(place, tmp_path):
    """An empty file at each place: that it is found shows in the refusal, which names it."""
    folders = {"beside": "bin", "lib": "lib", "path": "bin", "cache": "cache/llama/b1/bin"}
    library = tmp_path / folders[place] / "libggml-base.so"
    library.parent.mkdir(parents=True)
    library.touch()
    server = tmp_path / "bin" / "llama-server"
    server.parent.mkdir(exist_ok=True)
    server.touch(mode=0o755)
    environ = {"PATH": str(server.parent if place == "path" else tmp_path)}
    if place in ("beside", "lib"):
        environ["LLAMA_SERVER"] = str(server)
    with pytest.raises(NoQuantiser, match=f"^{library} cannot"):
        find_ggml(None, environ, tmp_path / "cache" if place == "cache" else None)
