"""Simulated embeddings: unit length, the same everywhere, and near where texts are related."""

import math
from hashlib import sha256
from struct import pack

import pytest

from proxy.sim.embeddings import count, embed, embed_tokens

RELATED = [
    ("The cat sits on the mat", "A feline rests on the rug", "Quantum physics is hard"),
    ("king", "queen", "car"),
    ("dog", "puppy", "car"),
    ("How do I reset my password?", "I forgot my login credentials", "Best pizza recipe in town"),
    ("I love programming in Python", "Coding with Python is fun", "The weather is sunny today"),
    ("happy", "joyful", "table"),
    ("buy a car", "purchase an automobile", "learn the piano"),
    ("machine learning", "artificial intelligence", "banana bread"),
    ("Paris is the capital of France", "What is France's capital?", "How to bake bread"),
    ("The runner was running", "runners run", "a bowl of soup"),
    ("misspeling of a word", "misspelling of a word", "the colour of the sea"),
    ("日本の首都はどこですか", "日本の首都は東京です", "今日は天気がいい"),
    ("Столица Франции", "столица Германии", "вкусный борщ"),
]


def near(one, other, dimensions=1536):
    return math.fsum(a * b for a, b in zip(embed(one, dimensions), embed(other, dimensions), strict=True))


@pytest.mark.parametrize("dimensions", [256, 1536, 3072])
@pytest.mark.parametrize(("one", "other", "unrelated"), RELATED)
def test_related_texts_are_nearer_than_unrelated_ones(one, other, unrelated, dimensions):
    related = near(one, other, dimensions)

    assert related > near(one, unrelated, dimensions) + 0.1
    assert related > near(other, unrelated, dimensions) + 0.1


@pytest.mark.parametrize("text", ["Hello", "", " ", "!!!", "\ud800", "a" * 99_999, "🙂" * 50, "\x00", "word " * 20_000])
@pytest.mark.parametrize("dimensions", [1, 7, 1536])
def test_every_text_has_a_vector_of_length_one(text, dimensions):
    vector = embed(text, dimensions)

    assert len(vector) == dimensions
    assert math.isclose(math.fsum(value * value for value in vector), 1, abs_tol=1e-6)


def test_the_same_text_is_at_one_and_another_one_is_not():
    assert near("the same", "the same") == pytest.approx(1)
    assert near("dog bites man", "man bites dog") < 0.999


def test_a_shorter_vector_is_the_beginning_of_a_longer_one_scaled_to_length_one():
    long, short = embed("Tell me about volcanoes", 1536), embed("Tell me about volcanoes", 100)

    scale = math.sqrt(math.fsum(value * value for value in long[:100]))
    assert short == pytest.approx([value / scale for value in long[:100]], abs=1e-6)


def test_token_arrays_that_share_ids_are_near():
    def near_tokens(one, other):
        return math.fsum(a * b for a, b in zip(embed_tokens(one, 512), embed_tokens(other, 512), strict=True))

    assert near_tokens([1, 2, 3], [1, 2, 4]) > 0.5 > 0.2 > abs(near_tokens([1, 2, 3], [7, 8, 9]))


def test_recorded_vectors_stay_the_same_on_every_machine():
    texts = ["Hello, world!", "The cats were running", "日本の首都はどこですか", "naïve café", ""]
    vectors = b"".join(pack("<1536f", *embed(text, 1536)) for text in texts)

    assert sha256(vectors).hexdigest() == "1ba5841fb66708a7044c7f5b1376380f2cd2dee961a737ada93d2314e3a9217d"
    assert embed("Hello, world!", 3) == (0.8362913727760315, -0.0663723275065422, -0.5442531108856201)


def test_tokens_are_counted_by_the_encoding_of_the_embedding_models():
    assert count("안녕하세요") == 5  # 2 by o200k_base, the encoding of the chat models
    assert count("\ud800") == 1
