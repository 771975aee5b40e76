"""Asks a server every case, and says what is wrong with the answers."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from tests.conformance import yardsticks
from tests.conformance.cases import Case, Endpoint, Framing, Given, Refused, Shape

LLAMA_SERVERS_OWN = frozenset({"id", "timings"})  # of a token, of an answer
_NOT_THERE = re.compile(r": 40[45]: |40[45] instead of 400")


@dataclass
class Tally:
    """How many cases were right, of how many, and what was wrong with the others."""

    right: int = 0
    asked: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, name: str, problems: list[str]) -> None:
        self.asked += 1
        self.right += not problems
        self.problems += [f"{name}: {problem}" for problem in problems]


@dataclass
class Outcome:
    """An endpoint's, held against the description and, apart, against the SDK's models."""

    endpoint: Endpoint
    plain: Tally = field(default_factory=Tally)
    stream: Tally = field(default_factory=Tally)
    sdk: Tally = field(default_factory=Tally)
    refused: Tally = field(default_factory=Tally)
    there: bool = True

    @property
    def problems(self) -> list[str]:
        return list(
            dict.fromkeys(self.plain.problems + self.stream.problems + self.sdk.problems + self.refused.problems)
        )


class NoAnswerError(Exception):
    """The answer is none that could be looked at."""


def ask(client: httpx.Client, endpoint: Endpoint, model: str, *, real: bool = False) -> Outcome:
    """All cases of an endpoint; `client` has the base URL with /v1."""
    endpoint = replace(endpoint, ours=endpoint.ours | LLAMA_SERVERS_OWN) if real else endpoint
    outcome = Outcome(endpoint)
    for case in endpoint.cases:
        if real and not case.real:
            continue
        more = dict(endpoint.real_body or {}) if real else {}
        if case.plain:
            _note(outcome, outcome.plain, case, lambda: _plain(client, endpoint, case, model, more))  # noqa: B023
        if endpoint.events and case.stream:
            streamed = f"{case.name} (streamed)"
            _note(outcome, outcome.stream, case, lambda: _stream(client, endpoint, case, model, more), streamed)  # noqa: B023
    for refusal in () if real else endpoint.refused:
        outcome.refused.add(f"refuses {refusal.what}", _refusal(client, endpoint, refusal, model))
    outcome.there = not outcome.problems or not all(_NOT_THERE.search(each) for each in outcome.problems)
    return outcome


def _note(outcome: Outcome, tally: Tally, case: Case, asked: Any, name: str = "") -> None:
    try:
        described, sdk = asked()
    except NoAnswerError as problem:
        described = sdk = [str(problem)]
    except httpx.HTTPStatusError as problem:
        described = sdk = [f"{problem.response.status_code}: what must come first failed: {problem.request.url.path}"]
    tally.add(name or case.name, described)
    if outcome.endpoint.plain.sdk is not None or name:  # a file is held against nothing of the SDK's
        outcome.sdk.add(name or case.name, sdk)


Verdict = tuple[list[str], list[str]]  # by the description, by the SDK


def _plain(client: httpx.Client, endpoint: Endpoint, case: Case, model: str, more: Mapping[str, Any]) -> Verdict:
    answer = client.send(_request(client, endpoint, case, model, more))
    _check_head(answer, endpoint.plain.content_types)
    if endpoint.plain.sdk is None:
        empty = [] if answer.content else ["the answer is empty"]
        return empty, empty
    value = _json(answer.content)
    missing = [f"{path} is not there" for path in case.shows if not _found(path, value)]
    described, sdk = _held(endpoint.plain, value, endpoint)
    return described + missing, sdk


def _stream(client: httpx.Client, endpoint: Endpoint, case: Case, model: str, more: Mapping[str, Any]) -> Verdict:
    assert endpoint.events is not None
    answer = client.send(_request(client, endpoint, case, model, {**more, "stream": True}))
    _check_head(answer, ("text/event-stream",))
    events = list(_events(answer.text, endpoint.framing))
    described, sdk = [], []
    for event in events:
        shape = endpoint.events
        if endpoint.framing == "typed":
            shape = Shape(yardsticks.described_event(event), yardsticks.sdk_event(event))
            described += [] if shape.schema else [f"no such event: {event.get('type')}"]
        one, other = _held(shape, event, endpoint)
        described += one
        sdk += other
    if endpoint.framing == "typed" and [event.get("sequence_number") for event in events] != list(range(len(events))):
        described.append("sequence_number does not count from 0")
    described += [f"{path} is in no event" for path in case.shows if not any(_shown(path, event) for event in events)]
    return list(dict.fromkeys(described))[:3], list(dict.fromkeys(sdk))[:3]


def _held(shape: Shape, value: Any, endpoint: Endpoint) -> Verdict:
    value = shape.softened(value)
    described = yardsticks.against_description(shape.schema, value) if shape.schema else []
    sdk = yardsticks.against_sdk(shape.sdk, value, endpoint.ours) if shape.sdk is not None else []
    return described, sdk


def _refusal(client: httpx.Client, endpoint: Endpoint, refusal: Refused, model: str) -> list[str]:
    answer = client.request(endpoint.method, endpoint.path.lstrip("/"), json={"model": model, **refusal.body})
    if answer.status_code != 400:
        return [f"{answer.status_code} instead of 400"]
    value = _json(answer.content)
    problems = yardsticks.against_description("ErrorResponse", value)
    if not problems and value["error"]["param"] != refusal.param:
        problems = [f"param is {value['error']['param']!r} instead of {refusal.param!r}"]
    return problems


def _request(
    client: httpx.Client, endpoint: Endpoint, case: Case, model: str, more: Mapping[str, Any]
) -> httpx.Request:
    given = case.before(client, model) if case.before else Given()
    path = endpoint.path.format_map({"model": model, **given.path}).lstrip("/")
    if case.form is not None:
        form = case.form()
        data = {**form.pop("data", {}), **({"stream": "true"} if more.get("stream") else {})}
        return client.build_request(endpoint.method, path, data=data, **form)
    named = {"model": model} if endpoint.names_model else {}
    body = None if case.body is None or endpoint.method == "GET" else {**named, **case.body, **given.body, **more}
    query = {**case.query, **({"stream": "true"} if more.get("stream") and endpoint.method == "GET" else {})}
    return client.build_request(endpoint.method, path, json=body, params=query)


def _check_head(answer: httpx.Response, content_types: tuple[str, ...]) -> None:
    content_type = answer.headers.get("content-type", "").split(";")[0]
    if answer.status_code != 200:
        raise NoAnswerError(f"{answer.status_code}: {_message(answer)}")
    if content_type not in content_types:
        raise NoAnswerError(f"the content type is {content_type!r}")


def _message(answer: httpx.Response) -> str:
    """What the error says, without what differs from run to run."""
    found = re.search(r'"message":\s*"((?:[^"\\]|\\.)*)"', answer.text)
    return re.sub(r"\breq_\w+", "...", found[1] if found else answer.text)[:160]


def _json(body: str | bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as problem:
        raise NoAnswerError(f"not JSON: {problem}") from None


def _events(text: str, framing: Framing) -> Iterator[Any]:
    """The decoded events of a stream that is framed as OpenAI frames its own."""
    if not text.endswith("\n\n"):
        raise NoAnswerError("the last event is not ended")
    blocks = text.removesuffix("\n\n").split("\n\n")
    if blocks[-1] == "data: [DONE]" and framing != "typed":
        blocks.pop()
    elif framing == "done":
        raise NoAnswerError("the stream does not end with [DONE]")
    for block in blocks:
        *named, data = block.split("\n")
        if not data.startswith("data: "):
            raise NoAnswerError(f"an event has no data: {block[:80]!r}")
        event = _json(data.removeprefix("data: "))
        name = [f"event: {event.get('type')}"]
        allowed: dict[Framing, list[list[str]]] = {"done": [[]], "typed": [name], "any": [[], name]}
        if named not in allowed[framing]:
            raise NoAnswerError(f"an event begins with {named!r}")
        yield event


def _shown(path: str, event: Any) -> bool:
    """Whether an event shows what a plain answer shows at `path`."""
    whole = event.get("response") if isinstance(event, dict) else None
    return any(_found(each, event) for each in (path, path.replace("message", "delta"))) or _found(path, whole)


def _found(path: str, value: Any) -> bool:
    """Whether something other than null is at `path`; `*` is any item of an array, `name=text` a field's value."""
    if not path:
        return value is not None
    first, _, rest = path.partition(".")
    if first == "*":
        return isinstance(value, list) and any(_found(rest, each) for each in value)
    if isinstance(value, list):
        return first.isdigit() and int(first) < len(value) and _found(rest, value[int(first)])
    name, equals, text = first.partition("=")
    if not isinstance(value, dict) or name not in value:
        return False
    return str(value[name]) == text if equals else _found(rest, value[name])
