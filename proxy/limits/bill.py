"""What an answer used, read from its bytes: the usage that it tells, or an estimate where it tells none."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from proxy.faults.fault import Pieces, Shaped, data_of, is_stream, joined
from proxy.relay import Answer, content_type
from proxy.runs.view import decoded
from proxy.sim.tokens import count


@dataclass(slots=True)
class Usage:
    """The tokens of one exchange; `cached` are among those of the prompt."""

    prompt: int
    cached: int = 0
    completion: int = 0
    told: bool = False
    _text: str = ""

    def see(self, document: Any) -> None:
        """Learn from an answer, or from an event of one."""
        if not isinstance(document, dict):
            return
        for holder in (document, document.get("response"), document.get("message")):
            usage = holder.get("usage") if isinstance(holder, dict) else None
            if isinstance(usage, dict):
                self._learn(usage)
        if not self.told:
            self._text += "".join(texts_of(document))

    def settle(self) -> None:
        """The answer is over: what it did not tell is estimated."""
        if not self.told:
            self.completion = count(self._text)

    def _learn(self, usage: dict[str, Any]) -> None:
        """OpenAI's two sets of names, and Anthropic's, which come in two events."""
        self.told = True
        self.prompt = _whole(usage, "prompt_tokens", "input_tokens", self.prompt)
        self.completion = _whole(usage, "completion_tokens", "output_tokens", self.completion)
        details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
        if isinstance(details, dict):
            self.cached = min(_whole(details, "cached_tokens", "cached_tokens", 0), self.prompt)


async def billed(answer: Answer, usage: Usage, charge: Callable[[Usage], str]) -> Answer:
    """The answer, charged when it is over; with its cost in a header where that is known before it goes out."""
    if is_stream(answer) and not isinstance(answer.body, bytes):
        return Answer(Shaped(answer.body, lambda pieces: _read(pieces, usage, charge)), answer.headers, answer.status)
    body = answer.body
    if not isinstance(body, bytes):
        if not content_type(answer.headers).startswith("application/json"):
            return answer
        async with aclosing(body) as source:
            body = await joined(aiter(source))
    if is_stream(answer):
        for event in body.split(b"\n\n"):
            usage.see(decoded(data_of(event) or b""))
    else:
        usage.see(decoded(body))
        if not usage.told:  # pictures of dall-e, moderations
            return Answer(body, answer.headers, answer.status)
    usage.settle()
    return Answer(body, {**answer.headers, "x-sim-cost": charge(usage)}, answer.status)


async def _read(pieces: Pieces, usage: Usage, charge: Callable[[Usage], str]) -> AsyncGenerator[bytes, None]:
    """The pieces as they come; what a client has not waited for is charged as far as it came."""
    held = b""
    try:
        async for piece in pieces:
            *whole, held = (held + piece).split(b"\n\n")
            for event in whole:
                usage.see(decoded(data_of(event) or b""))
            yield piece
    finally:
        usage.settle()
        charge(usage)


def texts_of(document: Any) -> list[str]:
    """What a model wrote in a chunk of a chat or a completion, or in an event of the other APIs."""
    if not isinstance(document, dict):
        return []
    texts = []
    for choice in document.get("choices") or ():
        if isinstance(choice, dict):
            delta = choice.get("delta") or choice.get("message") or {}
            texts += [choice.get("text"), delta.get("content"), delta.get("reasoning_content"), delta.get("refusal")]
            texts += [(call.get("function") or {}).get("arguments") for call in delta.get("tool_calls") or ()]
            texts += [(call.get("custom") or {}).get("input") for call in delta.get("tool_calls") or ()]
    delta = document.get("delta")
    texts += [delta.get("text"), delta.get("partial_json")] if isinstance(delta, dict) else [delta]
    return [text for text in texts if isinstance(text, str) and text]


def _whole(usage: dict[str, Any], name: str, other: str, usual: int) -> int:
    value = usage.get(name, usage.get(other))
    return value if isinstance(value, int) and value >= 0 else usual
