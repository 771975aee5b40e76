"""A request as recordings keep and compare it: without who asks, and without secrets.

Knows the JSON of the four APIs (proxy/scenarios/asked.py) and neither files nor answers.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from proxy.errors import BadRequestError
from proxy.runs.redaction import HIDDEN, names_a_secret, redacted
from proxy.scenarios.asked import Asked, dicts

# Who asks, and what no answer depends on.
_LEFT_OUT = frozenset({"user", "safety_identifier", "metadata", "prompt_cache_key", "api_key"})
_USUAL = {"stream": "false", "n": "1"}  # as canonical JSON: to say so, or nothing, is the same
_DEEPEST = 80  # a scenario may be nested 100 deep
_FIRST = ("model", "instructions", "system", "messages", "input", "prompt")
_DATA = re.compile(r"(?:data:(?P<kind>[\w.+/-]+)(?:;[^,]*)?,)?(?P<data>[A-Za-z0-9+/=_-]{256,})\Z")
_CALLS = ("function_call", "custom_tool_call")  # no set: what is asked may be no text


@dataclass(frozen=True)
class Question:
    """One request. Two with the same `key` mean the same; two with the same `skeleton` have texts to compare."""

    endpoint: str
    request: dict[str, Any]

    @classmethod
    def of(cls, endpoint: str, document: Mapping[str, Any], secrets: tuple[str, ...] = ()) -> "Question":
        """The question that a request's JSON asks; `secrets` came with the request."""
        if _is_deeper(document, _DEEPEST):
            raise BadRequestError(f"This is nested more than {_DEEPEST} deep, which no recording can keep.")
        return cls(endpoint, _kept(document, secrets))

    @cached_property
    def _asked(self) -> Asked:
        return Asked(self.endpoint, {}, self.request)

    @property
    def stream(self) -> bool:
        """Whether it is to be streamed."""
        return self._asked.stream

    @property
    def user(self) -> str:
        """The last text of the user."""
        return self._asked.user

    @cached_property
    def whole(self) -> str:
        """All of it, as a digest: the same for the same request, however its JSON is written."""
        return _digest([self.endpoint, self.request])

    @property
    def digest(self) -> str:
        """`whole`, short, for names."""
        return self.whole[:12]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """What is said, message by message, and how tools were called; white space is one space."""
        said = [turn.text for turn in self._asked.turns]
        return tuple([" ".join(text.split()) for text in [*said, *[call for _, call in self._parts.calls]]])

    @cached_property
    def skeleton(self) -> str:
        """What has to be the same: who speaks in which order, the tools, pictures and sounds, earlier responses; and
        the kind and number of answers, because one of another kind does not fit who asked.
        """
        roles = [turn.role for turn in self._asked.turns]
        called = [name for name, _ in self._parts.calls]
        threads = [self.request.get("previous_response_id"), self.request.get("conversation")]
        media = [canonical(each) for each in self._parts.media]
        kinds = [_kind(form) for form in _format(self.request)]
        wanted = [[kind for kind in kinds if kind != "text"], self.request.get("n")]
        offered = sorted(self._asked.tools)
        return _digest([self.endpoint, self._asked.model, roles, called, offered, media, threads, wanted])

    @cached_property
    def key(self) -> str:
        """The skeleton with its texts and the format of the answer."""
        return _digest([self.skeleton, self.texts, _format(self.request)])

    @cached_property
    def _parts(self) -> "_Parts":
        return _Parts.of(self.request)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What messages have beside texts."""

    calls: list[tuple[str, str]]
    media: list[Any]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "_Parts":
        found = cls([], [])
        prompt = request.get("prompt")
        if prompt is not None and not isinstance(prompt, str):
            found.media.append(prompt)
        for name in ("messages", "input"):
            for item in dicts(request.get(name)):
                found.calls.extend(_calls(item))
                found.media.extend([part for part in dicts(item.get("content")) if _is_medium(part)])
        return found


def _calls(item: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for call in dicts(item.get("tool_calls")):
        about = call.get("function") or call.get("custom")
        if isinstance(about, dict):
            yield str(about.get("name")), str(about.get("arguments") or about.get("input"))
    if item.get("type") in _CALLS:
        yield str(item.get("name")), str(item.get("arguments") or item.get("input"))
    for part in dicts(item.get("content")):
        if part.get("type") == "tool_use":
            yield str(part.get("name")), canonical(part.get("input"))


def _is_medium(part: dict[str, Any]) -> bool:
    return "text" not in part and part.get("type") not in ("tool_use", "tool_result", "refusal", "thinking")


def _format(request: Mapping[str, Any]) -> Any:
    """The form that the answer is to have, in the four APIs' words."""
    holders = [request.get("text"), request.get("output_config")]
    return [request.get("response_format"), *[each.get("format") for each in holders if isinstance(each, dict)]]


def _kind(form: Any) -> Any:
    return form.get("type") if isinstance(form, dict) else form or "text"


def _kept(document: Mapping[str, Any], secrets: tuple[str, ...]) -> dict[str, Any]:
    """The document in a steady order: the model and what is said first."""
    first = [name for name in _FIRST if name in document]
    rest = sorted([name for name, value in document.items() if not (name in _FIRST or _says_nothing(name, value))])
    return {name: _clean(document[name], secrets, name) for name in [*first, *rest]}


def _says_nothing(name: str, value: Any) -> bool:
    return name in _LEFT_OUT or (name in _USUAL and canonical(value) == _USUAL[name])


def _clean(value: Any, secrets: tuple[str, ...], name: str) -> Any:
    if isinstance(value, str):
        return HIDDEN if value and names_a_secret(name) else _short(redacted(value, secrets))
    if isinstance(value, dict):
        return {redacted(key, secrets): _clean(each, secrets, key) for key, each in value.items()}
    return [_clean(each, secrets, name) for each in value] if isinstance(value, list) else value


def _short(text: str) -> str:
    """Pictures and sounds as their digests."""
    if not (found := _DATA.match(text)):
        return text
    digest = blake2b(text.encode(), digest_size=12).hexdigest()
    return f"[{found['kind'] or 'base64'}, {len(found['data'])} characters, blake2b {digest}]"


def _is_deeper(value: Any, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, list) and (not levels or any(_is_deeper(each, levels - 1) for each in value))


def _digest(value: Any) -> str:
    return blake2b(canonical(value).encode(), digest_size=16).hexdigest()


def canonical(value: Any) -> str:
    """A JSON value as one text, whatever the order of its keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
