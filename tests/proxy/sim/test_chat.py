"""What complete() promises: exact usage, cuts that never change the text, and prose that reads well."""

import random
import re
from dataclasses import replace

import pytest
import toktok

from proxy.sim.chat import complete, fingerprint, prompt_tokens
from proxy.sim.job import ChatJob, Choice, Length, Message
from proxy.sim.tokens import count
from tests.proxy.sim.prompts import ODD_TEXTS, PROMPTS

LENGTHS: tuple[Length, ...] = ("short", "medium", "long")
QUESTION = ChatJob((Message("user", "What is the capital of France?"),))


def asked(text: str, **fields) -> ChatJob:
    return ChatJob((Message("user", text),), **fields)


def only(job: ChatJob) -> Choice:
    (choice,) = complete(job).choices
    return choice


def many_jobs() -> list[ChatJob]:
    rng = random.Random(7)
    return [
        asked(text, seed=rng.randrange(1000), response_length=rng.choice((*LENGTHS, None)))
        for text in (*PROMPTS, *ODD_TEXTS)
        for _ in range(8)
    ]


# Usage


@pytest.mark.parametrize("job", [*map(asked, PROMPTS), *map(asked, ODD_TEXTS)])
def test_usage_counts_what_was_sent(job):
    answer = complete(replace(job, n=3))
    texts = [choice.text for choice in answer.choices]
    assert [choice.completion_tokens for choice in answer.choices] == toktok.batch_count(texts, "o200k_base")
    assert answer.completion_tokens == sum(choice.completion_tokens for choice in answer.choices)
    assert answer.prompt_tokens == 3 + 3 + count("user") + count(job.messages[0].text)


def test_prompt_tokens_follow_the_published_formula():
    # "user" and "system" are one token each.
    assert prompt_tokens((Message("system", "hello world"), Message("user", ""))) == (3 + 1 + 2) + (3 + 1 + 0) + 3
    assert prompt_tokens(()) == 3


# Determinism


def test_the_same_job_gives_the_same_answer():
    assert all(complete(job) == complete(replace(job)) for job in many_jobs())


def test_no_seed_means_seed_0():
    assert complete(replace(QUESTION, seed=None)) == complete(replace(QUESTION, seed=0))


def test_another_seed_gives_another_text():
    assert len({only(replace(QUESTION, seed=seed)).text for seed in range(300)}) > 290
    assert len({only(replace(QUESTION, server_seed=seed)).text for seed in range(300)}) > 290


def test_a_small_change_of_the_prompt_gives_another_text_and_id():
    answers = [complete(asked(f"What is the capital of France{'?' * n}", response_length="long")) for n in range(50)]
    assert len({answer.choices[0].text for answer in answers}) == 50
    assert len({answer.id for answer in answers}) == 50


def test_where_a_message_ends_and_who_said_it_matters():
    two = (Message("user", "tea"), Message("user", "pot"))
    others = (
        (Message("user", "te"), Message("user", "apot")),
        (Message("user", "tea4:userpot"),),
        (Message("user", "tea"), Message("system", "pot")),
    )
    ids = {complete(ChatJob(messages)).id for messages in (two, *others)}
    assert len(ids) == 4


def test_ids_and_fingerprints_have_their_form():
    answer = complete(QUESTION)
    assert re.fullmatch(r"chatcmpl-[0-9A-Za-z]{29}", answer.id)
    assert re.fullmatch(r"fp_[0-9a-f]{10}", answer.system_fingerprint)
    assert answer.system_fingerprint == fingerprint(0) != fingerprint(1)


# Cuts


def test_max_tokens_gives_a_prefix_of_exactly_that_many_tokens():
    for text in PROMPTS:
        whole = only(asked(text))
        for limit in range(1, whole.completion_tokens):
            cut = only(asked(text, max_tokens=limit))
            assert whole.text.startswith(cut.text)
            assert (cut.completion_tokens, cut.finish_reason) == (limit, "length")


def test_max_tokens_of_at_least_the_whole_text_changes_nothing():
    whole = only(QUESTION)
    for limit in (whole.completion_tokens, whole.completion_tokens + 1, 10**9):
        assert only(replace(QUESTION, max_tokens=limit)) == whole
    assert whole.finish_reason == "stop"


def test_max_tokens_never_gives_more_in_any_script():
    for text in ODD_TEXTS:
        whole = only(asked(text))
        for limit in range(1, whole.completion_tokens):
            cut = only(asked(text, max_tokens=limit))
            assert whole.text.startswith(cut.text)
            assert limit - 3 < cut.completion_tokens <= limit  # less only where a character has several tokens


def test_stop_ends_the_text_before_its_first_match():
    whole = only(QUESTION).text
    rng = random.Random(3)
    for _ in range(200):
        start = rng.randrange(len(whole))
        first, second = whole[start : start + rng.randint(1, 12)], whole[rng.randrange(len(whole)) :][:5]
        cut = only(replace(QUESTION, stop=("never there", first, second)))
        assert cut.text == whole[: min(whole.find(first), whole.find(second))]
        assert (cut.finish_reason, cut.completion_tokens) == ("stop", count(cut.text))


def test_stop_at_the_very_beginning_gives_an_empty_text():
    cut = only(replace(QUESTION, stop=(only(QUESTION).text[:3],)))
    assert (cut.text, cut.pieces, cut.completion_tokens, cut.finish_reason) == ("", (), 0, "stop")


def test_a_stop_that_does_not_occur_and_an_empty_one_change_nothing():
    assert only(replace(QUESTION, stop=("never there", ""))) == only(QUESTION)


def test_a_stop_that_max_tokens_cuts_in_half_is_not_seen():
    whole = only(QUESTION)
    first, second = whole.pieces[:2]
    cut = only(replace(QUESTION, stop=(first + second,), max_tokens=1))
    assert (cut.text, cut.finish_reason) == (first, "length")


def test_more_choices_leave_the_first_as_it_is_and_differ():
    answer = complete(replace(QUESTION, n=8))
    assert answer.choices[0] == only(QUESTION)
    assert [choice.index for choice in answer.choices] == list(range(8))
    assert len({choice.text for choice in answer.choices}) == 8


# Pieces


def test_pieces_joined_are_the_text_and_none_is_empty():
    for job in many_jobs():
        choice = only(job)
        assert "".join(choice.pieces) == choice.text
        assert all(choice.pieces)


def test_a_piece_is_about_a_token():
    choice = only(replace(QUESTION, response_length="long"))
    assert 0.95 <= len(choice.pieces) / choice.completion_tokens <= 1


# Prose


def test_answers_name_the_topic():
    for length in LENGTHS:
        for seed in range(50):
            text = only(replace(QUESTION, seed=seed, response_length=length)).text
            assert "the capital of France" in text


def test_lengths_are_sentences_a_paragraph_and_paragraphs():
    for seed in range(100):
        short, medium, long = (only(replace(QUESTION, seed=seed, response_length=length)) for length in LENGTHS)
        assert 8 <= short.completion_tokens <= 70
        assert 55 <= medium.completion_tokens <= 150
        assert 150 <= long.completion_tokens <= 350
        assert ("\n" in medium.text, long.text.count("\n\n")) == (False, 3)
    assert only(QUESTION) == only(replace(QUESTION, response_length="medium"))


def test_every_text_reads_as_finished_sentences():
    for job in many_jobs():
        text = only(job).text
        assert text[-1] in ".?!", text
        assert "  " not in text, text
        assert text == text.strip(), text
        if job.messages[0].text in PROMPTS:
            assert not re.search(r"\b(\w+) \1\b", text, re.IGNORECASE), text
            assert all(line[0].isupper() for line in re.split(r"(?<=[.?!])\s+", text)), text


def test_a_greeting_is_greeted_and_thanks_are_returned():
    for seed in range(20):
        assert re.match("(Hello|Hi)", only(asked("Hello!", seed=seed)).text)
        assert re.match("(Hello|Hi).*tea", only(asked("Hello! What is tea?", seed=seed)).text)
        assert re.search("welcome|pleasure|Glad|Happy", only(asked("Thanks!", seed=seed)).text)


def test_notation_in_a_prompt_is_not_expanded():
    assert "{" not in only(asked("{t} {o} [a|b] what is {t}?", response_length="long")).text


# Limits


@pytest.mark.parametrize("part", ["tea and milk. ", "x", "日本", "```", "((", "a-", "\n", " ", "🎉", "\u0301"])
def test_a_prompt_of_100_kb_is_answered(part):
    job = asked(part * (100_000 // len(part)), response_length="long")
    answer = complete(job)
    assert answer.prompt_tokens == 7 + count(job.messages[0].text)
    assert answer.completion_tokens < 1000


def test_jobs_without_a_user_are_answered():
    assert only(ChatJob(())).text
    assert only(ChatJob((Message("system", "You are a pirate."),))).text
    assert only(ChatJob((Message("user", "What is tea?"), Message("assistant", ""), Message("tool", "42")))).text
