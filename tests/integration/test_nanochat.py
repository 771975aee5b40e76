"""`make run-nanochat` as a user has it: a hub with the published files, an empty cache, and then answers.

The checkpoint is the small trained one of the test data; llama-server is real.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from bench.hub import serving
from tests.fetcher.convert.llama_server import find_llama_server
from tests.launcher.launched import ROOT, Launched

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600), pytest.mark.xdist_group("llama-server")]

TINY = ROOT / "tests" / "data" / "nanochat-tiny"
UP = (sys.executable, "-m", "launcher", "up", "--fail-fast")
NOWHERE = "http://127.0.0.1:9"
GOLDEN = [
    (item["prompt"]["messages"], item["greedy_text"].partition("<|assistant_end|>")[0])
    for item in json.loads((TINY / "golden.json").read_text())["items"]
    if isinstance(item["prompt"], dict)
]


@pytest.fixture(scope="module")
def hub() -> Iterator[str]:
    with serving(TINY, "sdobson/nanochat") as url:
        yield url


@pytest.fixture(scope="module")
def program() -> Path:
    return Path(find_llama_server())


@pytest.fixture
def launch(tmp_path, free_port, program):
    """Start native mode until the real model is ready."""
    started: list[Launched] = []

    def start(*, endpoint: str, **environ: str) -> Launched:
        own = {"LLAMA_SERVER": str(program), "HF_ENDPOINT": endpoint, "MODEL": "", **environ}
        launched = Launched(tmp_path, free_port(), free_port(), UP, **own)
        started.append(launched)
        launched.until("is ready", seconds=200)
        return launched

    yield start
    for launched in started:
        launched.close()


def answers(stack: Launched) -> list[tuple[str, str]]:
    """What the model says to each conversation, plain and streamed."""
    said = []
    url = f"http://127.0.0.1:{stack.port}/v1"
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        for messages, _ in GOLDEN:
            ask = {"model": "nanochat", "messages": messages, "temperature": 0, "max_tokens": 64}
            plain = client.chat.completions.create(**ask)
            stream = client.chat.completions.create(**ask, stream=True)
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
            said.append((plain.choices[0].message.content or "", "".join(pieces)))
    return said


def test_from_an_empty_cache_to_the_originals_answers_and_again_without_the_hub(launch, hub):
    stack = launch(endpoint=hub, QUANTIZATION="f32")
    assert answers(stack) == [(expected, expected) for _, expected in GOLDEN]
    assert "converting it to f32" in stack.said
    assert stack.end(15) == 0
    again = launch(endpoint=NOWHERE)
    assert answers(again) == [(expected, expected) for _, expected in GOLDEN]


def test_by_default_it_is_q4_k_m_through_the_library_beside_llama_server(launch, hub):
    stack = launch(endpoint=hub)
    manifest = json.loads((stack.cache / "models" / "nanochat" / "manifest.json").read_bytes())
    assert (manifest["file"], manifest["quantization"]) == ("nanochat-q4_k_m.gguf", "Q4_K_M")
    assert manifest["source"]["ref"] == "sdobson/nanochat:model_000650.pt"
    url = f"http://127.0.0.1:{stack.port}/v1"
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        told = client.models.retrieve("nanochat")
    assert told.owned_by == "sdobson"
    assert all(plain == streamed for plain, streamed in answers(stack))


def test_a_static_llama_server_without_the_library_means_q8_0_and_a_word(launch, hub, program, tmp_path):
    alone = tmp_path / "alone" / "llama-server"
    alone.parent.mkdir()
    alone.write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
    alone.chmod(0o755)
    stack = launch(endpoint=hub, LLAMA_SERVER=str(alone), PATH="/usr/bin:/bin")
    assert (stack.cache / "models" / "nanochat" / "nanochat-q8_0.gguf").exists()
    assert "q8_0 needs none and is taken instead" in stack.said


def test_a_folder_of_this_machine_is_served_under_its_own_name(launch, tmp_path):
    folder = tmp_path / "My run"
    shutil.copytree(TINY, folder)
    stack = launch(endpoint=NOWHERE, QUANTIZATION="f32", MODEL=str(folder))
    url = f"http://127.0.0.1:{stack.port}/v1"
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        assert "my-run" in {model.id for model in client.models.list()}
        messages, expected = GOLDEN[0]
        said = client.chat.completions.create(model="my-run", messages=messages, temperature=0, max_tokens=64)
    assert said.choices[0].message.content == expected
