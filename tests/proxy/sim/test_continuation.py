"""Legacy completions as a pure function: the same on every machine, and its own for each prompt, seed and number."""

from dataclasses import replace

import pytest

from proxy.sim.continuation import Continuation, candidate, identifier, likelihood, prompt, prompt_logprobs
from proxy.sim.tokens import count, encode

JOB = Continuation(seed=7, server_seed=1, max_tokens=24)


@pytest.mark.parametrize(
    ("text", "goes_on", "name"),
    [
        (
            "Once upon a time",
            " There is much to say about that, and your message touches on a key part of it. It helps to separate what",
            "cmpl-iT7sAkHiaHNT04Bkszh6KUlwLdGsO",
        ),
        (
            "What is the sea?",
            "\n\nThere is a short way to think about the sea: name the main idea first, and let the details follow.",
            "cmpl-cED7xa0313kMXiXsysnJnf72AyPtE",
        ),
    ],
)
def test_texts_and_ids_are_these_everywhere(text, goes_on, name):
    assert candidate(text, JOB, 0).text == goes_on
    assert identifier([prompt(text)], JOB, 1, 0, False, None) == name


def test_another_seed_server_suffix_or_number_is_another_text():
    jobs = [JOB, replace(JOB, seed=8), replace(JOB, server_seed=2), replace(JOB, suffix="the end")]

    assert len({candidate("The sea", job, number).text for job in jobs for number in (0, 1)}) == 8


def test_logprobs_change_nothing_but_themselves():
    plain = candidate("The sea", JOB, 0)
    told = candidate("The sea", replace(JOB, logprobs=3), 0)

    assert (told.text, told.completion_tokens) == (plain.text, plain.completion_tokens)
    assert likelihood(told) < 0 == likelihood(plain)


@pytest.mark.parametrize("text", ["", "a", "日本 🐝", "word " * 2000])
def test_a_prompt_has_a_logprob_for_each_token(text):
    for given in (prompt(text), prompt(encode(text))):
        told = prompt_logprobs(given, 1)
        assert b"".join([each.token for each in told]).decode() == given.text == text
        assert len(told) == given.tokens == count(text)


def test_an_id_that_no_token_has_is_named():
    with pytest.raises(ValueError, match="199998"):
        prompt([7, 199_998])
