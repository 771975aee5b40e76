"""Whatever a request's JSON is, it can be kept in a file, and what comes out of the file asks the same."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recordings.likeness import alike, at_most, changes
from proxy.recordings.question import Question
from proxy.recordings.yaml_text import written
from proxy.scenarios.source import read

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NAMES = st.sampled_from(
    ["role", "content", "type", "text", "name", "function", "arguments", "tool_calls", "input", "output", "id"]
)
WORDS = st.sampled_from(["user", "assistant", "tool", "text", "tool_use", "tool_result", "function_call", "message"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | TEXTS, inner, max_size=5),
    max_leaves=15,
)
FIELDS = st.sampled_from(
    ["model", "messages", "input", "prompt", "system", "instructions", "tools", "stream", "text", "response_format"]
)
DOCUMENTS = st.dictionaries(FIELDS | TEXTS, VALUES, max_size=6)
ENDPOINTS = st.sampled_from(["chat", "completions", "responses", "messages"])


@given(ENDPOINTS, DOCUMENTS)
def test_what_is_kept_asks_the_same_as_what_came(endpoint, document):
    question = Question.of(endpoint, document)
    again = Question.of(endpoint, read(written({"request": question.request}), is_json=False).value["request"])

    assert (again.whole, again.key, again.skeleton) == (question.whole, question.key, question.skeleton)
    assert list(changes(question.request, again.request)) == []


@given(ENDPOINTS, DOCUMENTS, DOCUMENTS)
def test_what_is_the_same_by_its_digest_has_no_changes_and_by_its_key_the_same_texts(endpoint, one, other):
    first, second = Question.of(endpoint, one), Question.of(endpoint, other)

    if first.whole == second.whole:  # null and nothing, 1 and 1.0, are no change
        assert list(changes(first.request, second.request)) == []
    if first.key == second.key:
        assert first.skeleton == second.skeleton
        assert alike(first.texts, second.texts) == 1.0


@given(st.lists(TEXTS, min_size=2, max_size=2), st.text(), st.text())
def test_likeness_is_a_share_that_its_bound_is_not_below(texts, begin, end):
    one, other = [begin + texts[0] + end], [begin + texts[1] + end]

    assert 0 <= alike(one, other) <= at_most(one, other) + 1e-9 <= 1 + 1e-9
    assert alike(one, one) == 1.0


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_keys_does_not_matter_and_the_model_stands_first(order):
    fields = [("temperature", 0), ("messages", []), ("model", "m"), ("stream", True), ("user", "jane")][::order]

    assert list(Question.of("chat", dict(fields)).request) == ["model", "messages", "stream", "temperature"]
