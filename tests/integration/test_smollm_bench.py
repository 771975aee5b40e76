"""Every fault and every limit on a real llama-server with SmolLM2, plain and streamed, beside the simulated model."""

import socket
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import openai
import pytest

from tests import faults_seen, limits_seen
from tests.integration.test_smollm import UP, real_environment
from tests.launcher.launched import Launched

__all__ = ["real_environment"]  # the same cache, and skipped where it cannot be had

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("real-model"), pytest.mark.timeout(600)]
REAL = "smollm2-135m"
HI = "What is the capital of France? Answer in one short sentence."
KINDS = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
ASK: dict[str, Any] = {
    "messages": [{"role": "user", "content": HI}],
    "max_completion_tokens": 8,
    "temperature": 0,
    "extra_body": {"cache_prompt": False},  # what is computed anew comes out the same
}


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, real_environment: dict[str, str]) -> Iterator[str]:
    """Where the one stack of this module is."""
    launched = Launched(tmp_path_factory.mktemp("bench"), free_port(), free_port(), UP, **real_environment)
    try:
        launched.until("is ready", seconds=500)
        yield f"http://127.0.0.1:{launched.port}"
    finally:
        launched.close()


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def whole(client: openai.OpenAI) -> dict[bool, faults_seen.Seen]:
    """What the real model says without a fault."""
    return {stream: faults_seen.ask(client, REAL, stream=stream, **ASK) for stream in (False, True)}


@KINDS
@pytest.mark.parametrize("name", faults_seen.CASES)
def test_a_fault(client: openai.OpenAI, whole: dict[bool, faults_seen.Seen], name: str, *, stream: bool) -> None:
    case = faults_seen.CASES[name]
    assert "Paris" in whole[stream].text

    seen = faults_seen.ask(
        client.with_options(timeout=3 if name == "stall" else 60), REAL, case.header, stream=stream, **ASK
    )

    (case.stream if stream else case.plain)(seen, whole[stream])


@KINDS
@pytest.mark.parametrize("name", limits_seen.CASES)
def test_a_limit(url: str, name: str, *, stream: bool) -> None:
    limits_seen.reach(f"{url}/t/{name.replace(' ', '-')}.{stream}", REAL, name, stream=stream)


@KINDS
@pytest.mark.parametrize("name", limits_seen.IMAGES)
def test_a_limit_of_images(url: str, name: str, *, stream: bool) -> None:
    limits_seen.reach_with_images(f"{url}/t/{name}.{stream}", REAL, name, stream=stream)


@pytest.mark.parametrize(
    ("fault", "last", "has_usage"),
    [
        ("crlf", "response.completed", True),
        ("no_done", "response.output_item.done", None),
        ("no_usage", "response.completed", False),
        ("error_event", "error", None),
        ("content_filter", "response.incomplete", True),
    ],
)
def test_a_fault_of_a_response(client: openai.OpenAI, fault: str, last: str, *, has_usage: bool | None) -> None:
    events: list[Any] = list(
        client.responses.create(
            model=REAL,
            input=HI,
            max_output_tokens=100,
            temperature=0,
            stream=True,
            extra_headers={"x-sim-fault": fault},
        )
    )

    assert events[-1].type == last
    if has_usage is not None:
        assert (events[-1].response.usage is not None) is has_usage


@pytest.mark.parametrize(
    ("fault", "last", "words"),
    [
        ("crlf", "message_stop", "end_turn"),
        ("no_done", "message_delta", "end_turn"),
        ("error_event", "error", "api_error"),
        ("content_filter", "message_stop", "refusal"),
    ],
)
def test_a_fault_of_a_message(url: str, fault: str, last: str, words: str) -> None:
    ask = {
        "model": REAL,
        "max_tokens": 100,
        "temperature": 0,
        "stream": True,
        "messages": [{"role": "user", "content": HI}],
    }
    told = httpx.post(f"{url}/v1/messages", json=ask, headers={"x-sim-fault": fault}, timeout=60).text

    events = [line.removeprefix("event: ") for line in told.splitlines() if line.startswith("event: ")]
    assert events[-1] == last
    assert words in told
