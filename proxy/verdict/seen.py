"""One exchange of the journal, understood: what makes it the same as another one, or the next turn after it.

What has to be known of every exchange is small, and is kept at its entry once the exchange is over (`Marks`).
"""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any

from proxy.runs.journal import Entry
from proxy.runs.paths import usual
from proxy.runs.view import decoded
from proxy.scenarios.asked import ENDPOINTS
from proxy.verdict import conversation
from proxy.verdict.conversation import Step
from proxy.verdict.said import Choice, Said, read

# Who sends another of these sends another request: with another key, say, after a 401.
_KEYS = ("authorization", "x-api-key", "api-key")
_PART_OF_IT = (*_KEYS, "openai-organization", "openai-project", "openai-beta", "x-sim-fault")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]*)?")
_TURNS_KEPT = 4  # an answer is looked for among so many of the assistant's last turns


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of the assistant within a request: digests of what came before and of it, and where it stands."""

    before: bytes
    said: bytes
    at: int


@dataclass(frozen=True, slots=True)
class Marks:
    """What is compared. `same` is the digest of a POST; `asked` of its conversation, `said` of each answer to it."""

    same: bytes | None
    retry: int | None  # what the official SDKs count in a header
    streamed: bool
    failed: bool
    truncated: bool
    wait: float | None  # seconds that an error said to wait
    asked: bytes
    said: tuple[bytes, ...]
    ends: tuple[str | None, ...]
    turns: tuple[Turn, ...]
    response: str | None
    follows: str | None  # the response or the conversation that it goes on from
    conversation: str | None


class Seen:
    """One exchange. Times are seconds of the journal's clock."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.number = entry.number
        # "broken" is written where it happens, which is before the exchange is over.
        self.is_open = entry.end == "open" or (entry.end == "broken" and not entry.seconds)
        self.started = entry.started
        self.ended = entry.started + entry.seconds if not self.is_open else float("inf")
        self.marks = entry.marks or self._marks()
        if not self.is_open:
            entry.marks = self.marks

    @property
    def path(self) -> str:
        """The path, as it is written with /v1."""
        return usual(self.entry.url.path)

    @property
    def endpoint(self) -> str:
        """chat, completions, responses or messages, else nothing."""
        return ENDPOINTS.get(self.path, "") if self.entry.method == "POST" else ""

    @property
    def due(self) -> float:
        """When it may be sent again at the earliest."""
        return self.ended + (self.marks.wait or 0.0)

    @cached_property
    def document(self) -> Any:
        """The request's JSON, as far as it was kept; None where it is none."""
        return decoded(self.entry.body)

    @cached_property
    def said(self) -> Said:
        """The answer."""
        return read(self.entry)

    @cached_property
    def steps(self) -> list[Step]:
        """The conversation of the request."""
        return conversation.steps(self.endpoint, self.document)

    def _marks(self) -> Marks:
        entry, said = self.entry, self.said
        document = self.document if isinstance(self.document, dict) else {}
        held = document.get("conversation")
        held = _name(held.get("id") if isinstance(held, dict) else held)
        follows = _name(document.get("previous_response_id")) or held
        asked, turns = _turns(self.steps, follows) if self.endpoint else (b"", ())
        finished = said.is_finished and said.error is None
        truncated = (
            bool(self.endpoint) and said.streamed and said.kept and entry.end in ("whole", "broken") and not finished
        )
        retry = entry.headers.get("x-stainless-retry-count", "")
        return Marks(
            same=_same(self.path, entry),
            retry=int(retry) if retry.isascii() and retry.isdigit() else None,
            streamed=said.streamed,
            failed=entry.status >= 400 or entry.end in ("left", "broken") or truncated,
            truncated=truncated,
            wait=_wait(entry) if entry.status >= 400 else None,
            asked=asked,
            said=tuple([_of_choice(choice) for choice in said.choices.values()]) if self.endpoint else (),
            ends=tuple([choice.end for choice in said.choices.values()]),
            turns=turns,
            response=said.id,
            follows=follows,
            conversation=held,
        )


def _same(path: str, entry: Entry) -> bytes | None:
    if entry.method != "POST":
        return None
    digest = blake2b(entry.body, digest_size=16)
    given = [entry.headers.get(name, "") for name in _PART_OF_IT]
    digest.update(ascii((path, entry.url.raw_query_string, entry.body_size, given)).encode())
    return digest.digest()


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _turns(steps: list[Step], follows: str | None) -> tuple[bytes, tuple[Turn, ...]]:
    """The digest of the conversation, and the last turns of the assistant."""
    digest = (follows or "").encode()
    turns = []
    for at, step in enumerate(steps):
        if step.role == "assistant":
            turns.append(Turn(digest, _digest(step.text, [call.id for call in step.calls]), at))
        given = [step.role, *step.text.split(), *[call.id for call in step.calls], *map(repr, step.results)]
        digest = blake2b(digest + "\0".join(given).encode("utf-8", "replace"), digest_size=16).digest()
    return digest, tuple(turns[-_TURNS_KEPT:])


def _of_choice(choice: Choice) -> bytes:
    return _digest(choice.text, [call.id for call in choice.calls])


def _digest(text: str, calls: list[str]) -> bytes:
    """Blanks do not count: clients strip texts, and put parts together."""
    return blake2b(
        ("".join(text.split()) + "\0".join(["", *calls])).encode("utf-8", "replace"), digest_size=16
    ).digest()


def _wait(entry: Entry) -> float | None:
    """Seconds, by the finer of two headers; a date (RFC 9110, 10.2.3) counts from when the request came."""
    given = entry.answer_headers.get("retry-after-ms")
    scale = 1.0 if given is None else 1000.0
    given = entry.answer_headers.get("retry-after", "") if given is None else given
    if _NUMBER.fullmatch(given):
        return float(given) / scale
    try:
        return max(parsedate_to_datetime(given).timestamp() - entry.at, 0.0)
    except (ValueError, TypeError):
        return None
