"""What the official SDK gives when each limit is reached: one table for stand-ins, llama-server and Compose."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

HELLO: Any = [{"role": "user", "content": "Tell me about tides."}]


@dataclass(frozen=True)
class Limited:
    """One plan of limits that one request uses up, and what the next is told."""

    plan: dict[str, Any]
    type: str
    code: str
    message: str  # a regular expression
    waits: bool = True  # whether it is told when to come back
    asks: int = 1  # how many are answered first


# Every limit there is: a field that is missing here fails a test.
CASES: dict[str, Limited] = {
    "requests_per_minute": Limited(
        {"limits": [{"requests_per_minute": 1}]},
        "requests",
        "rate_limit_exceeded",
        r"on requests per min \(RPM\): Limit 1, Used 1, Requested 1\. Please try again in ",
    ),
    "requests_per_day": Limited(
        {"limits": [{"requests_per_day": 1}]},
        "requests",
        "rate_limit_exceeded",
        r"on requests per day \(RPD\): Limit 1, Used 1, Requested 1\. Please try again in (23h59m|24h0m0s)",
    ),
    "tokens_per_minute": Limited(
        {"limits": [{"tokens_per_minute": 30}]},
        "tokens",
        "rate_limit_exceeded",
        r"on tokens per min \(TPM\): Limit 30, Used \d+, Requested 25\.",
    ),
    "tokens_per_day": Limited(
        {"limits": [{"tokens_per_day": 30}]},
        "tokens",
        "rate_limit_exceeded",
        r"on tokens per day \(TPD\): Limit 30, Used 25, Requested 25\.",
    ),
    "too large": Limited(
        {"limits": [{"tokens_per_minute": 24}]},
        "tokens",
        "rate_limit_exceeded",
        r"Request too large .* Limit 24, Requested 25\.",
        waits=False,
        asks=0,
    ),
    "concurrent": Limited(
        {"limits": [{"concurrent": 1}]},
        "requests",
        "rate_limit_exceeded",
        r"on concurrent requests: Limit 1, Used 1, Requested 1\. Please try again in 1s",
        asks=0,
    ),
    "budget": Limited(
        {"budget": {"usd": 0.000_001}, "prices": [{"model": "*", "input": 1, "output": 10}]},
        "insufficient_quota",
        "insufficient_quota",
        r"You exceeded your current quota",
        waits=False,
    ),
}
IMAGES: dict[str, Limited] = {
    f"images_per_{window}": Limited(
        {"limits": [{f"images_per_{window}": 1}]},
        "images",
        "rate_limit_exceeded",
        rf"on images per {words}: Limit 1, Used 1, Requested 1\.",
    )
    for window, words in (("minute", r"min \(IPM\)"), ("day", r"day \(IPD\)"))
}


def reach(url: str, model: str, name: str, *, stream: bool) -> None:
    """Use a limit up in a run whose address this is, and look at what the next request is told."""
    case = CASES[name]
    with OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        _limit(url, case)

        def ask() -> None:
            answer = client.chat.completions.create(model=model, messages=HELLO, max_tokens=20, stream=stream)
            if stream:
                list(answer)

        for _ in range(case.asks):
            ask()
        with (
            _one_that_stays(url, model) if name == "concurrent" else nullcontext(),
            pytest.raises(openai.RateLimitError, match=case.message) as caught,
        ):
            ask()
        _look(case, caught.value)
        if name == "concurrent":
            httpx.get(f"{url}/_sim/requests", params={"wait_for": 2}, timeout=60)  # the one that stayed has left
            ask()


def reach_with_images(url: str, model: str, name: str, *, stream: bool) -> None:
    """The same for limits of images; a model that makes none is refused for that, but counted."""
    case = IMAGES[name]
    with OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0, timeout=60) as client:
        _limit(url, case)

        def ask() -> None:
            answer: Any = client.images.generate(model=model, prompt="A tide", size="1024x1024", stream=stream)
            if stream:
                list(answer)

        if model.startswith("gpt-"):
            ask()
        else:
            with pytest.raises(openai.BadRequestError, match="reads and writes texts only"):
                ask()
        with pytest.raises(openai.RateLimitError, match=case.message) as caught:
            ask()
        _look(case, caught.value)


def _limit(url: str, case: Limited) -> None:
    answer = httpx.post(f"{url}/_sim/limits", json=case.plan, timeout=60)
    assert answer.status_code == 200, answer.text


def _look(case: Limited, error: openai.RateLimitError) -> None:
    assert (error.type, error.code, error.param) == (case.type, case.code, None)
    headers = error.response.headers
    assert ("retry-after" in headers, "retry-after-ms" in headers) == (case.waits, case.waits)
    assert headers["x-ratelimit-remaining-requests"].isdigit()


@contextmanager
def _one_that_stays(url: str, model: str) -> Iterator[None]:
    ask = {"model": model, "messages": HELLO, "max_tokens": 20, "stream": True}
    slow = {"x-sim-fault": "stall;after_events=1;seconds=60"}
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=ask, headers=slow, timeout=60) as answer:
        lines = answer.iter_lines()  # which closes the answer when nobody holds it
        next(lines)
        yield
