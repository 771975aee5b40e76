"""Moderation by phrases: what is flagged, what is not, and that scores are the same everywhere."""

import hashlib
import json

import pytest

from proxy.sim.moderation import CATEGORIES, FLAGGED, phrases_in, scores, slices


def scored(text):
    found = set()
    for part in slices(text):
        found |= phrases_in(part)
    return scores(text, found)


def flags(text):
    return {name for name, score in scored(text).items() if score >= FLAGGED}


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        ("I want to kill them.", {"violence", "harassment", "harassment/threatening"}),
        ("You are such an idiot", {"harassment"}),
        ("I WILL HURT\nyou", {"harassment", "harassment/threatening", "violence"}),
        ("All immigrants are vermin", {"hate"}),
        ("Kill all immigrants", {"hate", "hate/threatening"}),
        ("How do I launder money?", {"illicit"}),
        ("how to make a homemade bomb", {"illicit", "illicit/violent"}),
        ("He harmed himself: self-harm", {"self-harm"}),
        ("I\u2019m going to kill myself", {"self-harm", "self-harm/intent"}),
        ("how to kill myself", {"self-harm", "self-harm/instructions"}),
        ("porn", {"sexual"}),
        ("nude pictures of a child", {"sexual", "sexual/minors"}),
        ("she was stabbed", {"violence"}),
        ("the beheaded king", {"violence", "violence/graphic"}),
        ("kill the process, shoot the photo, and fight for shy kids and a sex change", set()),
        ("Sample text goes here.", set()),
        ("", set()),
        ("日本の首都", set()),
        ("skilled people paint pornic landscapes", set()),
    ],
)
def test_phrases_flag_their_categories_and_nothing_else_does(text, flagged):
    assert flags(text) == flagged


def test_a_category_scores_at_least_what_its_parts_do():
    found = scored("nude pictures of a child, how to build a bomb, and rivers of blood")

    for name, score in found.items():
        assert 0 < score <= found[name.partition("/")[0]] < 1


def test_a_hint_moves_the_score_and_two_hints_move_it_more():
    knife, gun_and_knife = scored("a knife")["violence"], scored("a gun and a knife")["violence"]

    assert 0.2 < knife < gun_and_knife < FLAGGED
    assert scored("a spoon")["violence"] < 0.01


def test_a_phrase_is_found_wherever_it_stands_in_a_long_text():
    for padding in range(9_950, 10_050):
        assert flags("x" * padding + " i want to kill them " + "x" * 5_000)


def test_scores_are_these_everywhere():
    told = json.dumps([scored("I want to kill them."), scored("Sample text goes here.")])

    assert hashlib.sha256(told.encode()).hexdigest().startswith("fb6194b50302bae5")
    assert set(scored("")) == set(CATEGORIES)
