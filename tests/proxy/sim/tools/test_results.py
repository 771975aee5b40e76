"""What is said about the results of tools."""

import pytest

from proxy.sim.job import ToolCall
from proxy.sim.tools.results import sentences
from proxy.sim.tools.turn import Result

CALL = ToolCall("call_1", "get_weather", '{"city":"Paris"}')


def said(text, call=CALL, length="short"):
    return "".join(sentences((Result(call, text),), length, 0))


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        ('{"temperature": 18.50, "sky": "clear"}', "For Paris, the temperature is 18.50 and the sky is clear."),
        ('{"current": {"windSpeed": 5, "gusts": null}, "alerts": []}',
         "For Paris, the current wind speed is 5, the current gusts are not known and the alerts are not known."),
        ('{"names": ["Ann", "Bob"], "ok": true}', "For Paris, the names are Ann and Bob and the ok is true."),
        ('[{"id": 1, "name": "AF12", "price": 99}, {"id": 2, "name": "BA3", "price": 120}]',
         "For Paris, there are 2 items: AF12 (id 1, price 99) and BA3 (id 2, price 120)."),
        ('["a"]', "For Paris, there is one item: a."),
        ("[1, 2, 3, 4, 5, 6, 7]", "For Paris, there are 7 items: 1, 2, 3, 4, 5 and more."),
        ("[[1, 2], {}]", "For Paris, there are 2 items: [1, 2] and {}."),
        ('[{"a": {"b": 1}}]', "For Paris, there is one item: {a: {b: 1}}."),
        ('[{"a": "b"}]', "For Paris, there is one item: a b."),
        ("42", "For Paris, the result is 42."),
        ("false", "For Paris, the result is false."),
        ('"sunny"', "For Paris, the result is sunny."),
        ("Sunny, 22 degrees", "Sunny, 22 degrees."),
        ("It rains!", "It rains!"),
        ('{"error": "no such city."}', "The call of get_weather failed: no such city."),
        ("", "The call of get_weather gave no result."),
        ("null", "The call of get_weather gave no result."),
        ("{}", "The call of get_weather gave no result."),
        ('{"": 1}', "For Paris, the value is 1."),
        ('{"status": "done", "HTTP": 200}', "For Paris, the status is done and the HTTP is 200."),
    ],
)  # fmt: skip
def test_a_result_is_told(result, sentence):
    assert said(result) == sentence


def test_longer_answers_begin_and_end_politely():
    assert (
        said("42", length="medium")
        == "Here is what I found: For Paris, the result is 42. Let me know if you need anything else."
    )


def test_without_a_call_there_is_no_subject():
    assert said("42", None) == "The result is 42."
    assert said("", None) == "The call gave no result."
    for arguments in ("3", '{"city": 3}', '{"zip": "10115"}', "{", ""):
        assert said("42", ToolCall("call_1", "f", arguments)) == "The result is 42."
    assert said("42", ToolCall("call_1", "f", '{"city":"Paris"}', custom=True)) == "The result is 42."


def test_what_is_long_or_deep_is_shortened():
    assert len(said("word " * 50_000)) < 500
    assert len(said('{"a": "' + "b" * 1000 + '"}')) < 200
    assert len(said("[" * 900 + "]" * 900)) < 500
    assert len(said("[" * 5000 + "]" * 5000)) < 500
    assert len(said('{"a":' * 5000 + "1" + "}" * 5000)) < 500
    assert len(said("{{{}}}".format(",".join(f'"k{n}": {n}' for n in range(1000))))) < 500
    assert len("".join(sentences((Result(CALL, "1"),) * 1000, "short", 0))) < 500


def test_several_results_are_several_sentences():
    two = (Result(CALL, "18"), Result(ToolCall("call_2", "get_weather", '{"city":"Rome"}'), "25"))
    assert "".join(sentences(two, "short", 0)) == "For Paris, the result is 18. For Rome, the result is 25."
