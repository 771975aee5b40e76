"""The README's four examples, run as they are written."""

import re
import shutil
import socket
import subprocess
import sys

import pytest

from tests.running import ROOT, proxy

README = (ROOT / "README.md").read_text()
DOCUMENTED = "127.0.0.1:3080"


def example(language, number=0):
    """A block of code under "Ask it"."""
    section = README.split("## Ask it", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)[number]


@pytest.fixture(scope="module")
def as_documented():
    """A simulator, and a function that makes text right for it: where port 3080 is free, it changes nothing."""
    with socket.socket() as probe:
        free = probe.connect_ex(("127.0.0.1", 3080)) != 0
    with proxy("--port", "3080" if free else "0") as running:
        yield lambda text: text.replace(DOCUMENTED, running.url.removeprefix("http://"))


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="the curl examples are NOT tested: no curl")
def test_the_curl_example_prints_a_completion_about_its_topic(as_documented):
    answer = run("sh", "-c", as_documented(example("sh")))

    assert '"object":"chat.completion"' in answer
    assert "rivers" in answer


@pytest.mark.skipif(shutil.which("curl") is None, reason="the curl examples are NOT tested: no curl")
def test_the_streaming_curl_example_prints_events_to_the_end(as_documented):
    answer = run("sh", "-c", as_documented(example("sh", 1)))

    assert answer.startswith("data: ")
    assert '"finish_reason":"length"' in answer
    assert answer.endswith("data: [DONE]\n\n")


def test_the_python_example_prints_an_answer_about_its_topic(as_documented):
    assert "rivers" in run(sys.executable, "-c", as_documented(example("python")))


@pytest.mark.node
def test_the_node_example_streams_an_answer_about_its_topic(as_documented, node_modules):
    program = node_modules / "readme.mjs"
    program.write_text(as_documented(example("js")))

    assert "rivers" in run("node", program.name, cwd=node_modules)
