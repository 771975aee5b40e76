"""How a message is parted into what it asks for."""

import pytest

from proxy.sim.tools.wishes import clauses, excerpt, listed_in


def wholes(text):
    return [(clause.step, clause.whole) for clause in clauses(text)]


def items(text):
    return [clause.items for clause in clauses(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Do this. And do that!", [(0, "Do this"), (0, "And do that")]),
        ("Find a flight, then book it", [(0, "Find a flight"), (1, "book it")]),
        ("Find one. After that, book it and then, finally, pay", [(0, "Find one"), (1, "book it"), (3, "pay")]),
        ("Get the weather and the time", [(0, "Get the weather"), (0, "the time")]),
        ("one\ntwo; three", [(0, "one"), (0, "two"), (0, "three")]),
        ("", []),
        ("...", []),
    ],
)  # fmt: skip
def test_a_message_is_parted(text, parts):
    assert wholes(text) == parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in Paris and in Tokyo", [("in Paris", "in Tokyo")]),
        ("in San Francisco, Tokyo, and Paris", [("in San Francisco", "in Tokyo", "in Paris")]),
        ("in Paris, France and Rome, Italy", [("in Paris, France", "in Rome, Italy")]),
        ("weather in paris and rome", [("in paris", "in rome")]),
        ('look up "tea" and "coffee"', [('"tea"', '"coffee"')]),
        ("What is 2 + 2 and 3 * 4?", [("2 + 2", "3 * 4")]),
        ("mail a@b.co and c@d.co", [("a@b.co", "c@d.co")]),
        ("between Paris and London", [()]),
        ("in Paris and Paris", [()]),
        ("in Paris and Tell me a joke", [(), ()]),
    ],
)  # fmt: skip
def test_a_list_gives_a_variant_for_each_item(text, expected):
    assert items(text) == expected
    for clause in clauses(text):
        assert len(clause.variants) == max(len(clause.items), 1)


def test_a_variant_is_the_sentence_with_one_item():
    (clause,) = clauses("Is it warm in Paris or Rome today?")
    assert clause.variants == ("Is it warm in Paris today", "Is it warm in Rome today")
    assert clause.whole == "Is it warm in Paris or Rome today"


def test_items_of_one_thing_are_listed_too():
    assert listed_in("between Paris and London") == ["Paris", "London"]
    assert listed_in("nothing here") == []


def test_long_texts_and_words_are_shortened():
    assert len(excerpt("a b " * 10_000)) <= 2001
    assert excerpt("x" * 10_000).count("x") == 400
    assert len(clauses("do this. " * 10_000)) <= 45
