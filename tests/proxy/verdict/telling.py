"""Tells a journal: exchanges at times of an invented clock, as clients and servers would have made them."""

import json
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from proxy.runs.journal import Entry, Journal
from proxy.verdict.history import History
from proxy.verdict.mistake import Limits
from proxy.verdict.table import MISTAKES, verdict

CHAT, RESPONSES, MESSAGES, COMPLETIONS = "/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/completions"
HELLO: dict[str, Any] = {"role": "user", "content": "Hello!"}


def said(text: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def chat(text: str | None = "Hi there.", finish: str | None = "stop", calls: Any = ()) -> dict[str, Any]:
    """A chat completion; `calls` are (id, name, arguments)."""
    tools = [{"id": name, "type": "function", "function": {"name": tool, "arguments": a}} for name, tool, a in calls]
    message = {"role": "assistant", "content": text, **({"tool_calls": tools} if tools else {})}
    return {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": finish}]}


def chunks(*texts: str, finish: str | None = "stop") -> list[Any]:
    """The events of a chat's stream, without [DONE]."""
    deltas = [{"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts]
    last = [{"index": 0, "delta": {}, "finish_reason": finish}] if finish else []
    return [{"object": "chat.completion.chunk", "choices": [choice]} for choice in deltas + last]


class Telling:
    def __init__(self) -> None:
        self.time = 1000.0
        self.journal = Journal(lambda: 1_700_000_000.0 + self.time, lambda: self.time)

    def begin(self, ask: Any = None, path: str = CHAT, method: str = "POST", **headers: str) -> Entry:
        """A request that comes now; names of headers are written with underscores."""
        given = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        entry = self.journal.begin(method, URL(path), given)
        entry.asked(json.dumps({"model": "m", "messages": [HELLO]} if ask is None else ask).encode())
        return entry

    def end(self, entry: Entry, answer: Any, status: int = 200, end: Any = "whole", **headers: str) -> Entry:
        """It ends now. A list is a stream's events, where a text goes out as it is."""
        entry.status = status
        entry.answer_headers = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
        for event in answer if isinstance(answer, list) else ():
            entry.sent(b"data: %b\n\n" % (event if isinstance(event, str) else json.dumps(event)).encode())
        if not isinstance(answer, list):
            entry.sent(json.dumps(answer).encode())
        entry.end = "open" if end == "whole" else end
        self.journal.finish(entry, here=True)
        return entry

    def ask(self, ask: Any = None, answer: Any = None, at: float | None = None, **more: Any) -> Entry:
        """A whole exchange at a time, of a tenth of a second unless `took` says otherwise."""
        self.time = self.time if at is None else 1000.0 + at
        answering = {name: more.pop(name) for name in ("status", "end") if name in more}
        took, told = more.pop("took", 0.1), more.pop("told", {})
        entry = self.begin(ask, **more)
        self.time += took
        return self.end(entry, chat() if answer is None else answer, **answering, **told)

    def fail(self, status: int = 500, at: float | None = None, ask: Any = None, code: str | None = None, **more: Any):
        """An exchange with an error; `told` are its headers."""
        error = {"error": {"message": "no", "type": None, "param": None, "code": code}}
        return self.ask(ask, error, at, status=status, **more)

    @property
    def history(self) -> History:
        return History(self.journal, self.time)

    def verdict(self, **limits: Any) -> dict[str, Any]:
        return verdict(self.history, Limits(**limits))

    def found(self, mistake: str, **limits: Any) -> list[dict[str, Any]]:
        """Times that the mistake was made; no other one may have been."""
        assert mistake in MISTAKES
        mistakes: list[dict[str, Any]] = self.verdict(**limits)["mistakes"]
        assert {each["mistake"] for each in mistakes} <= {mistake}, mistakes
        return mistakes
