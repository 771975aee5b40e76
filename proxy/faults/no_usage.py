"""Leaves out the token counts."""

from typing import Any

from proxy.faults.fault import Fault, rewritten
from proxy.keys import Times
from proxy.relay import Answer


class NoUsage(Fault, frozen=True):
    """No `usage` anywhere, although it was asked for."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer without counts; an event that has nothing else is left out."""
        return rewritten(answer, _without_usage)


def _without_usage(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    for holder in (document.get("response"), document.get("message")):  # events of the other APIs
        if isinstance(holder, dict):
            holder.pop("usage", None)
    counted = document.pop("usage", None)
    return None if counted and document.get("choices") == [] else document
