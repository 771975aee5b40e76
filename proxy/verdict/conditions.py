"""Conditions that no exchange can ever meet: a typing error, for which a test would wait in vain or pass for ever."""

import difflib
from typing import get_args

from proxy.faults.table import FAULTS
from proxy.runs.journal import End
from proxy.scenarios.wording import nearest
from proxy.verdict.said import ENDS

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
_WORDS = {"method": _METHODS, "end": get_args(End), "fault": tuple(FAULTS)}
_REASONS = {*ENDS, *ENDS.values()}
_STATUSES = frozenset(map(str, (0, *range(100, 600))))
_ALMOST = 0.8


def why_never(name: str, value: str) -> str | None:
    """What is wrong with the value, where no exchange has it."""
    if name == "status":
        return None if value in _STATUSES else f"cannot be '{value}'; there are 100 to 599, and 0 for no answer"
    if name == "finish_reason":  # other APIs have words of their own, which may have been recorded
        meant = [] if value in _REASONS else difflib.get_close_matches(value, _REASONS, n=1, cutoff=_ALMOST)
        return f"cannot be '{value}'; did you mean '{meant[0]}'?" if meant else None
    given = value.upper() if name == "method" else value
    known = _WORDS.get(name, (given,))
    return None if given in known else f"cannot be '{value}'; {nearest(given, known)}"
