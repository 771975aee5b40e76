"""Choosing one file of many."""

import pytest

from fetcher.errors import NoSuchThing, UsageError
from fetcher.quantization import choose, quantization_of

FILES = ["README.md", "m-F16.gguf", "m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q4_0.gguf", "m-Q2_K.gguf", "mmproj-Q4_0.gguf"]


@pytest.mark.parametrize(
    ("name", "quantization"),
    [
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1"),
        ("smollm2-360m-instruct-q8_0.gguf", "Q8_0"),
        ("Llama-3.2-1B-Instruct-IQ4_XS.gguf", "IQ4_XS"),
        ("Qwen2.5-0.5B.BF16.gguf", "BF16"),
        ("sub/q4_0/model.gguf", None),
        ("model.gguf", None),
    ],
)
def test_a_name_tells_its_quantisation(name: str, quantization: str | None) -> None:
    assert quantization_of(name) == quantization


@pytest.mark.parametrize(
    ("wish", "file"),
    [
        (None, "m-Q4_K_M.gguf"),
        ("m-Q8_0.gguf", "m-Q8_0.gguf"),
        ("M-q8_0.GGUF", "m-Q8_0.gguf"),
        ("q8_0", "m-Q8_0.gguf"),
        ("F16", "m-F16.gguf"),
    ],
)
def test_a_wish_finds_its_file(wish: str | None, file: str) -> None:
    assert choose("o/r", FILES, wish) == file


@pytest.mark.parametrize(
    ("files", "file"),
    [
        (["m-Q8_0.gguf", "m-Q4_K_S.gguf"], "m-Q4_K_S.gguf"),
        (["m-F16.gguf", "m-Q8_0.gguf"], "m-Q8_0.gguf"),
        (["m-F16-00001-of-00002.gguf", "m-F16-00002-of-00002.gguf", "m.gguf"], "m.gguf"),
    ],
)
def test_the_next_best_is_taken_where_the_best_is_missing(files: list[str], file: str) -> None:
    assert choose("o/r", files, None) == file


def test_a_missing_file_lists_what_is_there() -> None:
    with pytest.raises(NoSuchThing, match=r"has no Q6_K. Choose one of: m-F16.gguf, m-Q2_K.gguf, m-Q4_0.gguf"):
        choose("o/r", FILES, "Q6_K")


def test_equally_good_files_are_not_guessed_between() -> None:
    with pytest.raises(UsageError, match=r"2 files that fit equally. Name one, as hf:o/r:FILE, of: a-Q4_0.gguf, b-"):
        choose("o/r", ["a-Q4_0.gguf", "b-Q4_0.gguf"], None)


def test_a_repository_without_gguf_says_so() -> None:
    with pytest.raises(NoSuchThing, match="has no GGUF file"):
        choose("o/r", ["model.safetensors"], None)
