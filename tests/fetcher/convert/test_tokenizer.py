"""The vocabulary: what becomes of a tiktoken encoding, and which encodings are refused."""

import itertools
import json
import pickle
import sys
from typing import Any

import pytest

from bench.make_checkpoint import SPECIALS, encoding_pickle, syllable_ranks
from fetcher.convert import tokenizer as module
from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.tokenizer import SPECIAL_TOKENS, read_tokenizer


@pytest.fixture
def write(tmp_path):
    def run(data):
        path = tmp_path / "tokenizer.pkl"
        path.write_bytes(data)
        return path

    return run


def specials_after(count):
    return {name: count + number for number, name in enumerate(SPECIALS)}


def read_with_python(path):
    """The same file through Python's own unpickler and a stand-in for the class: an independent reading."""

    class Encoding:
        def __setstate__(self, state):
            self.__dict__.update(state)

    class Reader(pickle.Unpickler):
        def find_class(self, module, name):
            return Encoding

    with path.open("rb") as file:
        return Reader(file).load()


def gpt2_characters():
    """From OpenAI's encoder.py, as published with GPT-2."""
    bs = list(range(ord("!"), ord("~") + 1)) + list(range(ord("¡"), ord("¬") + 1)) + list(range(ord("®"), ord("ÿ") + 1))
    cs, n = bs[:], 0
    for b in range(256):
        if b not in bs:
            bs.append(b)
            cs.append(256 + n)
            n += 1
    return dict(zip(map(chr, cs), bs, strict=True))


def test_tokens_spell_the_bytes_of_the_original_by_id(tiny):
    path = tiny / "tokenizer.pkl"
    tokenizer, original = read_tokenizer(path), read_with_python(path)
    to_byte = gpt2_characters()
    for token, rank in original.mergeable_ranks.items():
        if token != b"\x01":
            assert bytes(map(to_byte.__getitem__, tokenizer.tokens[rank])) == token
    assert tokenizer.special == original.special_tokens
    assert [tokenizer.tokens[number] for number in original.special_tokens.values()] == list(original.special_tokens)


def test_special_tokens_are_control_tokens_and_the_separator_is_unused(tiny, golden):
    tokenizer = read_tokenizer(tiny / "tokenizer.pkl")
    assert tokenizer.special == golden["special_ids"]
    control = {number for number, kind in enumerate(tokenizer.types) if kind == 3}
    assert control == set(golden["special_ids"].values())
    separator = read_with_python(tiny / "tokenizer.pkl").mergeable_ranks[b"\x01"]
    assert (tokenizer.tokens[separator], tokenizer.types[separator]) == ("<|byte_01|>", 5)
    assert tokenizer.types.count(1) == 640 - 9 - 1


def test_merges_build_every_token_from_two_earlier_ones_in_order(tiny):
    tokenizer = read_tokenizer(tiny / "tokenizer.pkl")
    tokens = tokenizer.tokens[256:631]
    pairs = [merge.split(" ") for merge in tokenizer.merges]
    assert ["".join(pair) for pair in pairs] == tokens
    known = set(gpt2_characters())
    for (left, right), token in zip(pairs, tokens, strict=True):
        assert left in known
        assert right in known
        known.add(token)


def bpe(text, merges):
    """Byte-pair encoding as GGUF files mean it: apply the merges in the order of the list."""
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
    parts = list(text)
    while True:
        pairs = [(ranks.get((a, b), len(ranks)), i) for i, (a, b) in enumerate(itertools.pairwise(parts))]
        rank, i = min(pairs, default=(len(ranks), 0))
        if rank == len(ranks):
            return parts
        parts[i : i + 2] = ["".join(parts[i : i + 2])]


def test_the_merges_encode_words_as_the_ranks_do(tiny):
    """tiktoken merges by the rank of the result; GGUF by the position of the pair: both give the same tokens."""
    path = tiny / "tokenizer.pkl"
    ranks = read_with_python(path).mergeable_ranks
    tokenizer = read_tokenizer(path)
    characters = {byte: character for character, byte in gpt2_characters().items()}
    words = {word for item in json.loads((tiny / "golden.json").read_text())["items"] for word in str(item).split()}
    for word in words:
        data = word.encode()
        parts = [data[i : i + 1] for i in range(len(data))]
        while len(parts) > 1:
            rank, i = min((ranks.get(parts[i] + parts[i + 1], sys.maxsize), i) for i in range(len(parts) - 1))
            if rank == sys.maxsize:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        spelled = "".join(characters[byte] for byte in data)
        ids = [tokenizer.tokens.index(part) for part in bpe(spelled, tokenizer.merges)]
        assert ids == [ranks[part] for part in parts]


def test_a_vocabulary_of_the_published_size_is_read(write):
    ranks = syllable_ranks(65536 - 9)
    tokenizer = read_tokenizer(write(encoding_pickle(ranks, specials_after(len(ranks)))))
    assert len(tokenizer.tokens) == 65536
    assert len(tokenizer.merges) == 65536 - 9 - 256


RANKS = syllable_ranks(280)
GAP = {token: rank + (rank > 270) for token, rank in RANKS.items()}
DOUBLE = {token: min(rank, 278) for token, rank in RANKS.items()}
REFUSED: dict[str, tuple[Any, str]] = {
    "a gap": ((GAP, specials_after(281)), "gaps or duplicates"),
    "a duplicate id": ((DOUBLE, specials_after(280)), "gaps or duplicates"),
    "a gap before the special tokens": ((RANKS, specials_after(281)), "special tokens last"),
    "a special id twice": ((RANKS, dict.fromkeys(SPECIALS, 280)), "special tokens last"),
    "a special token missing": ((RANKS, dict(list(specials_after(280).items())[:-1])), "special tokens last"),
    "another special token": ((RANKS, {**dict(list(specials_after(280).items())[:-1]), "<|x|>": 288}), "other special"),
    "a byte missing": (
        ({token: rank for rank, token in enumerate(t for t in RANKS if t != b"\x80")}, specials_after(279)),
        "lacks a token for some byte",
    ),
    "a token that nothing makes": (({**RANKS, b"\xff\xfe\xfd": 280}, specials_after(281)), "id 280. that no two"),
    "a token that reads like a special one": (
        ({**RANKS, **{b"<|bos|>"[:n]: 278 + n for n in range(2, 8)}}, specials_after(286)),
        "reads like a special one",
    ),
    "no tokens": (({}, specials_after(0)), "no mergeable_ranks"),
    "an empty token": (({**RANKS, b"": 280}, specials_after(281)), "odd entry in mergeable_ranks"),
    "a negative id": (({**RANKS, b"zzz": -1}, specials_after(281)), "gaps or duplicates"),
    "another pattern": ((RANKS, specials_after(280), r"\p{N}{1,3}"), "pat_str"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_encoding_that_is_not_nanochats_is_refused(name, write):
    arguments, reason = REFUSED[name]
    with pytest.raises(UnsupportedCheckpoint, match=reason):
        read_tokenizer(write(encoding_pickle(*arguments)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x80\x04}.", "something else than a tiktoken encoding"),
        (b"", "does not parse"),
        (b"ctiktoken.core\nEncoding\n(K\x01tR.", "builds its encoding in an odd way"),
        (b"cos\nsystem\n(X\x04\x00\x00\x00truetR.", "asks for 'os.system'"),
        (pickle.dumps({"pat_str": "a"}), "something else"),
    ],
)
def test_something_else_than_an_encoding_is_refused(data, reason, write):
    with pytest.raises(UnsupportedCheckpoint, match=reason):
        read_tokenizer(write(data))


def test_absurd_sizes_are_refused(write, monkeypatch):
    monkeypatch.setattr(module, "MAX_WORK", 100)
    with pytest.raises(UnsupportedCheckpoint, match="tokens of absurd length"):
        read_tokenizer(write(encoding_pickle(RANKS, specials_after(280))))
    monkeypatch.setattr(module, "MAX_FILE", 10)
    with pytest.raises(UnsupportedCheckpoint, match="larger than 10 bytes"):
        read_tokenizer(write(encoding_pickle(RANKS, specials_after(280))))


def test_the_special_tokens_are_the_originals(golden):
    assert set(SPECIAL_TOKENS) == set(golden["special_ids"])
