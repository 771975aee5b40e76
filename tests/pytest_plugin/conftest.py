"""Runs small test files under the plugin, as its users do."""

import pytest

from tests.running import ROOT

PLUGIN = "openai_api_simulator.pytest_plugin"
# What an application does, with no client library to import.
ASK = """
import json, os, urllib.error, urllib.request

import pytest

def ask(text="hello", **more):
    body = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": text}], "max_tokens": 5, **more}
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = answer.read().decode()
            return 200, said if more.get("stream") else json.loads(said)["choices"][0]["message"]["content"]
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())["error"]["message"]
"""


@pytest.fixture
def run(pytester, simulator, monkeypatch):
    """Run one test file in this process against the shared simulator; other files by name."""
    monkeypatch.delenv("OPENAI_SIM_URL", raising=False)

    def run(source, *arguments, url=simulator.url, **files):
        pytester.makepyfile(test_app=ASK + source)
        for name, text in files.items():
            pytester.makefile("." + name.rpartition("_")[2], **{name.rpartition("_")[0]: text})
        found = ("--openai-sim-url", url) if url else ()
        quiet = ("--strict-markers", "-p", "no:cacheprovider", "-p", "no:asyncio", "-p", "no:xdist")
        return pytester.runpytest_inprocess("-p", PLUGIN, *quiet, *found, *arguments)

    return run


@pytest.fixture
def outer(pytester, monkeypatch):
    """Run test files in a process of its own, where the plugin has to start a simulator."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("OPENAI_SIM_URL", raising=False)

    def outer(source, *arguments, **more):
        pytester.makepyfile(test_app=ASK + source, **more)
        return pytester.runpytest_subprocess("-p", PLUGIN, "-p", "no:cacheprovider", *arguments, timeout=90)

    return outer
