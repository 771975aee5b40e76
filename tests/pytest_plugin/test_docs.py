"""docs/pytest.md: its examples pass, and a failing test looks as it says there."""

import re

from tests.running import ROOT

pytest_plugins = ["pytester"]
PAGE = (ROOT / "docs/pytest.md").read_text()
BEFORE, _, REST = PAGE.partition("<!-- begin: failing -->")
FAILING, _, AFTER = REST.partition("<!-- end: failing -->")
EXAMPLES = re.findall(r"```python\n(.*?)```", BEFORE + AFTER, re.DOTALL)


def test_every_example_passes(outer):
    files = {f"test_{number}": example for number, example in enumerate(EXAMPLES)}
    count = len(re.findall(r"^def test_", "".join(EXAMPLES), re.MULTILINE))

    result = outer("", "-p", "no:asyncio", "-rP", **files)
    result.assert_outcomes(passed=count)
    assert count > 9
    (verdict,) = re.findall(r"^ignored_retry_after .*", PAGE, re.MULTILINE)
    assert without_numbers(verdict) in without_numbers(result.stdout.str())


def test_the_readmes_example_passes(outer):
    section = (ROOT / "README.md").read_text().split("## What it does for your tests", 1)[1].split("\n## ", 1)[0]
    (example,) = re.findall(r"```python\n(.*?)```", section, re.DOTALL)

    outer("", "-p", "no:asyncio", test_readme=example).assert_outcomes(passed=1)


def test_a_failing_test_looks_as_it_says(outer):
    test, output = re.findall(r"```(?:python)?\n(.*?)```", FAILING, re.DOTALL)

    assert without_numbers(output) in without_numbers(outer("", "-p", "no:asyncio", test_it=test).stdout.str())


def without_numbers(text):
    return re.sub(
        r"in \d+ ms",
        "in 0 ms",
        re.sub(r"came \d+ ms", "came 0 ms", re.sub(r"-+ (OpenAI simulator:) \S+ -+", r"- \1 -", text)),
    )
