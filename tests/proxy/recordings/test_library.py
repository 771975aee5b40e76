"""Which recording answers a request: the same one, one that is nearly the same, or none."""

import json
from typing import Any

import pytest

from proxy.endpoints.call import Call
from proxy.errors import BadRequestError
from proxy.recordings.library import Hit, Miss
from proxy.recordings.likeness import alike
from proxy.recordings.question import Question
from proxy.scenarios.asked import Asked
from proxy.scenarios.load import load
from proxy.scenarios.patience import TooSlowError
from proxy.scenarios.play import played_line
from proxy.scenarios.player import Given, Player

SYSTEM = "You are a helpful assistant of the railway. " * 30
PICTURE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
ASK = "Please tell me when the next train to Rome leaves from platform nine"


def chat(text: Any, **more: Any) -> dict[str, Any]:
    said = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    return {"model": "m", "messages": said, **more}


def schema(name: str) -> dict[str, Any]:
    wanted = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": wanted}}


def recorded(*requests: dict[str, Any], **head: Any):
    rules = [
        {"name": f"r{n}", "when": {"endpoint": "chat", "request": request}, "answer": {"replay": {"body": str(n)}}}
        for n, request in enumerate(requests)
    ]
    return load([("r.json", json.dumps(head | {"rules": rules}))])


def find(loaded, request):
    return loaded.library.find(Asked("chat", {}, request), lambda _: True)


@pytest.mark.parametrize(
    "now",
    [
        chat(ASK),
        dict(reversed(chat(ASK).items())),
        chat(ASK, user="jane", metadata={"a": "b"}, safety_identifier="x"),
    ],
)
def test_the_same_request_is_a_hit_without_changes_whoever_asks(now):
    hit = find(recorded(chat("else"), chat(ASK)), now)

    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, hit.similarity, hit.changes, hit.other_mode) == ("r1", 1.0, (), False)


def test_of_recordings_that_differ_in_parameters_the_one_with_the_fewest_changes_answers():
    loaded = recorded(chat(ASK, temperature=1, seed=1), chat(ASK, temperature=0, seed=2), chat(ASK, stream=True))

    hit = find(loaded, chat(ASK, temperature=0, seed=3))
    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, hit.similarity) == ("r1", 1.0)
    assert [change.shown() for change in hit.changes] == [{"path": "$.seed", "was": 2, "is": 3}]
    hit = find(loaded, chat(ASK, stream=True, seed=3))
    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, hit.other_mode) == ("r2", False)


@pytest.mark.parametrize(
    ("now", "similarity"),
    [
        (ASK.replace("Rome", "Oslo"), 0.923),
        (f"{ASK}!", 0.963),
        (ASK.replace(" ", "  "), 1.0),
        ([{"type": "text", "text": ASK}], 1.0),
    ],
)
def test_a_small_edit_is_a_hit_with_its_change(now, similarity):
    hit = find(recorded(chat("Write a poem"), chat(ASK)), chat(now))

    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, round(hit.similarity, 3)) == ("r1", similarity)
    assert [change.path for change in hit.changes] == ["$.messages[1].content"]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ("Today is 2025-12-31, a Wednesday.", "Today is 2026-01-01, a Thursday."),
        ("It is 9:05 pm now", "It is 10:30 am now"),
        ("Order 123e4567-e89b-12d3-a456-426614174000", "Order 00000000-e89b-12d3-a456-426614174999"),
        ("Log of 2025-12-31T23:59:59.123Z", "Log of 2026-01-01T00:00:00+01:00"),
    ],
)
def test_another_day_time_or_uuid_is_as_good_as_the_same(was, now):
    hit = find(recorded(chat(was)), chat(now))

    assert isinstance(hit, Hit)
    assert (hit.similarity, len(hit.changes)) == (1.0, 1)


def test_a_long_text_that_stays_does_not_make_up_for_a_short_one_that_does_not():
    missed = find(recorded(chat(ASK)), chat("Write a poem"))

    assert isinstance(missed, Miss)
    assert missed.nearest is not None
    assert missed.nearest.rule.name == "r0"
    assert missed.similarity < 0.2


@pytest.mark.parametrize(
    "now",
    [
        {"model": "n"},
        {"messages": chat(ASK)["messages"][1:]},
        {"messages": [*chat(ASK)["messages"], {"role": "assistant", "content": "."}]},
        {"tools": [{"type": "function", "function": {"name": "look"}}]},
        {"previous_response_id": "resp_1"},
        chat([{"type": "text", "text": ASK}, PICTURE]),
        {"n": 2},
        {"response_format": {"type": "json_object"}},
        {"response_format": schema("city")},
    ],
)
def test_another_model_other_roles_tools_pictures_threads_or_forms_of_answers_are_a_miss(now):
    assert find(recorded(chat(ASK)), chat(ASK) | now) == Miss()


def test_another_schema_of_the_answer_is_an_edit():
    hit = find(recorded(chat(ASK, response_format=schema("city"))), chat(ASK, response_format=schema("town")))

    assert isinstance(hit, Hit)
    assert [change.path for change in hit.changes] == ["$.response_format.json_schema.name"]


@pytest.mark.parametrize("said", [{"stream": False}, {"n": 1}, {"response_format": None}])
def test_what_is_so_anyway_may_be_said_or_not(said):
    hits = [find(recorded(chat(ASK)), chat(ASK, **said)), find(recorded(chat(ASK, **said)), chat(ASK))]

    assert [isinstance(hit, Hit) and hit.changes for hit in hits] == [(), ()]


def test_a_format_that_is_text_anyway_is_no_other_form_of_the_answer():
    hit = find(recorded(chat(ASK)), chat(ASK, response_format={"type": "text"}))

    assert isinstance(hit, Hit)
    assert [change.path for change in hit.changes] == ["$.response_format"]


def test_of_equally_near_ones_the_first_answers_and_the_other_mode_only_where_it_must():
    edited = ASK.replace("Rome", "Oslo")
    hit = find(recorded(chat(ASK + " A", stream=True), chat(ASK + " B"), chat(ASK + " C")), chat(ASK + " D"))
    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, hit.other_mode) == ("r1", False)
    hit = find(recorded(chat(edited), chat(ASK, stream=True)), chat(ASK))
    assert isinstance(hit, Hit)
    assert (hit.placed.rule.name, hit.similarity, hit.other_mode) == ("r1", 1.0, True)


def test_recordings_stand_where_the_first_of_them_stands_and_spent_ones_are_passed_over():
    replay = {"when": {"endpoint": "chat", "request": chat(ASK)}, "answer": {"replay": {"body": "1"}}, "times": 1}
    other = {"when": {"endpoint": "chat", "request": chat(f"{ASK}!")}, "answer": {"replay": {"body": "2"}}}
    rules = [{"when": {"user": "poem"}, "answer": {"text": "first"}}, replay, {"answer": {"text": "rest"}}, other]
    player = Player(Given(load([("r.json", json.dumps({"rules": rules}))])))

    def said(text):
        taken = player.take(Asked("chat", {}, chat(text)))
        return taken and (taken.answer.text or (taken.answer.replay and taken.answer.replay.body))

    assert [said(text) for text in ("poem", ASK, ASK, "Who are you?")] == ["first", "1", "2", "rest"]
    report = player.shown()["replay"]
    assert (report["exact"], report["edited"], report["missed"]) == (1, 1, 1)
    assert [(miss["user"], miss["nearest"]["similarity"]) for miss in report["misses"]] == [("Who are you?", 0.0)]


def test_pictures_and_secrets_are_not_kept_and_the_same_ones_are_the_same():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBO" * 500}}
    document = chat([{"type": "text", "text": "my key is sk-abcdefghijklmnopqrstuv"}, picture], user="jane")
    question = Question.of("chat", document)

    kept = json.dumps(question.request)
    assert [given for given in ("iVBOiVBO", "sk-abc", "jane") if given in kept] == []
    assert "[image/png, 2000 characters, blake2b " in kept
    assert Question.of("chat", question.request).key == question.key
    picture["image_url"] = {"url": "data:image/png;base64," + "iVBP" * 500}
    assert Question.of("chat", document).skeleton != question.skeleton


def test_calls_of_tools_in_what_was_said_are_compared_too():
    def loop(arguments, result):
        call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": arguments}}
        more = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "c", "content": result}]
        return {"model": "m", "messages": [{"role": "user", "content": "Go"}, *more]}

    loaded = recorded(loop('{"at": "the sky"}', "blue"))
    assert isinstance(find(loaded, loop('{"at": "the sky"}', "blue")), Hit)
    assert isinstance(find(loaded, loop('{"at": "the sky"}', "red")), Miss)
    assert isinstance(find(loaded, loop('{"where": "below"}', "blue")), Miss)


def test_what_is_nested_too_deep_for_a_file_is_refused():
    deep: Any = "x"
    for _ in range(3000):
        deep = [deep]

    with pytest.raises(BadRequestError, match="nested more than 80 deep"):
        Question.of("chat", chat(ASK, deep=deep))


def test_long_texts_are_compared_in_time():
    one = " ".join([f"word{n % 977}" for n in range(60_000)])
    other = " ".join([f"word{n % 983}" for n in range(60_000)])

    assert 0 < alike([one], [other]) < 1
    assert alike([one], [f"{one} more"]) > 0.999
    assert alike([one], [" ".join(reversed(one.split()))]) < 0.1


async def test_comparing_that_takes_too_long_is_told():
    class Slow(Player):
        def take(self, asked):
            raise TooSlowError

    nothing: Any = None
    call = Call(nothing, {}, b'{"model": "m", "messages": []}')
    with pytest.raises(BadRequestError, match="The recordings of this run's scenario could not be compared"):
        await played_line("/v1/chat/completions", call, nothing, Slow(Given(recorded(chat(ASK)))))
