"""Which networks are taken for the nanochat that can be converted, and which are refused, by what shows it."""

import pytest

from bench.make_checkpoint import shapes
from fetcher.convert.archive import Entry
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.nanochat import plan_weights, read_config
from fetcher.convert.state_dict import Tensor

CONFIG = {"sequence_len": 2048, "vocab_size": 65500, "n_layer": 2, "n_head": 10, "n_kv_head": 5, "n_embd": 1280}


def entries_of(config, rows=None):
    """The table of contents of a checkpoint, without one."""
    found = shapes(config, rows).items()
    return {key: Tensor(shape, "f32", Entry(key, number, 0, 0)) for number, (key, shape) in enumerate(found)}


def tensors(rows=None):
    return entries_of(CONFIG, rows)


def plan(found):
    return plan_weights(read_config(CONFIG, "meta_000650.json"), found, "model_000650.pt")


@pytest.mark.parametrize("rows", [None, 65500, 65536])
def test_the_vocabulary_may_be_padded_to_a_multiple_of_64(rows):
    weights = plan(tensors(rows))
    assert {weight.rows for weight in weights if weight.source in ("lm_head.weight", "transformer.wte.weight")} == {
        65500
    }


@pytest.mark.parametrize("rows", [65499, 65501, 65600])
def test_any_other_number_of_rows_is_refused(rows):
    with pytest.raises(UnsupportedCheckpoint, match=r"'transformer\.wte\.weight' with the shape \[\d+, 1280\]"):
        plan(tensors(rows))


def test_weights_come_in_file_order():
    found = tensors()
    reverse = {key: Tensor(t.shape, "f32", Entry("", 1000 - t.entry.header, 0, 0)) for key, t in found.items()}
    assert [weight.source for weight in plan(reverse)] == list(reversed(found))


@pytest.mark.parametrize(
    "key",
    [
        "resid_lambdas",
        "x0_lambdas",
        "smear_gate.weight",
        "value_embeds.1.weight",
        "transformer.h.0.attn.ve_gate.weight",
        "transformer.h.2.attn.c_q.weight",
        "transformer.h.0.attn.c_q.bias",
    ],
)
def test_a_tensor_of_later_nanochats_is_named(key):
    with pytest.raises(UnsupportedCheckpoint, match=f"has a tensor '{key}': it is another network"):
        plan({**tensors(), key: Tensor((2,), "f32", Entry("", 0, 0, 0))})


@pytest.mark.parametrize("key", shapes(CONFIG))
def test_a_tensor_that_is_missing_or_misshapen_is_named(key):
    found = tensors()
    removed = found.pop(key)
    with pytest.raises(UnsupportedCheckpoint, match=f"lacks the tensor '{key}'"):
        plan(found)
    for shape in ((*removed.shape[::-1], 1), (removed.shape[0] + 1, removed.shape[1]), (removed.shape[0],), ()):
        with pytest.raises(UnsupportedCheckpoint, match=f"has '{key}' with the shape"):
            plan({**found, key: Tensor(shape, "f32", removed.entry)})


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"window_pattern": "SSSL"}, "'window_pattern'"),
        ({"n_layer": 0}, "'n_layer'"),
        ({"n_layer": True}, "'n_layer'"),
        ({"n_layer": 513}, "n_layer of 513"),
        ({"n_embd": "1280"}, "'n_embd'"),
        ({"n_embd": 1280.0}, "'n_embd'"),
        ({"n_embd": 1 << 40}, "'n_embd'"),
        ({"n_embd": -1280}, "'n_embd'"),
        ({"n_embd": 1270}, "n_embd that n_head does not divide"),
        ({"n_kv_head": 3}, "n_head that is no multiple of n_kv_head"),
        ({"n_kv_head": None}, "'n_kv_head'"),
    ],
)
def test_a_config_that_is_not_understood_is_refused(change, named):
    with pytest.raises(UnsupportedCheckpoint, match=f"meta.json has .*{named}"):
        read_config({**CONFIG, **change}, "meta.json")


@pytest.mark.parametrize("key", CONFIG)
def test_a_config_that_lacks_something_is_refused(key):
    with pytest.raises(UnsupportedCheckpoint, match=f"no usable '{key}'"):
        read_config({name: value for name, value in CONFIG.items() if name != key}, "meta.json")


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_no_config_is_refused(values):
    with pytest.raises(UnsupportedCheckpoint, match=r"meta\.json has no model_config"):
        read_config(values, "meta.json")
