"""docs/pytest.md: its examples pass, and a failing test looks as it says there."""

import re

import pytest

from tests.running import ROOT

pytest_plugins = ["pytester"]
PAGE = (ROOT / "docs/pytest.md").read_text()
BEFORE, _, REST = PAGE.partition("<!-- begin: failing -->")
FAILING, _, AFTER = REST.partition("<!-- end: failing -->")
EXAMPLES = re.findall(r"```python\n(.*?)```", BEFORE + AFTER, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: re.findall(r"def (test_\w+)", text)[0])
def test_an_example_passes(run, example):
    result = run(example)

    assert result.ret == 0
    result.assert_outcomes(passed=len(re.findall(r"^def test_", example, re.MULTILINE)))


def test_a_failing_test_looks_as_it_says(run):
    test, output = re.findall(r"```(?:python)?\n(.*?)```", FAILING, re.DOTALL)

    assert without_numbers(output) in without_numbers(run(test).stdout.str())


def without_numbers(text):
    return re.sub(r"in \d+ ms", "in 0 ms", re.sub(r"-+ (OpenAI simulator:) \S+ -+", r"- \1 -", text))
