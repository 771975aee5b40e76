"""What a request asks of limits: who asks, which model, and how much, as far as that can be said before the answer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from proxy.limits.bucket import Kind
from proxy.limits.plan import Scope
from proxy.runs.view import decoded, model_of

_GENERATING = frozenset({"/chat/completions", "/completions", "/responses", "/messages"})
_PICTURES = frozenset({"/images/generations", "/images/edits", "/images/variations"})
_OTHERS = frozenset({"/embeddings", "/moderations", "/audio/speech", "/audio/transcriptions", "/audio/translations"})
_METERED = _GENERATING | _PICTURES | _OTHERS
_USUAL_ORGANIZATION = "simulator"
_LONGEST_NAME = 200

# As OpenAI does, which does not tokenize for its limits (https://community.openai.com/t/360359).
CHARACTERS_A_TOKEN = 4
# Where no maximum is given: what max_tokens once was without one, and about what OpenAI's cookbook reckons with.
_USUAL_ANSWER = 16
_TEXTS = ("messages", "input", "prompt", "system", "instructions")
_NO_TEXTS = frozenset({"type", "role", "id", "data", "url", "image_url", "file_data", "b64_json", "tool_call_id"})
_MAXIMA = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_FIELD = re.compile(rb'name="?(model|n)"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{0,200})\r\n')


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. `prompt_tokens` is an estimate, `tokens` that of the whole exchange."""

    key: str
    organization: str
    model: str
    prompt_tokens: int
    tokens: int
    images: int

    def amount(self, kind: Kind) -> int:
        """How much of a limit it takes."""
        return 1 if kind == "requests" else self.tokens if kind == "tokens" else self.images

    def who(self, scopes: tuple[Scope, ...]) -> tuple[str, ...]:
        """Who it is, as far as the scopes tell."""
        return tuple([str(getattr(self, scope)) for scope in scopes])


def is_metered(method: str, path: str) -> bool:
    """Whether limits hold for a request: it goes to a model."""
    return method == "POST" and _endpoint(path) in _METERED


def generates(method: str, path: str) -> bool:
    """Whether a request is for an answer of tokens, one after another."""
    return method == "POST" and _endpoint(path) in _GENERATING


def read(path: str, headers: Mapping[str, str], body: bytes) -> Ask:
    """What a request asks; what is wrong in it counts as not being there, for the endpoint says so."""
    asked = decoded(body)
    if not isinstance(asked, dict):
        asked = {name.decode(): value.decode("utf-8", "replace") for name, value in _FIELD.findall(body)}
    endpoint = _endpoint(path)
    bearer = headers.get("Authorization", "").removeprefix("Bearer ")
    given = bearer or headers.get("x-api-key") or headers.get("api-key", "")
    prompt = sum([estimate(asked[name]) for name in _TEXTS if name in asked])
    several = max(_number(asked, "n", 1), _number(asked, "best_of", 1))
    most = next((most for name in _MAXIMA if (most := _number(asked, name, 0))), _USUAL_ANSWER)
    return Ask(
        key=given[:_LONGEST_NAME],
        organization=(headers.get("openai-organization") or _USUAL_ORGANIZATION)[:_LONGEST_NAME],
        model=(model_of(asked) or "")[:_LONGEST_NAME],
        prompt_tokens=prompt,
        tokens=prompt + several * most if endpoint in _GENERATING else prompt,
        images=several if endpoint in _PICTURES else 0,
    )


def estimate(value: Any) -> int:
    """About how many tokens the texts within a value have; a number is a token already."""
    characters = numbers = 0
    for text in _texts(value):
        if isinstance(text, str):
            characters += len(text)
        else:
            numbers += 1
    return -(-characters // CHARACTERS_A_TOKEN) + numbers


def _texts(value: Any) -> Iterator[str | int]:
    """The texts, and the numbers that stand in lists; a stack, for nothing here limits the depth."""
    stack = [value]
    while stack:
        at = stack.pop()
        if isinstance(at, str):
            yield at
        elif isinstance(at, list):
            stack += [each for each in at if not isinstance(each, int)]
            yield from [each for each in at if isinstance(each, int)]
        elif isinstance(at, dict):
            stack += [each for name, each in at.items() if name not in _NO_TEXTS]


def _number(asked: dict[str, Any], name: str, usual: int) -> int:
    value = asked.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:6])
    return value if isinstance(value, int) and 0 < value < 10**9 else usual


def _endpoint(path: str) -> str:
    return path.removeprefix("/v1").rstrip("/")
