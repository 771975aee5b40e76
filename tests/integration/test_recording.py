"""The real model recorded and replayed without it: SmolLM2 by a real llama-server, all APIs, plain and streamed."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests import running
from tests.integration.test_smollm import real_environment, stack

__all__ = ["real_environment", "stack"]
pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("real-model"), pytest.mark.timeout(600)]
MODEL = "smollm2-135m"
QUESTION = "What is the capital of France? Answer in one short sentence."
SAID: Any = [{"role": "user", "content": QUESTION}]
ASKED: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"messages": SAID, "max_tokens": 24},
    "/v1/completions": {"prompt": "The capital of France is", "max_tokens": 12},
    "/v1/responses": {"input": QUESTION, "max_output_tokens": 24},
    "/v1/messages": {"messages": SAID, "max_tokens": 24},
}
MILLISECONDS = re.compile(r"^( +ms: |  +- \[)\d+", re.MULTILINE)


def asked(url: str) -> dict[tuple[str, bool], bytes]:
    """All APIs, plain and streamed, as bytes."""
    found = {}
    # A connection for each: llama-server closes one after some streams.
    with httpx.Client(base_url=url, timeout=120, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for path, stream in product(ASKED, (False, True)):
            body = {"model": MODEL, "temperature": 0, "stream": stream, **ASKED[path]}
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.text
            found[path, stream] = answer.content
    return found


def recorded(file: Path, llama: str) -> dict[tuple[str, bool], bytes]:
    with running.proxy("--llama-url", llama, "--record", str(file)) as proxy:
        return asked(proxy.url)


def test_the_real_model_is_recorded_and_replayed_byte_for_byte_without_it(stack, tmp_path):
    llama = f"http://127.0.0.1:{stack.llama_port}"
    asked(llama)  # what llama-server tells of its cache is the same from here on
    files = [tmp_path / "one.yaml", tmp_path / "two.yaml"]
    answers = [recorded(file, llama) for file in files]
    assert stack.end(15) == 0

    for file, said in zip(files, answers, strict=True):
        with running.proxy("--scenario", str(file), "--on-miss", "fail") as proxy:
            assert asked(proxy.url) == said
            with OpenAI(base_url=proxy.v1, api_key="any", max_retries=0) as client:
                ask: dict[str, Any] = {"model": MODEL, "temperature": 0, **ASKED["/v1/chat/completions"]}
                assert "Paris" in (client.chat.completions.create(**ask).choices[0].message.content or "")
                chunks = client.chat.completions.create(**ask, stream=True)
                assert "Paris" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    # The ids of responses and their items stay: later requests name them.
    texts = [MILLISECONDS.sub(r"\1", steady(file.read_text())) for file in files]
    assert texts[0] == texts[1]


def steady(text: str) -> str:
    return re.sub(r"\b(resp|msg|rs)_[A-Za-z0-9]+", r"\1", text)
