"""The Compose stack with a real llama-server and a real model: up, ask, crash, again, down."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from openai import APIStatusError, OpenAI

from tests.docker.engine import Stack, docker, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]

REAL = "smollm2-135m"
SIMULATED = "gpt-sim-1"
QUESTION = "What is the capital of France? Answer in one sentence."
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
    answer = client(stack).chat.completions.create(
        model=model, messages=[{"role": "user", "content": QUESTION}], max_tokens=24, seed=1
    )
    return answer.choices[0].message.content or ""


def answers(stack: Stack, model: str) -> bool:
    try:
        return bool(ask(stack, model))
    except APIStatusError:
        return False


@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_a_question_is_answered(stack: Stack, model: str) -> None:
    assert ask(stack, model)


@pytest.mark.parametrize("model", [REAL, SIMULATED])
def test_a_streamed_answer_comes_in_several_pieces(stack: Stack, model: str) -> None:
    stream = client(stack).chat.completions.create(
        model=model, messages=[{"role": "user", "content": QUESTION}], max_tokens=24, stream=True
    )
    pieces = [chunk.choices[0].delta.content for chunk in stream if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 3


def test_the_real_model_knows_the_capital_of_france(stack: Stack) -> None:
    assert "Paris" in ask(stack, REAL)


def test_both_kinds_of_model_are_listed_and_ready(stack: Stack) -> None:
    assert {REAL, SIMULATED} <= {model.id for model in client(stack).models.list()}
    assert httpx.get(f"{stack.url}/ready").status_code == 200


def test_llama_server_itself_is_published_too(stack: Stack) -> None:
    assert httpx.get(f"http://127.0.0.1:{stack.llama_port}/health").status_code == 200


def test_a_second_up_needs_no_network_and_leaves_what_runs_alone(stack: Stack) -> None:
    before = [stack.container("llama"), stack.container("proxy")]
    nowhere = {"PIP_INDEX_URL": NOBODY, "HF_ENDPOINT": NOBODY}
    stack.compose("up", "--wait", "--no-build", **nowhere)
    assert [stack.container("llama"), stack.container("proxy")] == before
    assert answers(stack, REAL)


def test_a_llama_that_crashes_is_an_openai_error_until_it_is_back(stack: Stack) -> None:
    first_start = stack.inspect("llama")["State"]
    llama = stack.container("llama")
    assert docker("exec", llama, "id", "-u").stdout.strip() == "1000"
    docker("exec", llama, "sh", "-c", "kill -STOP -1")  # held, so that the request below surely meets no server
    docker("kill", "--signal", "KILL", llama, check=False) if False else None
    assert first_start
