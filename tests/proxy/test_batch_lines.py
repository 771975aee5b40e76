"""The lines of a batch: what OpenAI's validation finds wrong with a file, and where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import batch_lines
from proxy.batch_lines import read

CHAT = "/v1/chat/completions"


def line(name="a", body=None, **changes):
    return {"custom_id": name, "method": "POST", "url": CHAT, "body": {} if body is None else body} | changes


async def checked(*lines, one_model=True):
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines)
    return await read(text.encode(), CHAT, one_model=one_model)


async def test_blank_lines_a_byte_order_mark_and_windows_ends_are_nothing():
    lines, problems = await checked("\ufeff" + json.dumps(line("a")) + "\r", "", "  ", line("b"), "")

    assert (problems, [each.custom_id for each in lines]) == ([], ["a", "b"])


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ("{", "invalid_json_line", None),
        ("nonsense", "invalid_json_line", None),
        ("[]", "invalid_json_line", None),
        ("[" * 5000, "invalid_json_line", None),
        ('{"custom_id": "b", "custom_id": 1}', "invalid_type", "custom_id"),
        (line(7), "invalid_type", "custom_id"),
        (line("b", method=None), "invalid_type", "method"),
        ({"custom_id": "b"}, "missing_required_parameter", "method"),
        ({"method": "POST"}, "missing_required_parameter", "custom_id"),
        (line("first"), "duplicate_custom_id", "custom_id"),
        (line("b", method="GET"), "invalid_method", "method"),
        (line("b", url="/v1/embeddings"), "invalid_url", "url"),
        (line("b", url=CHAT + "/"), "invalid_url", "url"),
        (line("b", body=[]), "invalid_type", "body"),
        (line("b", body="x"), "invalid_type", "body"),
        (line("b", body={"model": "y"}), "mismatched_model", "body.model"),
    ],
)
async def test_each_mistake_has_its_code_its_line_and_its_parameter(wrong, code, param):
    lines, (problem,) = await checked(line("first"), wrong, line("last"))

    assert [each.custom_id for each in lines] == ["first", "last"]
    assert (problem.code, problem.line, problem.param) == (code, 2, param)
    assert problem.message


async def test_text_that_is_not_utf8_is_told_with_its_line():
    _, (problem,) = await read(json.dumps(line()).encode() + b'\n{"custom_id": "\xff"}', CHAT, one_model=True)

    assert (problem.code, problem.line) == ("invalid_json_line", 2)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff \r\n"])
async def test_an_empty_file_is_told(text):
    assert [problem.code for problem in (await checked(text))[1]] == ["empty_file"]


async def test_models_may_differ_where_that_is_allowed():
    lines, problems = await checked(line("a", {"model": "x"}), line("b", {"model": "y"}), one_model=False)

    assert ([each.model for each in lines], problems) == (["x", "y"], [])


async def test_a_model_that_is_no_text_is_left_to_the_endpoint():
    lines, problems = await checked(line("a", {"model": 5}), line("b", {}))

    assert ([each.model for each in lines], problems) == ([None, None], [])


async def test_too_many_lines_and_too_many_mistakes_end_the_reading(monkeypatch):
    monkeypatch.setattr(batch_lines, "MOST_LINES", 300)

    lines, problems = await checked(*(line(str(number)) for number in range(300)))
    assert (len(lines), problems) == (300, [])
    _, (problem,) = await checked(*(line(str(number)) for number in range(301)))
    assert (problem.code, problem.line) == ("too_many_requests", 301)
    _, problems = await checked(*(["x"] * 500))
    assert len(problems) == 100


VALUES = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(), lambda v: st.lists(v) | st.dictionaries(st.text(), v)
)
FIELDS = st.sampled_from(["custom_id", "method", "url", "body", "model", "x"])
LINES = st.dictionaries(FIELDS, st.sampled_from(["POST", CHAT, "a"]) | VALUES).map(json.dumps).map(str.encode)


@given(st.lists(LINES | st.binary()).map(b"\n".join))
async def test_whatever_comes_is_lines_or_mistakes(data):
    lines, problems = await read(data, CHAT, one_model=True)

    assert lines or problems
    assert all(each.url == CHAT and bytes(each.body).startswith(b"{") for each in lines)
