"""The Compose stack with a real llama-server and a real model: up, ask, crash, again, down."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import APIError, APIStatusError, OpenAI

from tests import faults_seen, limits_seen
from tests.docker.engine import Stack, docker, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]

REAL = "smollm2-135m"
SIMULATED = "gpt-sim-1"
QUESTION = "What is the capital of France? Answer in one sentence."
WITHOUT_DEVICES = """\
services:
  llama-cuda: {deploy: !reset {}}
  llama-rocm: {devices: !reset []}
  llama-vulkan: {devices: !reset []}
"""
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def stack(new_stack: Callable[..., Stack]) -> Iterator[Stack]:
    """The whole stack, up and healthy, its model fetched by the fetcher's container."""
    stack = new_stack("whole", MODEL=REAL)
    stack.compose("up", "--wait", "--no-build")
    yield stack
    assert stack.down() == []


def client(stack: Stack) -> OpenAI:
    return OpenAI(base_url=f"{stack.url}/v1", api_key="any-text", max_retries=0, timeout=60)


def ask(stack: Stack, model: str) -> str:
    with client(stack) as openai:
        answer = openai.chat.completions.create(
            model=model, messages=[{"role": "user", "content": QUESTION}], max_tokens=24, seed=1
        )
    return answer.choices[0].message.content or ""


@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_a_question_is_answered(stack: Stack, model: str) -> None:
    assert ask(stack, model)


@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_a_streamed_answer_comes_in_several_pieces(stack: Stack, model: str) -> None:
    with client(stack) as openai:
        stream = openai.chat.completions.create(
            model=model, messages=[{"role": "user", "content": QUESTION}], max_tokens=24, stream=True
        )
        deltas = [chunk.choices[0].delta.content for chunk in stream if chunk.choices]
    pieces = [delta for delta in deltas if delta]
    assert len(pieces) > 3


def test_the_real_model_is_llama_cpps_and_not_a_simulation_under_its_name(stack: Stack) -> None:
    question = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 4}
    said = {
        model: httpx.post(f"{stack.url}/v1/chat/completions", json={"model": model, **question}, timeout=60).json()
        for model in (REAL, SIMULATED)
    }
    assert "timings" in said[REAL], "which only llama.cpp adds"
    assert "timings" not in said[SIMULATED]


def test_both_kinds_of_model_are_listed_and_ready(stack: Stack) -> None:
    with client(stack) as openai:
        assert {REAL, SIMULATED} <= {model.id for model in openai.models.list()}
    assert httpx.get(f"{stack.url}/ready").status_code == 200


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_faults_are_what_the_sdk_sees(stack: Stack, model: str, *, stream: bool) -> None:
    fields: dict[str, Any] = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 8, "temperature": 0}
    if model == REAL:
        fields["extra_body"] = {"cache_prompt": False}  # what is computed anew comes out the same
    with client(stack) as openai:
        whole = faults_seen.ask(openai, model, stream=stream, **fields)
        for name in ("status", "cut", "reset", "malformed_json", "no_finish_reason"):
            case = faults_seen.CASES[name]
            (case.stream if stream else case.plain)(
                faults_seen.ask(openai, model, case.header, stream=stream, **fields), whole
            )


@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_a_client_that_leaves_a_stall_is_noted_and_its_place_is_free(stack: Stack, model: str) -> None:
    run = f"{stack.url}/t/stall-{model}"
    limits_seen.reach(run, model, "concurrent", stream=True)

    first, *_ = httpx.get(f"{run}/_sim/requests", timeout=60).json()["data"]
    assert (first["end"], first["faults"]) == ("left", ["stall"])


@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_day", "budget"])
@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_limits_are_what_the_sdk_sees(stack: Stack, model: str, name: str) -> None:
    for stream in (False, True):
        limits_seen.reach(f"{stack.url}/t/{name}-{model}-{stream}", model, name, stream=stream)


def test_llama_server_itself_is_published_too(stack: Stack) -> None:
    assert httpx.get(f"http://127.0.0.1:{stack.llama_port}/health").status_code == 200


def test_a_second_up_leaves_what_runs_alone(stack: Stack) -> None:
    before = [stack.container("llama"), stack.container("proxy")]
    stack.compose("up", "--wait", "--no-build")
    assert [stack.container("llama"), stack.container("proxy")] == before


def test_a_second_up_needs_no_network(stack: Stack) -> None:
    stack.compose("up", "--wait", "--no-build", PIP_INDEX_URL=NOBODY, HF_ENDPOINT=NOBODY)
    assert ask(stack, REAL)


def test_a_llama_that_crashes_is_an_openai_error_until_it_is_back(stack: Stack) -> None:
    llama = stack.container("llama")
    with client(stack) as openai:
        answer = endless(openai)
        next(answer)
        docker("exec", llama, "sh", "-c", "kill -KILL -1", check=False)  # all but PID 1, so not a manual stop
        with pytest.raises(APIError) as cut:
            deque(answer, maxlen=0)
    assert cut.value.code, "in OpenAI's shape"
    refused: list[APIStatusError] = []

    def answered() -> bool:
        assert ask(stack, SIMULATED), "the simulator answers all the while"
        try:
            return bool(ask(stack, REAL))
        except APIStatusError as error:
            refused.append(error)
            return False

    wait_until(answered, "the real model answers again")
    assert {error.status_code for error in refused} <= {502, 503}  # none at all where it is back at once
    assert all(error.code and error.type for error in refused), "each in OpenAI's shape"
    assert stack.inspect("llama")["RestartCount"] == 1
    assert stack.container("llama") == llama


def endless(openai: OpenAI) -> Iterator[object]:
    """An answer that goes on for longer than it takes to kill who gives it."""
    yield from openai.chat.completions.create(
        model=REAL,
        messages=[{"role": "user", "content": QUESTION}],
        max_tokens=2000,
        stream=True,
        extra_body={"ignore_eos": True},
    )


def test_a_model_out_of_reach_fails_the_command_and_not_the_endpoint(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack("unreachable", MODEL=REAL, PIP_INDEX_URL=NOBODY, HF_ENDPOINT=NOBODY, HF_TOKEN="")
    # The proxy mounts the new volume first, and still the fetcher's user can write to it.
    stack.compose("up", "--wait", "--no-build", "proxy")
    up = stack.compose("up", "--wait", "--no-build", check=False)
    assert up.returncode != 0
    assert 'service "fetcher" didn\'t complete successfully: exit 5' in up.stderr
    log = docker("logs", stack.container("fetcher")).stderr
    assert log.splitlines()[-1].startswith("error: ")

    assert ask(stack, SIMULATED)
    ready = httpx.get(f"{stack.url}/ready")
    assert ready.status_code == 503
    assert ready.json()["models"][REAL]["state"] == "failed"
    with pytest.raises(APIStatusError) as refused:
        ask(stack, REAL)
    assert (refused.value.status_code, refused.value.code) == (503, "model_failed")

    assert stack.down() == []


def test_up_waits_until_the_model_answers_in_every_profile(new_stack: Callable[..., Stack], tmp_path: Path) -> None:
    override = tmp_path / "without-devices.yml"
    override.write_text(WITHOUT_DEVICES)  # few machines have all three kinds; the wiring is what is tested
    stack = new_stack("profiles", override, MODEL=REAL)
    for profile in ("cpu", "cuda", "rocm", "vulkan"):
        stack.compose("--profile", profile, "up", "--wait", "--no-build")
        assert ask(stack, REAL), profile
        stack.compose("--profile", profile, "down")
    assert stack.down() == []
