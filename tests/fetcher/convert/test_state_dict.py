"""The table of contents of a `.pt` file, of good files and of hostile ones."""

import struct
import zipfile

import pytest

from bench.make_checkpoint import Shaped, random_tensors, state_dict_pickle
from fetcher.convert import archive
from fetcher.convert.checkpoint import Checkpoint
from fetcher.convert.errors import UnsupportedCheckpoint

CONFIG = {"sequence_len": 8, "vocab_size": 300, "n_layer": 1, "n_head": 1, "n_kv_head": 1, "n_embd": 2}
TENSORS = random_tensors(CONFIG, silent=set(), seed=0)


def good_parts(root="model_000650"):
    parts = {f"{root}/data.pkl": state_dict_pickle(TENSORS), f"{root}/byteorder": b"little"}
    parts |= {f"{root}/data/{number}": bytes(tensor.size) for number, tensor in enumerate(TENSORS)}
    return parts


@pytest.fixture
def write(tmp_path):
    def run(parts, compression=zipfile.ZIP_STORED):
        path = tmp_path / "model_000650.pt"
        with zipfile.ZipFile(path, "w", compression) as file:
            for name, data in parts.items():
                file.writestr(name, data)
        return path

    return run


def refused(path, reason):
    with pytest.raises(UnsupportedCheckpoint, match=reason):
        Checkpoint(path)


@pytest.mark.parametrize("root", ["model_000650", "archive"])
def test_a_state_dict_is_read(write, root):
    with Checkpoint(write(good_parts(root))) as checkpoint:
        assert {key: tensor.shape for key, tensor in checkpoint.tensors.items()} == {
            tensor.key: tensor.shape for tensor in TENSORS
        }
        assert sum(map(len, checkpoint.blocks("lm_head.weight", 7))) == 300 * 2 * 4


def test_the_prefix_of_torch_compile_is_taken_off(write):
    parts = good_parts()
    compiled = [Shaped(f"_orig_mod.{tensor.key}", tensor.shape, tensor.blocks) for tensor in TENSORS]
    data = state_dict_pickle(compiled).replace(b"FloatStorage", b"BFloat16Storage", 1)  # wte comes first
    parts["model_000650/data.pkl"] = data
    with Checkpoint(write(parts)) as checkpoint:
        assert list(checkpoint.tensors) == [tensor.key for tensor in TENSORS]


def test_the_published_alignment_and_flags_are_read(tiny):
    with Checkpoint(tiny / "model_000650.pt") as checkpoint:
        assert len(checkpoint.tensors) == 14
        for key in checkpoint.tensors:
            for _ in checkpoint.blocks(key, 100):
                pass  # raises when a checksum differs


@pytest.mark.parametrize("cut", [1, 21, 22, 100, 3000, 10**9])
def test_a_truncated_file_is_refused(write, cut):
    path = write(good_parts())
    data = path.read_bytes()
    path.write_bytes(data[: max(0, len(data) - cut)])
    refused(path, "it is not a whole PyTorch checkpoint")


@pytest.mark.parametrize("content", [b"", b"PK", b"GGUF" * 100, b"\0" * 4096])
def test_something_else_is_refused(tmp_path, content):
    path = tmp_path / "model_000650.pt"
    path.write_bytes(content)
    refused(path, "it is not a whole PyTorch checkpoint")


def test_a_zip_bomb_is_refused_unopened(write):
    parts = good_parts()
    parts["model_000650/data.pkl"] = bytes(100_000_000)
    refused(write(parts, zipfile.ZIP_DEFLATED), "compressed or encrypted entry")


def test_a_large_data_pkl_is_refused_unread(write):
    refused(write({"a/data.pkl": bytes(2 << 20)}), "a data.pkl of 2,097,152 bytes")


def test_many_entries_are_refused(write, monkeypatch):
    monkeypatch.setattr(archive, "MAX_ENTRIES", 5)
    refused(write(good_parts()), "claims 10 entries")


def test_an_entry_that_is_missing_is_named(write):
    parts = good_parts()
    del parts["model_000650/data/3"]
    refused(write(parts), "lacks the data of a tensor .entry '3'.")


def test_a_tensor_whose_data_has_another_size_is_refused(write):
    parts = good_parts()
    parts["model_000650/data/3"] += b"\0\0\0\0"
    refused(write(parts), "data .entry '3'. has the wrong size")


def test_no_data_pkl_or_two_are_refused(write):
    refused(write({"a/data/0": b""}), r"has no data\.pkl")
    refused(write({"a/data.pkl": b"", "b/data.pkl": b""}), r"has no data\.pkl")


def test_another_byte_order_is_refused(write):
    refused(write({**good_parts(), "model_000650/byteorder": b"big"}), "not little-endian")


def central(path, name):
    """Where the directory's record of an entry begins."""
    data = path.read_bytes()
    at = data.find(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(name)] != name.encode():
        at = data.find(b"PK\x01\x02", at + 1)
    return at


def patch(path, at, layout, *values):
    data = bytearray(path.read_bytes())
    struct.pack_into(layout, data, at, *values)
    path.write_bytes(data)


def test_overlapping_entries_are_refused(write):
    path = write(good_parts())
    first, second = central(path, "model_000650/data/0"), central(path, "model_000650/data/1")
    (size,) = struct.unpack_from("<L", path.read_bytes(), second + 24)
    patch(path, first + 20, "<LL", 1200 + size, 1200 + size)
    refused(path, "overlapping entries")


def test_two_records_of_one_entry_are_refused(write):
    path = write({**good_parts(), "model_000650/data/X": b"abcd"})
    data = path.read_bytes().replace(b"model_000650/data/X", b"model_000650/data/1")
    path.write_bytes(data)
    refused(path, "two entries of one name")


def test_an_entry_outside_the_file_is_refused(write):
    path = write(good_parts())
    patch(path, central(path, "model_000650/data/0") + 42, "<L", 0x7FFFFFFF)
    refused(path, "reaches past its end")


def test_an_entry_of_two_sizes_is_refused(write):
    path = write(good_parts())
    patch(path, central(path, "model_000650/data/0") + 20, "<L", 8)
    refused(path, "impossible size")


def test_an_entry_that_reaches_into_the_directory_is_refused(write):
    path = write({"a/data.pkl": b"N.", "a/data/0": b"1234"})
    patch(path, central(path, "a/data/0") + 20, "<LL", 100_000, 100_000)
    refused(path, "reaches past its end")


def test_a_local_header_that_says_otherwise_is_refused(write):
    path = write(good_parts())
    data = path.read_bytes()
    patch(path, data.find(b"model_000650/data/0"), "<c", b"M")
    refused(path, "contradicts its directory")


def test_a_directory_outside_the_file_is_refused(write):
    path = write(good_parts())
    patch(path, path.stat().st_size - 22 + 16, "<L", 0x7FFFFFFF)
    refused(path, "is cut off")


def test_a_file_of_more_than_four_gigabytes_is_read(tmp_path):
    """The zip64 records, in a file that is mostly a hole."""
    path = tmp_path / "model_000650.pt"
    hole = 5 << 30
    with path.open("wb") as file, zipfile.ZipFile(file, "w") as written:
        written.writestr("model_000650/data/99", b"before the hole")
        file.seek(hole)
        written.start_dir = hole
        for name, data in good_parts().items():
            written.writestr(name, data)
    assert path.stat().st_size > hole
    with Checkpoint(path) as checkpoint:
        assert checkpoint.tensors["lm_head.weight"].entry.header > hole
        assert sum(map(len, checkpoint.blocks("lm_head.weight", 64))) == 300 * 2 * 4


PICKLE = state_dict_pickle(TENSORS)
ODD = {
    "another type": (b"ctorch\nFloatStorage", b"ctorch\nHalfStorage", "asks for 'torch.HalfStorage'"),
    "a parameter": (b"_rebuild_tensor_v2", b"_rebuild_parameter", "asks for 'torch._utils._rebuild_parameter'"),
    "a part of another tensor": (b"tQJ\x00\x00\x00\x00", b"tQJ\x01\x00\x00\x00", "part of another"),
    "a storage shared by two": (b"X\x01\x00\x00\x002", b"X\x01\x00\x00\x001", "two tensors that share"),
    "columns first": (
        b"t(J\x02\x00\x00\x00J\x01\x00\x00\x00",
        b"t(J\x01\x00\x00\x00J\x02\x00\x00\x00",
        "not row-major",
    ),
    "a negative size": (b"(J\x2c\x01\x00\x00", b"(J\x2c\x01\x00\xff", "odd shape"),
    "another shape": (b"(J\x2c\x01\x00\x00", b"(J\x2d\x01\x00\x00", "wrong size"),
    "another number of items": (b"J\x58\x02\x00\x00tQ", b"J\x59\x02\x00\x00tQ", "wrong size"),
    "an odd persistent id": (b"storage", b"garbage", "another type"),
    "a tensor under a name that is none": (b"\x89", b"N", "part of another"),
    "another thing than a state dict": (PICKLE, b"\x80\x02K\x01.", "something else than a state dict"),
    "a number among the tensors": (b"u}", b"X\x01\x00\x00\x00aK\x01u}", "holds 'a', not a tensor"),
}


@pytest.mark.parametrize("name", ODD)
def test_a_tensor_that_is_not_plain_is_refused(name, write):
    old, new, reason = ODD[name]
    assert old in PICKLE
    refused(write({**good_parts(), "model_000650/data.pkl": PICKLE.replace(old, new, 1)}), reason)
