"""One exchange of a run's journal, as tests look at it and as a report shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SHOWN = 60  # characters of a text in a line


@dataclass(frozen=True)
class Request:
    """What was asked and answered. `raw` is the whole entry of the journal (docs/runs.md)."""

    number: int
    method: str
    path: str
    model: str | None
    stream: bool
    status: int
    end: str  # whole, left, broken or open
    ms: float
    faults: tuple[str, ...]
    rule: str | None  # of the scenario
    usage: Mapping[str, Any] | None
    headers: Mapping[str, str]
    body: Any
    answer_headers: Mapping[str, str]
    answer: Any  # None where it was streamed: see `events`
    events: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def messages(self) -> list[Any]:
        """The messages of a chat, or what `input` says of a response."""
        said = self.body.get("messages", self.body.get("input")) if isinstance(self.body, dict) else None
        return said if isinstance(said, list) else [{"role": "user", "content": said}] if said else []

    @property
    def retry(self) -> int:
        """Which attempt it was, as OpenAI's and Anthropic's SDKs count: 0 is the first."""
        count = self.raw["client"]["retry"]
        return int(count) if count and count.isdigit() else 0

    @property
    def timing(self) -> Mapping[str, Any]:
        """How long it took by the run's latency (docs/latency.md), in milliseconds; empty where it has none."""
        timing = self.raw.get("timing")
        return timing if isinstance(timing, dict) else {}

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The error that it was answered, of a plain answer."""
        error = self.answer.get("error") if isinstance(self.answer, dict) else None
        return error if isinstance(error, dict) else None

    @property
    def unmatched(self) -> bool:
        """Whether it was refused because no rule of the scenario fits."""
        return self.error is not None and self.error.get("code") == "no_rule"

    def __str__(self) -> str:
        """One line, for reports."""
        asked = [f"#{self.number} {self.method} {self.path}", self.model or "", "streamed" if self.stream else ""]
        asked += [f"(retry {self.retry})" if self.retry else ""]
        error = (self.error.get("code") or self.error.get("type")) if self.error else ""
        told = [f"-> {self.status}", str(error), "" if self.end == "whole" else self.end, f"in {self.ms:.0f} ms"]
        told += [f"fault {name}" for name in self.faults] + [f"rule {self.rule!r}" if self.rule else ""]
        said = f"; {_short(self.messages[-1])}" if self.messages else ""
        return " ".join([part for part in (*asked, *told) if part]) + said


def read(entry: Mapping[str, Any]) -> Request:
    """A whole entry of the journal."""
    asked, answer = entry["request"], entry["answer"]
    return Request(
        **{name: entry[name] for name in ("number", "method", "path", "model", "stream", "status", "end", "ms")},
        faults=tuple(entry["faults"]),
        rule=entry["rule"],
        usage=entry["usage"],
        headers=asked["headers"],
        body=asked["body"],
        answer_headers=answer["headers"],
        answer=answer["body"],
        events=tuple([event["text"] for event in answer["events"] or ()]),
        raw=entry,
    )


def _short(message: Any) -> str:
    """The end of a conversation: its last role and what it says."""
    if not isinstance(message, dict):
        return ""
    text = message.get("content") or message.get("output")
    if isinstance(text, list):
        text = " ".join([str(part.get("text", "")) for part in text if isinstance(part, dict)])
    text = " ".join(str(text or "").split())
    return f"{message.get('role') or message.get('type')}: {text[:_SHOWN]!r}{'...' if len(text) > _SHOWN else ''}"
