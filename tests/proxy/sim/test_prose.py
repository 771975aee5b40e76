"""Every sentence, in every variant, is one that may be sent."""

import re

import pytest

from proxy.sim.prose import _variants, compose
from proxy.sim.sentences import OPENINGS
from proxy.sim.topics import Reading

ALL = sorted({text for role in _variants().values() for variants in role for text in variants})
FINISHED = re.compile(r"""[A-Z“].*[.?!]""")


def test_every_variant_is_a_finished_sentence_without_notation():
    for text in ALL:
        plain = text.replace("{t}", "tea").replace("{o}", "milk")
        assert FINISHED.fullmatch(plain), text
        assert not set(plain) & set("[]{}|"), text
        assert not re.search(r" [.,;:!?]|[.,;:!?][A-Za-z]|  | $|^ ", plain), text


def test_no_variant_doubles_a_word():
    for text in ALL:
        said = text.replace("{t}", "that")  # what "Why?" is about
        assert not re.search(r"\b(\w+) \1\b", said, re.IGNORECASE), said


def test_every_variant_says_a_and_an_where_they_belong():
    for text in ALL:
        for article, word in re.findall(r"\b(an?) (\w+)", text, re.IGNORECASE):
            vowel = word[0] in "aeiou" and not word.startswith(("one", "useful", "uni"))
            assert (article.lower() == "an") == (vowel or word.startswith(("hour", "honest"))), text


def test_a_topic_never_follows_an_article_nor_is_the_subject_of_a_verb_with_two_forms():
    for text in ALL:
        assert not re.search(r"\b(a|an|the|this|your) \{", text), text
        assert not re.search(r"(^|[,:;] |that |as )\{[to]\} (?!can |may |will )", text), text


def test_every_opening_for_a_topic_names_it():
    for kind in OPENINGS:
        for variants in _variants()[kind]:
            assert all("{t}" in text for text in variants)


def test_every_sentence_has_variants_of_different_words():
    assert len(ALL) > 1500


@pytest.mark.parametrize("kind", OPENINGS)
@pytest.mark.parametrize("length", ["short", "medium", "long"])
def test_no_answer_says_a_sentence_twice(kind, length):
    for number in range(40):
        text = "".join(compose(Reading("", kind, ("tea", "milk")), length, bytes([number]) * 64))
        sentences = re.split(r"(?<=[.?!])\s+", text)
        assert len(sentences) == len(set(sentences)), text
