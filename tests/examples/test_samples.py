"""The sample projects, run as their users run them; and what a failing test looks like there."""

import shutil
import sys

import pytest

from tests.examples.conftest import ran
from tests.running import ROOT, clean_environment

pytestmark = pytest.mark.examples
SAMPLE = ROOT / "examples/pytest"
OLDEST = "pytest==8.2.2"  # the oldest that pytest-asyncio works with


@pytest.fixture
def sample(tmp_path):
    """A copy, so that nothing of this repository is around it."""
    return shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("__pycache__", ".*"))


def run(installed, sample, *arguments, **more):
    return installed.run(
        "python", "-m", "pytest", "-q", *arguments, cwd=sample, env=clean_environment(OPENAI_SIM_URL="", **more)
    )


def test_the_tests_of_the_sample_pass_and_warn_of_nothing(installed, sample):
    assert "9 passed" in run(installed, sample, "-W", "error").stdout


def test_they_pass_side_by_side(installed, sample):
    assert "9 passed" in run(installed, sample, "-n", "2").stdout


def test_they_pass_with_an_old_pytest(installed, sample, tmp_path):
    old = tmp_path / "old"
    installed.run("pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(old), OLDEST)

    done = run(installed, sample, "-p", "no:xdist", "--verbose", PYTHONPATH=str(old))
    assert f"pytest-{OLDEST.partition('==')[2]}" in done.stdout
    assert "9 passed" in done.stdout


def test_a_failing_test_names_the_request_that_no_rule_answered(installed, sample):
    scenario = sample / "tests/weather.yaml"
    scenario.write_text(scenario.read_text().replace("tool_result: degrees", "tool_result: celsius"))

    done = installed.run(
        "python",
        "-m",
        "pytest",
        "-q",
        "--tb=line",
        "-k",
        "the_tool_is_called",
        cwd=sample,
        env=clean_environment(OPENAI_SIM_URL=""),
        fails=True,
    )
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("#1 POST /v1/chat/completions gpt-4o-mini -> 200 in ")]
    (missed,) = [line for line in lines if line.startswith("#2 POST")]
    assert missed.startswith("#2 POST /v1/chat/completions gpt-4o-mini -> 404 no_rule in ")
    assert missed.endswith("; tool: '22 degrees and sunny in Paris'")


def test_the_plugin_is_typed(installed, tmp_path):
    """A user's strict mypy knows the fixture's class."""
    (tmp_path / "test_it.py").write_text(
        "from openai_api_simulator import OpenAISim, Request\n\n"
        "def test_it(openai_sim: OpenAISim) -> None:\n"
        "    request: Request = openai_sim.last_request\n"
        "    reveal_type(request.status)\n"
    )
    pytest.importorskip("mypy", reason="THE TYPES WERE NOT CHECKED: no mypy; make lint installs it")
    python = installed.command("python")
    done = ran(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "test_it.py", cwd=tmp_path, fails=True
    )
    assert 'Revealed type is "int"' in done.stdout, done.stdout
    assert "error" not in done.stdout
