"""docs/verdict.md: its examples, run as they are written, with the output that it shows, and every mistake."""

import json
import re
import shutil
import subprocess
import sys

import httpx
import pytest

from proxy.verdict.table import MISTAKES
from tests.running import ROOT

PAGE = (ROOT / "docs/verdict.md").read_text()
SHOWN = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)


def run(server, *command):
    words = [word.replace("http://127.0.0.1:3080", server.url) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout


def timeless(text):
    return re.sub(r"came \d+ ms", "came so many ms", text)


def test_every_mistake_has_its_place():
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(MISTAKES)


def test_the_python_example_prints_what_is_shown(simulator):
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

    assert timeless(run(simulator, sys.executable, "-c", example)) == timeless(SHOWN[0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="the curl examples are NOT tested: no curl")
def test_the_curl_examples_print_what_is_shown(simulator):
    base = f"{simulator.url}/t/demo"
    rules = [
        {"when": {"user": "stop"}, "answer": {"text": "Stopped."}},
        {"answer": {"tool_calls": [{"name": "get_weather", "arguments": {}}]}},
    ]
    httpx.post(f"{base}/_sim/scenario", json={"rules": rules})
    for text in ("How is the weather in Rome?", "And in Oslo?", "stop"):
        ask = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": text}]}
        httpx.post(f"{base}/v1/chat/completions", json=ask)
    asserted, seeded = [run(simulator, "sh", "-c", each) for each in re.findall(r"\$ (curl .*?)\n```", PAGE, re.DOTALL)]

    assert asserted.strip() == SHOWN[1].strip()
    assert {**json.loads(seeded), "created": 0, "bytes": 0} == {**json.loads(SHOWN[2]), "created": 0, "bytes": 0}
