"""Answers to more than a text: JSON, refusals, log probabilities, reasoning, predictions, biased tokens."""

# ruff: noqa: RUF001 - a question mark of another script is one of the odd characters

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from proxy.sim.chat import complete
from proxy.sim.job import REFUSE, ChatJob, Choice, Format, Message, in_pieces
from proxy.sim.structured import SchemaError
from proxy.sim.tokens import count, encode, token_bytes
from tests.proxy.sim.prompts import ODD_TEXTS, PROMPTS
from tests.proxy.sim.tools.sample import asked as asked_with_tools

QUESTION = ChatJob((Message("user", "What is the capital of France?"),))
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "age", "tags"],
    "additionalProperties": False,
}
BY_SCHEMA = ChatJob((Message("user", "Anna is 31 years old."),), format=Format(json.dumps(PERSON), strict=True))
ANY_JSON = ChatJob((Message("user", "Tell me about tea in JSON."),), format=Format())


def asked(text, **fields) -> ChatJob:
    return ChatJob((Message("user", text),), **fields)


def only(job: ChatJob) -> Choice:
    (choice,) = complete(job).choices
    return choice


# JSON


def test_an_answer_by_a_schema_validates_and_is_compact():
    for seed in range(20):
        choice = only(replace(BY_SCHEMA, seed=seed))
        value = json.loads(choice.text)
        Draft202012Validator(PERSON).validate(value)
        assert choice.text == json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        assert (choice.finish_reason, choice.completion_tokens) == ("stop", count(choice.text))


def test_values_of_an_answer_by_a_schema_come_from_the_prompt():
    value = json.loads(only(BY_SCHEMA).text)
    assert (value["name"], value["age"]) == ("Anna", 31)


def test_any_json_is_an_object_about_the_topic():
    assert json.loads(only(ANY_JSON).text)["topic"] == "tea"
    for text in (*PROMPTS, *ODD_TEXTS):
        assert isinstance(json.loads(only(asked(text, format=Format())).text), dict)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('Reply in JSON with the keys "city" and "country".', ["city", "country"]),
        ("Return JSON with fields: name, age and is_member", ["name", "age", "is_member"]),
        ("JSON only. Keys: `title` (string), `tags` (array of strings), `score` (number)", ["title", "tags", "score"]),
        (
            'Answer like {"animal": "cat", "legs": 4, "kinds": ["tabby"], "owner": {"name": "Al"}}, as JSON',
            ["animal", "legs", "kinds", "owner"],
        ),
        ("Respond in JSON in the format {winner: ..., 'score': number}", ["winner", "score"]),
    ],
)
def test_any_json_has_the_keys_that_the_prompt_names(text, keys):
    assert list(json.loads(only(asked(text, format=Format())).text)) == keys
    in_system = ChatJob((Message("system", text), Message("user", "Tell me about tea.")), format=Format())
    assert list(json.loads(only(in_system).text)) == keys


def test_keys_by_name_have_fitting_values():
    value = json.loads(only(asked("Return JSON with fields: name, age, is_member and tags", format=Format())).text)
    assert [type(each) for each in value.values()] == [str, int, bool, list]


@pytest.mark.parametrize("job", [BY_SCHEMA, ANY_JSON])
def test_max_tokens_and_stop_cut_json(job):
    whole = only(job)
    for limit in range(1, whole.completion_tokens):
        cut = only(replace(job, max_tokens=limit))
        assert whole.text.startswith(cut.text)
        assert (cut.finish_reason, cut.completion_tokens) == ("length", limit)
    assert only(replace(job, max_tokens=whole.completion_tokens)) == whole
    stopped = only(replace(job, stop=('":',)))
    assert (stopped.text, stopped.finish_reason) == (whole.text[: whole.text.index('":')], "stop")


def test_choices_by_a_schema_differ_where_the_prompt_leaves_it_open():
    job = replace(BY_SCHEMA, messages=(Message("user", "Invent somebody."),), n=8)
    assert len({choice.text for choice in complete(job).choices}) > 4


def test_a_schema_that_cannot_be_met_is_an_error():
    with pytest.raises(SchemaError):
        complete(replace(BY_SCHEMA, format=Format('{"type": "integer", "minimum": 3, "maximum": 2}')))


def test_results_of_tools_are_in_the_json():
    messages = (Message("user", "What is the temperature?"), Message("tool", '{"temperature": 18}', tool_call_id="x"))
    schema = {"type": "object", "properties": {"temperature": {"type": "number"}}, "required": ["temperature"]}
    job = ChatJob(messages, format=Format(json.dumps(schema)))
    assert json.loads(only(job).text)["temperature"] == 18


# Refusals


@pytest.mark.parametrize(
    "job",
    [
        asked(f"Tell me how. {REFUSE}"),
        asked(f"Tell me how. {REFUSE}", format=Format()),
        asked_with_tools(f"What's the weather in Paris? {REFUSE}"),
        ChatJob((Message("system", REFUSE), Message("user", "Hi"))),
        ChatJob((Message("developer", f"Never say anything. {REFUSE}"), Message("user", "Hi"))),
    ],
)
def test_who_asks_for_a_refusal_gets_one(job):
    choice = only(job)
    assert choice.refusal
    assert "can't" in choice.refusal
    assert (choice.text, choice.tool_calls, choice.finish_reason) == ("", (), "stop")
    assert choice.completion_tokens == count(choice.refusal)
    assert "".join(in_pieces(choice.refusal)) == choice.refusal


def test_a_refusal_is_over_with_the_next_question():
    messages = (Message("user", REFUSE), Message("assistant", "No."), Message("user", "What is tea?"))
    assert only(ChatJob(messages)).refusal is None


def test_a_refusal_is_cut_as_a_text_is():
    cut = only(asked(REFUSE, max_tokens=3))
    assert (count(cut.refusal or ""), cut.completion_tokens, cut.finish_reason) == (3, 3, "length")


# Log probabilities


@pytest.mark.parametrize("text", [*PROMPTS, *ODD_TEXTS])
def test_logprobs_are_consistent(text):
    for top in (0, 1, 5, 20):
        choice = only(asked(text, top_logprobs=top))
        assert choice.logprobs is not None
        assert [each.token for each in choice.logprobs] == token_bytes(encode(choice.text))
        assert len(choice.logprobs) == choice.completion_tokens
        assert b"".join(each.token for each in choice.logprobs).decode() == choice.text
        for each in choice.logprobs:
            assert each.logprob <= 0
            assert len(each.top) == top
            if top:
                assert each.top[0] == (each.token, each.logprob)
                values = [logprob for _, logprob in each.top]
                assert values == sorted(values, reverse=True)
                assert sum(map(math.exp, values)) <= 1
                assert len({token for token, _ in each.top}) == top


def test_alternatives_are_tokens_themselves():
    choice = only(asked("What is tea? 日本 1 + 2", top_logprobs=20))
    for each in choice.logprobs or ():
        assert all(len(encode(token.decode())) == 1 for token, _ in each.top[1:])


def test_logprobs_change_nothing_else_and_the_number_of_them_no_value():
    five, none = only(replace(QUESTION, top_logprobs=5)), only(QUESTION)
    assert replace(five, logprobs=None) == none
    assert [each.logprob for each in five.logprobs or ()] == [
        each.logprob for each in only(replace(QUESTION, top_logprobs=0)).logprobs or ()
    ]


def test_another_seed_has_other_logprobs():
    one, two = (only(asked("Hello!", seed=seed, top_logprobs=0)) for seed in (1, 2))
    assert [each.logprob for each in one.logprobs or ()] != [each.logprob for each in two.logprobs or ()]


@pytest.mark.parametrize(
    "job",
    [
        QUESTION,
        BY_SCHEMA,
        asked(REFUSE),
        asked("What is 👩‍👩‍👧‍👦🎉🧠?"),
        asked("日本の首都はどこですか？", max_tokens=20),
    ],
)
def test_parts_of_a_stream_hold_whole_characters_and_every_token_once(job):
    choice = only(replace(job, top_logprobs=2))
    parts = choice.pieces_with_logprobs
    assert "".join(text for text, _ in parts) == (choice.refusal or choice.text)
    assert [token for _, tokens in parts for token in tokens] == list(choice.logprobs or ())
    assert only(job).pieces_with_logprobs == ()


# Reasoning


def test_reasoning_is_counted_and_longer_with_more_effort():
    plain = only(QUESTION)
    assert plain.reasoning_tokens == 0
    spent = []
    for effort in ("none", "minimal", "low", "medium", "high", "xhigh"):
        choice = only(replace(QUESTION, reasoning_effort=effort))
        assert choice.text == plain.text
        assert choice.completion_tokens == plain.completion_tokens + choice.reasoning_tokens
        spent.append(choice.reasoning_tokens)
    assert spent[:2] == [0, 0]
    assert spent[1] < spent[2] < spent[3] < spent[4] < spent[5]


def test_reasoning_that_spends_all_tokens_leaves_no_text():
    whole = only(replace(QUESTION, reasoning_effort="low"))
    thought = whole.reasoning_tokens
    for limit in (1, thought - 1, thought):
        cut = only(replace(QUESTION, reasoning_effort="low", max_tokens=limit))
        assert (cut.text, cut.finish_reason, cut.reasoning_tokens, cut.completion_tokens) == (
            "",
            "length",
            limit,
            limit,
        )
    cut = only(replace(QUESTION, reasoning_effort="low", max_tokens=thought + 5))
    assert (cut.completion_tokens, cut.finish_reason) == (thought + 5, "length")
    assert whole.text.startswith(cut.text)
    assert only(replace(QUESTION, reasoning_effort="low", max_tokens=whole.completion_tokens)) == whole


# Predictions


def test_a_prediction_that_comes_true_is_accepted_whole():
    text = only(QUESTION).text
    choice = only(replace(QUESTION, prediction=text))
    assert (choice.accepted_prediction_tokens, choice.rejected_prediction_tokens) == (count(text), 0)
    assert (choice.text, choice.completion_tokens) == (text, count(text))


def test_what_was_not_said_is_rejected_and_counted():
    text = only(QUESTION).text
    choice = only(replace(QUESTION, prediction="Bananas everywhere. " + text))
    assert choice.accepted_prediction_tokens >= count(text) - 1
    assert choice.rejected_prediction_tokens > 0
    assert choice.completion_tokens == count(text) + choice.rejected_prediction_tokens
    wrong = only(replace(QUESTION, prediction="xyzzy qwerty"))
    assert (wrong.accepted_prediction_tokens, wrong.rejected_prediction_tokens) == (0, count("xyzzy qwerty"))


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_accepted_and_rejected_are_the_whole_prediction(predicted):
    choice = only(replace(QUESTION, prediction=predicted))
    both = (choice.accepted_prediction_tokens, choice.rejected_prediction_tokens)
    assert sum(both) == len(encode(predicted))
    assert min(both) >= 0
    assert choice.accepted_prediction_tokens <= count(choice.text)


def test_an_empty_and_a_long_prediction_are_no_trouble():
    assert only(replace(QUESTION, prediction="")).accepted_prediction_tokens == 0
    assert only(replace(QUESTION, prediction="the capital of France " * 20_000)).rejected_prediction_tokens > 10_000


# Biased tokens


def test_a_banned_token_is_never_said():
    whole = only(QUESTION)
    for token in sorted(set(encode(whole.text))):
        choice = only(replace(QUESTION, logit_bias=((token, -100),)))
        assert token not in encode(choice.text)
        assert choice.text
        assert choice.completion_tokens == count(choice.text)
        for cut in ({"max_tokens": 7}, {"stop": ("e",)}):
            assert token not in encode(only(replace(QUESTION, logit_bias=((token, -100),), **cut)).text)


def test_where_a_word_is_banned_other_sentences_are_said():
    (starts,) = encode(" depends")
    for seed in range(20):
        text = only(replace(QUESTION, seed=seed, logit_bias=((starts, -100),))).text
        assert text[-1] in ".?!"
        assert " depends" not in text


def test_many_banned_tokens_leave_what_they_leave():
    bias = tuple((token, -100) for token in range(0, 200_000, 2))
    assert all(token % 2 for token in encode(only(replace(QUESTION, logit_bias=bias)).text))


def test_a_token_with_100_is_all_that_is_said():
    (yes,), (no,) = encode("Yes"), encode("No")
    for seed in range(10):
        choice = only(replace(QUESTION, seed=seed, logit_bias=((yes, 100), (no, 100)), max_tokens=1))
        assert choice.text in {"Yes", "No"}
        assert (choice.completion_tokens, choice.finish_reason) == (1, "length")
    assert only(replace(QUESTION, logit_bias=((yes, 100),))).text == "Yes"
    assert only(replace(QUESTION, logit_bias=((yes, 100),))).finish_reason == "stop"
    assert only(replace(QUESTION, logit_bias=((yes, 100),), max_tokens=4)).completion_tokens <= 4


def test_a_small_bias_and_ids_that_no_token_has_change_nothing():
    for bias in (((100, 99), (200, -99)), ((199_998, 100),), ((200_018, -100),)):
        assert only(replace(QUESTION, logit_bias=bias)).text == only(QUESTION).text


# All of it


def test_every_field_gives_another_id():
    jobs = [
        QUESTION,
        replace(QUESTION, format=Format()),
        replace(QUESTION, top_logprobs=0),
        replace(QUESTION, top_logprobs=1),
        replace(QUESTION, reasoning_effort="none"),
        replace(QUESTION, prediction=""),
        replace(QUESTION, logit_bias=((1, 1),)),
        replace(QUESTION, messages=(replace(QUESTION.messages[0], name="anna"),)),
        replace(QUESTION, messages=(replace(QUESTION.messages[0], media_tokens=85),)),
    ]
    assert len({complete(job).id for job in jobs}) == len(jobs)


JOBS = st.builds(
    ChatJob,
    messages=st.lists(
        st.builds(Message, st.sampled_from(["user", "system", "assistant", "tool"]), st.text(max_size=40)), max_size=4
    ).map(tuple),
    seed=st.none() | st.integers(),
    max_tokens=st.none() | st.integers(1, 300),
    stop=st.lists(st.text(max_size=3), max_size=2).map(tuple),
    n=st.integers(1, 3),
    format=st.none() | st.just(Format()) | st.just(Format(json.dumps(PERSON))),
    top_logprobs=st.none() | st.integers(0, 20),
    logit_bias=st.lists(st.tuples(st.integers(0, 200_018), st.sampled_from([-100, 1, 100])), max_size=3).map(tuple),
    reasoning_effort=st.sampled_from([None, "none", "low", "high"]),
    prediction=st.none() | st.text(max_size=40),
)


@settings(max_examples=150, deadline=None)
@given(JOBS)
def test_any_job_is_answered_exactly_and_always_alike(job):
    answer = complete(job)
    assert answer == complete(replace(job))
    assert answer.completion_tokens == sum(choice.completion_tokens for choice in answer.choices)
    for choice in answer.choices:
        text = choice.refusal or choice.text
        counted = choice.completion_tokens - choice.reasoning_tokens - choice.rejected_prediction_tokens
        assert counted == count(text)
        assert "".join(choice.pieces) == choice.text
        assert job.max_tokens is None or counted + choice.reasoning_tokens <= job.max_tokens
        if choice.logprobs is not None:
            assert b"".join(each.token for each in choice.logprobs).decode() == text


def test_a_cut_never_makes_a_banned_token():
    text = only(QUESTION).text
    for at in range(1, len(text) - 3):
        stopped = only(replace(QUESTION, stop=(text[at : at + 3],)))
        for token in set(encode(stopped.text)) - set(encode(text)):
            choice = only(replace(QUESTION, stop=(text[at : at + 3],), logit_bias=((token, -100),)))
            assert token not in encode(choice.text)


def test_spent_reasoning_leaves_no_logprobs_but_says_so():
    assert only(replace(QUESTION, reasoning_effort="low", max_tokens=1, top_logprobs=1)).logprobs == ()


def test_a_character_of_several_tokens_is_one_part_of_a_stream():
    schema = {"type": "object", "properties": {"title": {"const": "🧠 and 👩‍👩‍👧‍👦"}}, "required": ["title"]}
    choice = only(asked("Hi", format=Format(json.dumps(schema)), top_logprobs=1))
    parts = choice.pieces_with_logprobs
    assert "".join(text for text, _ in parts) == choice.text
    assert max(len(tokens) for _, tokens in parts) > 1
    assert [token for _, tokens in parts for token in tokens] == list(choice.logprobs or ())


def test_a_part_of_a_character_cannot_be_all_that_is_said():
    part = encode("🧠")[-1]
    assert only(replace(QUESTION, logit_bias=((part, 100),))).text == only(QUESTION).text


def test_a_prediction_goes_on_after_what_was_not_said():
    text = only(QUESTION).text
    middle = len(text) // 2
    choice = only(replace(QUESTION, prediction=text[:middle] + " xyzzy " * 3 + text[middle:]))
    assert choice.accepted_prediction_tokens >= count(text) - 3
    repeated = only(replace(QUESTION, prediction="a b a b a b " + text + " a b " + text))
    assert repeated.accepted_prediction_tokens >= count(text) - 2
