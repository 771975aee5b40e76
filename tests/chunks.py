"""Puts the chunks of a streamed chat together by OpenAI's rules, strictly: what is out of order fails."""

import json
from typing import Any

Json = dict[str, Any]


def events(body: bytes) -> list[str]:
    """The data of each event; comments and other fields are no part of this API."""
    text = body.decode()
    assert text.endswith("\n\n")
    found = text[:-2].split("\n\n")
    assert all(event.startswith("data: ") and "\n" not in event for event in found)
    return [event.removeprefix("data: ") for event in found]


def chunks(body: bytes) -> list[Json]:
    """The chunks of a whole stream."""
    *found, done = events(body)
    assert done == "[DONE]"
    return [json.loads(event) for event in found]


def joined(stream: list[Json]) -> Json:
    """The chat.completion that a stream amounts to; `usage` only where the stream has it."""
    first = stream[0]
    shared = {key: first[key] for key in ("id", "created", "model", "service_tier", "system_fingerprint")}
    choices: dict[int, Json] = {}
    for chunk in stream:
        assert chunk["object"] == "chat.completion.chunk"
        assert {key: chunk[key] for key in shared} == shared
        for choice in chunk["choices"]:
            _add(choices, choice)
    answer = shared | {"object": "chat.completion", "choices": [choices[index] for index in sorted(choices)]}
    return answer | ({"usage": stream[-1]["usage"]} if stream[-1].get("usage") else {})


def _add(choices: dict[int, Json], choice: Json) -> None:
    index, delta, reason = choice["index"], choice["delta"], choice["finish_reason"]
    if index not in choices:
        assert delta.pop("role") == "assistant"
        message: Json = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        choices[index] = {"index": index, "message": message, "logprobs": None, "finish_reason": None}
    whole = choices[index]
    assert "role" not in delta
    assert whole["finish_reason"] is None
    assert reason is None or delta == {}
    whole["finish_reason"] = reason
    for field in ("content", "refusal"):
        if delta.get(field) is not None:
            whole["message"][field] = (whole["message"][field] or "") + delta[field]
    for call in delta.get("tool_calls", ()):
        _add_call(whole["message"].setdefault("tool_calls", []), dict(call))
    if "function_call" in delta:
        _add_text(whole["message"].setdefault("function_call", {}), delta["function_call"])
    if choice.get("logprobs"):
        whole["logprobs"] = whole["logprobs"] or {"content": None, "refusal": None}
        for field, tokens in choice["logprobs"].items():
            if tokens is not None:
                whole["logprobs"][field] = (whole["logprobs"][field] or []) + tokens


def _add_call(calls: list[Json], call: Json) -> None:
    index = call.pop("index")
    if index == len(calls):
        assert set(call) == {"id", "type", call["type"]}
        assert call[call["type"]].get("arguments", call[call["type"]].get("input")) == ""
        calls.append(call)
        return
    assert index == len(calls) - 1  # one call after the other
    kind = calls[index]["type"]
    assert set(call) == {kind}
    _add_text(calls[index][kind], call[kind])


def _add_text(known: Json, more: Json) -> None:
    assert known == {} or set(more) <= {"arguments", "input"}
    for field, text in more.items():
        known[field] = known.get(field, "") + text
