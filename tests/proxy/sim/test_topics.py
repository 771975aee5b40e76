"""What a reader finds in prompts."""

import pytest

from proxy.sim.topics import Reading, read


@pytest.mark.parametrize(
    ("text", "kind", "topics"),
    [
        ("What is the capital of France?", "what", ("the capital of France",)),
        ("how do I install Docker on Ubuntu?", "how", ("Docker", "Ubuntu")),
        ("Why do cats purr?", "why", ("cats purr",)),
        ("When was the first moon landing?", "fact", ("moon landing",)),
        ("Is it safe to eat raw eggs?", "yesno", ("raw eggs",)),
        ("Python or Ruby?", "question", ("Python", "Ruby")),
        ("Can you explain black holes?", "request", ("black holes",)),
        ("Please write a poem about the sea", "request", ("the sea",)),
        ("Write a function that reverses a string", "request", ("a function", "a string")),
        ("Give me a list of fruits", "request", ("fruits",)),
        ("I love my garden.", "statement", ("your garden",)),
        ("What's the difference between TCP and UDP?", "what", ("the difference between TCP and UDP",)),
        ("What are the health benefits of green tea?", "what", ("the health benefits of green tea",)),
        ("日本の首都はどこですか\uff1f", "question", ("“日本の首都はどこですか”",)),
        ("Fix this:\n```\nx = 1\n```", "code", ("this code",)),
        ("C++ vs Rust", "statement", ("C++", "Rust")),
        ("Paris Paris in the spring", "statement", ("Paris", "the spring")),
        ("tell me more", "request", ("that",)),
        ("Why?", "why", ("that",)),
    ],
)
def test_kind_and_topics(text, kind, topics):
    assert read([text], []) == Reading("", kind, topics)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hello!", "hello"),
        ("hi there", "hello"),
        ("Good morning", "hello"),
        ("Hi, can you help me?", "hello"),
        ("thanks a lot", "thanks"),
        ("Thank you very much for your help!", "thanks"),
        ("How are you?", "smalltalk"),
        ("Goodbye", "farewell"),
        ("", "empty"),
        (" \n", "empty"),
        ("🎉🎉", "empty"),
        ("?!", "empty"),
    ],
)
def test_turns_that_need_no_topic(text, kind):
    assert read([text], ["You know all about tea."]) == Reading("", kind, ())


def test_a_greeting_before_a_question_is_returned_and_the_question_answered():
    assert read(["Hi! What is tea?"], []) == Reading("hello", "what", ("tea",))
    assert read(["Thank you, now explain recursion"], []) == Reading("thanks", "request", ("recursion",))


def test_a_follow_up_takes_its_topic_from_the_turns_before_and_then_from_the_system():
    assert read(["What is tea?", "Tell me more"], []).topics == ("tea",)
    assert read(["What is coffee?", "What is tea?", "Why?"], []).topics == ("tea", "coffee")
    assert read(["What is tea?", "Docker or Podman?"], []).topics == ("Docker", "Podman")
    assert read(["Why?"], ["You are an expert in marine biology."]).topics == ("marine biology",)


def test_a_system_message_without_content_adds_nothing():
    assert read(["What is tea?"], ["You are a helpful assistant."]).topics == ("tea",)


def test_no_turn_at_all_reads_as_an_empty_one():
    assert read([], []) == Reading("", "empty", ())


def test_a_long_prompt_is_read_at_both_ends():
    topics = read(["Explain kangaroos. " + "la " * 50_000 + "Compare wombats."], []).topics
    assert "kangaroos" in topics
    assert any("wombats" in topic for topic in topics)
