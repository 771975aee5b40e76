"""Makes an answer the same whenever it is recorded: ids, times and measurements, in its bytes, and nothing else.

Only whole JSON documents are changed, or the data of whole events; what cannot be read stays as it is. Ids that later
requests name again (of responses, items and calls) stay too: they have to fit what the upstream keeps.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json import JSONDecoder

from proxy.runs.redaction import redacted
from proxy.sim.letters import base62

CREATED = 1_700_000_000  # when every recorded answer was made: 14 November 2023
FINGERPRINT = "fp_recorded"
_SPACE = re.compile(r"[ \t\r\n]*")
_PREFIX = re.compile(r"[A-Za-z]+[-_]")
_TIMES = frozenset({"created", "created_at", "completed_at"})
_DROPPED = frozenset({"timings", "obfuscation", "request_id"})  # measured, or drawn, anew for each answer
_HOLDERS = frozenset({"response", "message"})  # of what the other APIs' documents have at their top
_NAMED_AGAIN = ("resp_", "conv_")
_DATA = re.compile(r"^(data: ?)(\{.*\})(?=\r?$)", re.MULTILINE)

_decoded = JSONDecoder(strict=False).raw_decode


@dataclass(frozen=True, slots=True)
class _Member:
    """Where a member of a JSON object stands in a text."""

    name: str
    begin: int  # of its value
    end: int


@dataclass(frozen=True, slots=True)
class Steady:
    """What changes the answers of one request: `key` decides the ids, `secrets` came with the request."""

    key: str
    secrets: tuple[str, ...] = ()

    def document(self, body: bytes) -> bytes:
        """A whole answer."""
        return self._each(body, self._changed)

    def event(self, event: bytes) -> bytes:
        """A whole event of a stream."""
        return self._each(event, lambda text: _DATA.sub(lambda found: found[1] + self._changed(found[2]), text))

    def _each(self, data: bytes, change: Callable[[str], str]) -> bytes:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return data
        return redacted(change(text), self.secrets).encode()

    def _changed(self, text: str) -> str:
        try:
            edits = list(self._edits(text, _skip(text, 0)))
        except (ValueError, IndexError, RecursionError):
            return text
        for begin, end, new in reversed(edits):
            text = text[:begin] + new + text[end:]
        return text

    def _edits(self, text: str, at: int) -> Iterator[tuple[int, int, str]]:
        """What is to stand in place of which part, in order. Raises ValueError for what is no JSON object."""
        before = None
        for member in _members(text, at):
            value = text[member.begin : member.end]
            if member.name in _HOLDERS and value.startswith("{"):
                yield from self._edits(text, member.begin)
            elif member.name in _DROPPED and before is not None:
                yield before, member.end, ""
            elif (new := self._steady(member.name, value)) is not None:
                yield member.begin, member.end, new
            before = member.end

    def _steady(self, name: str, value: str) -> str | None:
        if name == "id" and value.startswith('"') and not value.startswith(_NAMED_AGAIN, 1):
            prefix = _PREFIX.match(value, 1)
            return f'"{prefix[0] if prefix else ""}{base62(self.key.encode(), 24)}"'
        if name == "system_fingerprint" and value.startswith('"'):
            return f'"{FINGERPRINT}"'
        return str(CREATED) if name in _TIMES and value[0].isdigit() else None


def _members(text: str, at: int) -> Iterator[_Member]:
    """The members of the object that begins there. Raises ValueError."""
    if text[at] != "{":
        raise ValueError("no object")
    at = _skip(text, at + 1)
    while text[at] != "}":
        name, at = _decoded(text, at)
        begin = _skip(text, _skip(text, at) + 1)
        _, end = _decoded(text, begin)
        yield _Member(name, begin, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
