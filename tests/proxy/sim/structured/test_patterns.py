"""Patterns and formats: what is made has them; the matcher agrees with Python's where the two languages do."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.sim.structured.automaton import conditions
from proxy.sim.structured.formats import FORMATS
from proxy.sim.structured.pattern import read_pattern
from tests.proxy.sim.structured.validation import made

PATTERNS = [
    "^[A-Z]{3}-\\d{4}$", "^\\+?[1-9]\\d{1,14}$", "^(?:[a-z0-9]+-)*[a-z0-9]+$", "^#([a-fA-F0-9]{6}|[a-fA-F0-9]{3})$",
    "^\\d{4}-(0[1-9]|1[0-2])$", "^[^@\\s]+@[^@\\s]+\\.[a-z]{2,}$", "^https?://", "\\.json$", "^v?\\d+\\.\\d+\\.\\d+$",
    "^(foo|bar)?baz*$", "^\\w+\\s\\w+$", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "^$", "", "^.{3,5}$", "^[\\w.-]+$", "\\bword\\b", "^\\u0041+$", "^[\\u4e00-\\u9fff]{2}$", "^(?!draft)[a-z]{5}$",
    "^(?=.*\\d)(?=.*[a-z]).{8,12}$", "^(?P<year>\\d{4})$", "^a{0}$", "^\\$\\d+(?:\\.\\d{2})?$", "^[-+]?\\d*$",
    "^[a\\]b]+$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("seed", [b"1", b"2", b"3"])
def test_a_string_has_its_pattern(pattern, seed):
    value = made({"type": "string", "pattern": pattern}, seed=seed)
    assert re.search(pattern, value)
    assert value.isprintable()


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if "\\u" not in each])
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(text=st.text(st.sampled_from("aAbz059-_.@# /:$fobr\n"), max_size=9))
def test_the_matcher_agrees_with_python(pattern, text):
    # In JSON Schema `$` is the end only, where Python also lets a line break follow.
    found = re.search(re.sub(r"(?<!\\)\$$", r"\\Z", pattern), text, re.ASCII) is not None
    assert all(each.holds(text) for each in conditions(read_pattern(pattern))) == found


@pytest.mark.parametrize("pattern", PATTERNS[:8])
def test_a_pattern_and_a_length_are_met_together(pattern):
    value = made({"type": "string", "pattern": pattern, "minLength": 4, "maxLength": 60})
    assert 4 <= len(value) <= 60


def test_two_patterns_are_met_together():
    value = made({"type": "string", "allOf": [{"pattern": "^[a-f]+$"}, {"pattern": "dad"}, {"minLength": 12}]})
    assert len(value) >= 12


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("seed", [b"1", b"2", b"3", b"4", b"5"])
def test_a_string_has_its_format(name, seed):
    value = made({"type": "string", "format": name}, seed=seed)
    assert FORMATS[name].check(value)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("date", "^2031-"), ("email", "@[a-z]+\\.org$"), ("uri", "^https://[a-z]+\\.io/"), ("ipv4", "^10\\.")],
)
def test_a_format_and_a_pattern_are_met_together(name, pattern):
    value = made({"type": "string", "format": name, "pattern": pattern})
    assert re.search(pattern, value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date", "2023-02-29"), ("date", "2024-13-01"), ("time", "24:00:00Z"), ("date-time", "2024-01-01"),
        ("email", "a@"), ("email", "@b.c"), ("hostname", "-a.com"), ("ipv4", "256.1.1.1"), ("ipv6", "1::2::3"),
        ("uuid", "123"), ("uri", "no scheme"), ("duration", "P"), ("json-pointer", "a"), ("regex", "("),
    ],
)  # fmt: skip
def test_what_lacks_the_format_is_seen(name, text):
    assert not FORMATS[name].check(text)
