"""Counts are those of o200k_base, cuts fall on its boundaries."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
import toktok

from proxy.sim.tokens import count, cut, encode, token_bytes
from tests.proxy.sim.prompts import ODD_TEXTS, PROMPTS

ROOT = Path(__file__).parents[3]
ALPHABET = "aAzZ09 .,'\n\té日🎉\u0301-_<|>"


def odd_texts(number: int) -> list[str]:
    rng = random.Random(number)
    return ["".join(rng.choices(ALPHABET, k=rng.randint(0, 60))) for _ in range(200)]


@pytest.mark.parametrize("number", range(5))
def test_a_count_is_what_the_tokenizer_counts(number):
    texts = odd_texts(number)
    assert [count(text) for text in texts] == toktok.batch_count(texts, "o200k_base")


def test_known_counts():
    assert (count(""), count("hello world"), count("🧠")) == (0, 2, 3)


def test_the_text_of_a_special_token_is_ordinary_text():
    assert count("<|endoftext|>") > 1


def test_a_lone_surrogate_counts_as_the_replacement_character():
    assert count("lone \ud800 surrogate") == count("lone \ufffd surrogate")


@pytest.mark.parametrize("number", range(5))
def test_a_cut_keeps_the_first_tokens_and_counts_them(number):
    for text in (*odd_texts(number), *PROMPTS, *(t for t in ODD_TEXTS if "\ud800" not in t)):
        total = count(text)
        for limit in {1, 2, 5, total // 2, max(total - 1, 0), total, total + 1}:
            kept, tokens, shortened = cut(text, limit)
            assert text.startswith(kept)
            assert tokens == count(kept) <= limit
            assert shortened == (total > limit)
            assert shortened or kept == text


def test_a_cut_of_ordinary_text_has_exactly_the_tokens_asked_for():
    text = "The first thing to know about kubernetes is that context decides most of the details.\n\nIt helps."
    assert [cut(text, limit)[1] for limit in range(1, count(text) + 1)] == list(range(1, count(text) + 1))


def test_a_cut_inside_a_character_drops_the_character():
    assert cut("🧠 brain", 1) == ("", 0, True)


def test_threads_that_count_first_at_once_all_count_right():
    code = """
import threading
from proxy.sim.tokens import count, warm_up
counts, barrier = [], threading.Barrier(8)
def work(first):
    barrier.wait()
    first()
    counts.append(count("hello world"))
threads = [threading.Thread(target=work, args=(warm_up if n % 2 else lambda: count("x"),)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert counts == [2] * 8, counts
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("text", [*PROMPTS, *ODD_TEXTS])
def test_tokens_joined_are_the_text_and_as_many_as_counted(text):
    ids = encode(text)
    assert len(ids) == count(text)
    assert b"".join(token_bytes(ids)).decode() == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_an_id_that_no_token_has_stands_for_nothing():
    assert token_bytes([199_998, 200_019, 10**12, -1]) == [b""] * 4


def test_a_limit_may_be_any_number():
    assert cut("Hello", 2**70) == ("Hello", 1, False)
