"""The header reader on good files, on damaged ones, and on hostile ones."""

import random
import struct
from pathlib import Path

import pytest

from fetcher.errors import Unusable
from fetcher.gguf_header import read_header
from tests.fetcher.tiny_gguf import pair, text, tiny_gguf


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    return path


def test_the_header_tells_what_the_manifest_needs(tmp_path: Path) -> None:
    header = read_header(written(tmp_path, tiny_gguf()))
    assert header.architecture == "llama"
    assert header.context_length == 2048
    assert header.quantization == "Q4_K_M"
    assert header.parameters == 64 * 32


def test_what_the_header_does_not_tell_is_none(tmp_path: Path) -> None:
    header = read_header(written(tmp_path, tiny_gguf(general__architecture="odd", general__file_type=999)))
    assert (header.context_length, header.quantization) == (None, None)


def test_version_2_is_read_too(tmp_path: Path) -> None:
    assert read_header(written(tmp_path, tiny_gguf(version=2))).architecture == "llama"


def raw(pairs: int, tensors: int, rest: bytes) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, pairs) + rest


HUGE = 2**63
HOSTILE = {
    "empty": (b"", "is not a GGUF file"),
    "a web page": (b"<!DOCTYPE html><html></html>", "is not a GGUF file"),
    "a version of the future": (tiny_gguf(version=4), "GGUF version 4"),
    "the other byte order": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "GGUF version 50331648"),
    "ends after the magic": (b"GGUF", "cut off or damaged"),
    "countless pairs": (raw(HUGE, 0, b""), "which no model has"),
    "countless tensors": (raw(0, HUGE, b""), "which no model has"),
    "an endless key": (raw(1, 0, struct.pack("<Q", HUGE)), "has a name of"),
    "a long key": (raw(1, 0, struct.pack("<Q", 60_000)), "cut off or damaged"),
    "an endless string": (raw(1, 0, text("k") + struct.pack("<IQ", 8, HUGE)), "cut off or damaged"),
    "an endless array": (raw(1, 0, text("k") + struct.pack("<IIQ", 9, 4, HUGE)), "cut off or damaged"),
    "endless strings": (raw(1, 0, text("k") + struct.pack("<IIQ", 9, 8, HUGE)), "claims an array of"),
    "arrays of arrays": (raw(1, 0, text("k") + struct.pack("<IIQ", 9, 9, 1)), "nested arrays"),
    "an unknown type": (raw(1, 0, text("k") + struct.pack("<I", 77)), "unknown type 77"),
    "many dimensions": (raw(0, 1, text("t") + struct.pack("<I", 2**31)), "dimensions"),
    "a tensor beyond the end": (
        raw(1, 1, pair("general.architecture", "x") + text("t") + struct.pack("<IQIQ", 1, 4, 0, 10**9)),
        "ends before its tensors",
    ),
    "one part of a split model": (tiny_gguf(split__count=3), "one part of a model split into 3"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_whole_model_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = HOSTILE[name]
    with pytest.raises(Unusable, match=reason) as caught:
        read_header(written(tmp_path, content))
    assert caught.value.exit_code == 8


def test_no_truncation_and_no_flipped_bytes_end_in_anything_but_an_answer_or_a_refusal(tmp_path: Path) -> None:
    good = tiny_gguf(650)
    chance = random.Random(3)
    for length in range(len(good) - 350):
        with pytest.raises(Unusable):
            read_header(written(tmp_path, good[:length]))
    for _ in range(500):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            damaged[chance.randrange(300)] = chance.randrange(256)
        try:
            read_header(written(tmp_path, bytes(damaged)))
        except Unusable as refusal:
            assert "m.gguf" in refusal.message  # noqa: PT017 - an answer is right as well
