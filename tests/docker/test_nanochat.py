"""The Compose stack as it is by default: nanochat, fetched from a hub, converted, served, and asked."""

import json
from collections.abc import Callable, Iterator

import pytest
from openai import OpenAI

from tests.docker.engine import ROOT, Stack, docker

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]

TINY = ROOT / "tests" / "data" / "nanochat-tiny"
HUB = "http://hub:8099"
GOLDEN = [
    (item["prompt"]["messages"], item["greedy_text"].partition("<|assistant_end|>")[0])
    for item in json.loads((TINY / "golden.json").read_text())["items"]
    if isinstance(item["prompt"], dict)
]


@pytest.fixture(scope="module")
def stack(
    new_stack: Callable[..., Stack], images: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """Without a MODEL, beside a container that serves a small trained checkpoint in the published layout."""
    override = tmp_path_factory.mktemp("hub") / "hub.yml"
    hub = {
        "image": images["fetcher"],
        "entrypoint": ["python", "/hub.py", "/data", "sdobson/nanochat", "--host", "0.0.0.0", "--port", "8099"],
        "volumes": [f"{ROOT / 'bench' / 'hub.py'}:/hub.py:ro", f"{TINY}:/data:ro"],
    }
    fetcher = {"depends_on": {"hub": {"condition": "service_started"}}}
    override.write_text(json.dumps({"services": {"hub": hub, "fetcher": fetcher}}))
    stack = new_stack("nanochat", override, MODEL="", HF_ENDPOINT=HUB, HF_TOKEN="", QUANTIZATION="")
    stack.compose("up", "--wait", "--no-build")
    yield stack
    assert stack.down() == []


@pytest.fixture
def openai(stack: Stack) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{stack.url}/v1", api_key="any-text", max_retries=0, timeout=60) as client:
        yield client


def test_the_checkpoint_became_a_q4_k_m_file_and_nothing_else_stayed(stack: Stack, openai: OpenAI) -> None:
    told = openai.models.retrieve("nanochat").model_dump()
    assert told["owned_by"] == "sdobson"
    left = stack.compose("exec", "proxy", "ls", "/models/nanochat").stdout.split()
    assert sorted(left) == ["llama.env", "manifest.json", "model.gguf", "nanochat-q4_k_m.gguf"]
    assert "converting it to q4_k_m" in docker("logs", stack.container("fetcher")).stderr


def test_it_answers_what_the_original_answers_plain_and_streamed(openai: OpenAI) -> None:
    same = 0
    for messages, expected in GOLDEN:
        ask = {"model": "nanochat", "messages": messages, "temperature": 0, "max_tokens": 64}
        plain = openai.chat.completions.create(**ask)
        stream = openai.chat.completions.create(**ask, stream=True)
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
        assert "".join(pieces) == plain.choices[0].message.content
        assert len([piece for piece in pieces if piece]) > 3
        assert plain.choices[0].finish_reason == "stop"
        same += plain.choices[0].message.content == expected
    assert same >= len(GOLDEN) - 1, "quantised, so not each must be the same to the letter"


def test_a_second_fetch_needs_no_hub(stack: Stack) -> None:
    stack.compose("run", "--rm", "--no-deps", "fetcher", HF_ENDPOINT="http://127.0.0.1:9")
