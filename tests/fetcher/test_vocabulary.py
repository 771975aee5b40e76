"""What the manifest tells of a vocabulary: from a GGUF file's tokens and their types."""

import struct
from pathlib import Path
from typing import Any

import pytest

from fetcher.convert.conversion import Source, convert
from fetcher.convert.files import find_files
from fetcher.convert.quantise import RECIPES
from fetcher.errors import Unusable
from fetcher.gguf_header import MAX_ODD_TOKENS, MAX_VOCABULARY, read_header
from fetcher.vocabulary import Tokenization
from tests.fetcher.tiny_gguf import text, tiny_gguf

TINY_CHECKPOINT = Path(__file__).parents[1] / "data" / "nanochat-tiny"


def told(tmp_path: Path, tokens: dict[str, int], **pairs: Any) -> Tokenization | None:
    path = tmp_path / "m.gguf"
    pairs = {"tokenizer__ggml__tokens": list(tokens), "tokenizer__ggml__token_type": list(tokens.values()), **pairs}
    path.write_bytes(tiny_gguf(**pairs))
    return read_header(path).tokenization


def special(tmp_path: Path, tokens: dict[str, int], **pairs: Any) -> list[str]:
    found = told(tmp_path, tokens, **pairs)
    assert found is not None
    return found.special_tokens


def test_control_and_unknown_tokens_are_special_in_the_order_of_the_vocabulary(tmp_path: Path) -> None:
    tokens = {"<unk>": 2, "a": 1, "<|im_end|>": 3, "b": 1, "</s>": 3, "<0x0A>": 6, "[PAD7]": 5, "c": 1}
    assert told(tmp_path, tokens) == Tokenization(["<unk>", "<|im_end|>", "</s>"], None, None)


def test_user_defined_tokens_are_text_unless_they_mark_turns(tmp_path: Path) -> None:
    tokens = {"\n\n": 4, "<think>": 4, "<table>": 4, "<|user|>": 4, "<\uff5cUser\uff5c>": 4, "<|turn>": 4, "<turn|>": 4}
    assert special(tmp_path, tokens) == ["<|user|>", "<\uff5cUser\uff5c>", "<|turn>", "<turn|>"]


def test_a_user_defined_token_that_the_file_names_as_its_end_is_special(tmp_path: Path) -> None:
    assert special(tmp_path, {"a": 1, "<EOT>": 4, "<b>": 4}, tokenizer__ggml__eot_token_id=1) == ["<EOT>"]


def test_the_unreachable_byte_of_a_converted_nanochat_is_its_digit_separator(tmp_path: Path) -> None:
    assert told(tmp_path, {"<|byte_01|>": 5, "<|bos|>": 3}) == Tokenization(["<|bos|>"], "\x01", 2)
    assert told(tmp_path, {"<|byte_01|>": 1, "<|bos|>": 3}) == Tokenization(["<|bos|>"], None, None)


def test_a_converted_nanochat_tells_its_nine_tokens_and_how_it_cuts_numbers(tmp_path: Path) -> None:
    def no_quantiser() -> Any:
        raise AssertionError("F32 needs none")

    source = Source(find_files(TINY_CHECKPOINT), "nanochat", "mit")
    converted = convert(source, tmp_path / "m.gguf", RECIPES["f32"], no_quantiser, lambda *_: None)

    found = read_header(converted.path).tokenization
    assert found is not None
    assert (found.digit_separator, found.digits_per_group) == ("\x01", 2)
    assert len(found.special_tokens) == 9
    assert found.special_tokens[0] == "<|bos|>"


@pytest.mark.parametrize(
    "pairs",
    [
        {"tokenizer__ggml__token_type": [1, 3]},
        {"tokenizer__ggml__token_type": ["1", "3", "1"]},
        {"tokenizer__ggml__token_type": 3},
        {"tokenizer__ggml__tokens": "a"},
        {"tokenizer__ggml__tokens": [1, 3, 1]},
    ],
)
def test_without_a_type_for_every_token_nothing_is_told(tmp_path: Path, pairs: dict[str, Any]) -> None:
    assert told(tmp_path, {"a": 1, "<s>": 3, "b": 1}, **pairs) is None


def test_a_token_of_absurd_length_is_passed_over(tmp_path: Path) -> None:
    assert special(tmp_path, {"<" + "a" * 300 + ">": 3, "<s>": 3}) == ["<s>"]


def array(key: str, kind: int, count: int, items: bytes) -> bytes:
    return text(key) + struct.pack("<IIQ", 9, kind, count) + items


@pytest.mark.parametrize(
    ("count", "kind", "reason"),
    [(MAX_VOCABULARY + 1, 1, "claims a vocabulary of"), (MAX_ODD_TOKENS + 1, 3, "claims 100001 special tokens")],
)
def test_a_vocabulary_without_end_is_refused(tmp_path: Path, count: int, kind: int, reason: str) -> None:
    pairs = array("tokenizer.ggml.tokens", 8, count, bytes(8) * count)
    pairs += array("tokenizer.ggml.token_type", 5, count, struct.pack("<i", kind) * count)
    path = tmp_path / "m.gguf"
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + pairs)

    with pytest.raises(Unusable, match=reason):
        read_header(path)
