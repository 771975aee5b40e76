"""The faults: every way in which an answer can go wrong on request, by name, and how one request asks for them.

A new fault is a file and a line in FAULTS; docs/faults.md shows the table.
"""

import difflib
import re
from typing import Final

import msgspec

from proxy.errors import BadRequestError
from proxy.faults.comments import Comments
from proxy.faults.content_filter import ContentFilter
from proxy.faults.content_type import ContentType
from proxy.faults.context_length import ContextLength
from proxy.faults.crlf import Crlf
from proxy.faults.cut import Cut
from proxy.faults.duplicate_events import DuplicateEvents
from proxy.faults.early_usage import EarlyUsage
from proxy.faults.empty_choices import EmptyChoices
from proxy.faults.error_event import ErrorEvent
from proxy.faults.fault import Fault
from proxy.faults.gzip import Gzip
from proxy.faults.malformed_json import MalformedJson
from proxy.faults.no_done import NoDone
from proxy.faults.no_finish_reason import NoFinishReason
from proxy.faults.no_usage import NoUsage
from proxy.faults.reorder_events import ReorderEvents
from proxy.faults.reset import Reset
from proxy.faults.slow_events import SlowEvents
from proxy.faults.slow_start import SlowStart
from proxy.faults.split_characters import SplitCharacters
from proxy.faults.stall import Stall
from proxy.faults.status import Status
from proxy.faults.truncated_json import TruncatedJson
from proxy.gate import FAULT_HEADER

FAULTS: Final[dict[str, type[Fault]]] = {
    "status": Status,
    "context_length": ContextLength,
    "slow_start": SlowStart,
    "slow_events": SlowEvents,
    "stall": Stall,
    "cut": Cut,
    "reset": Reset,
    "truncated_json": TruncatedJson,
    "malformed_json": MalformedJson,
    "split_characters": SplitCharacters,
    "crlf": Crlf,
    "comments": Comments,
    "duplicate_events": DuplicateEvents,
    "reorder_events": ReorderEvents,
    "no_done": NoDone,
    "no_finish_reason": NoFinishReason,
    "no_usage": NoUsage,
    "early_usage": EarlyUsage,
    "error_event": ErrorEvent,
    "content_type": ContentType,
    "gzip": Gzip,
    "empty_choices": EmptyChoices,
    "content_filter": ContentFilter,
}

_NAMES: Final = {kind: name for name, kind in FAULTS.items()}

# A list as in RFC 8941: names with parameters, such as `slow_start;seconds=2, cut;after_events=3`.
_VALUE = r'"[^"]*"|[^\s;,"]+'
_SETTING = re.compile(rf"\s*;\s*([a-z_]+)\s*=\s*({_VALUE})")
_ITEM = re.compile(rf"\s*([a-z_0-9-]+)((?:\s*;\s*[a-z_]+\s*=\s*(?:{_VALUE}))*)\s*(?:,|\Z)")


def asked_for(header: str) -> tuple[Fault, ...]:
    """The faults that a header names, in its order. Raises BadRequestError that says what is wrong with it."""
    faults, at = [], 0
    while at < len(header):
        item = _ITEM.match(header, at)
        if item is None:
            raise _wrong(
                f"Invalid '{FAULT_HEADER}': {header[at:].strip()!r} was not understood. Expected faults, such "
                "as 'slow_start;seconds=2, cut;after_events=3'.",
                "invalid_fault",
            )
        settings = {name: value.strip('"') for name, value in _SETTING.findall(item[2])}
        faults.append(make(item[1], settings, FAULT_HEADER))
        at = item.end()
    return tuple(faults)


def name_of(fault: Fault) -> str:
    """The fault's name in the table."""
    return _NAMES[type(fault)]


def make(name: str, settings: object, param: str) -> Fault:
    """One fault. Raises BadRequestError that names the nearest fault, or the setting that is wrong."""
    kind = FAULTS.get(name)
    if kind is None:
        near = difflib.get_close_matches(name, FAULTS, n=1)
        guess = f" Did you mean '{near[0]}'?" if near else ""
        raise _wrong(f"There is no fault '{name}'.{guess} The faults are: {', '.join(FAULTS)}.", "unknown_fault", param)
    try:
        return msgspec.convert(settings, kind, strict=False)
    except msgspec.ValidationError as problem:
        known = ", ".join(field.name for field in msgspec.structs.fields(kind)) or "none"
        raise _wrong(f"Invalid fault '{name}': {problem}. Its settings: {known}.", "invalid_fault", param) from None


def _wrong(message: str, code: str, param: str = FAULT_HEADER) -> BadRequestError:
    return BadRequestError(message, param=param, code=code)
