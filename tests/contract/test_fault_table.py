"""Every fault, on a simulated and a real model (a stand-in), plain and streamed: what the official SDK gives for it."""

from typing import Any

import pytest
from openai import OpenAI

from proxy.faults.table import FAULTS
from tests import running
from tests.faults_seen import CASES, ask

QUESTION: Any = [{"role": "user", "content": "Grüße aus München! Tell me about naïve cafés."}]


@pytest.fixture(scope="module")
def client():
    with (
        running.upstream("complete") as upstream,
        running.proxy("--llama-url", upstream.url) as proxy,
        OpenAI(base_url=proxy.v1, api_key="any", max_retries=0, timeout=20) as client,
    ):
        yield client


def test_every_fault_is_in_the_table():
    assert CASES.keys() == FAULTS.keys()
    assert not [name for name, case in CASES.items() if not case.header.startswith(name)]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
@pytest.mark.parametrize("name", CASES)
def test_what_the_sdk_gives(client, name, model, stream):
    case = CASES[name]
    whole = ask(client, model, stream=stream, messages=QUESTION)
    patience = client.with_options(timeout=1) if name == "stall" else client

    seen = ask(patience, model, case.header, stream=stream, messages=QUESTION)

    (case.stream if stream else case.plain)(seen, whole)
