"""Leaves out why the answer ended."""

from typing import Any

from proxy.faults.fault import Fault, rewritten
from proxy.keys import Times
from proxy.relay import Answer


class NoFinishReason(Fault, frozen=True):
    """`finish_reason` is null to the end, so nobody can tell a whole answer from half of one."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer without the reason (`stop_reason` and `status` in the other APIs)."""
        return rewritten(answer, _without_reason)


def _without_reason(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    for choice in document.get("choices") or ():
        choice["finish_reason"] = None
    for holder in (document, document.get("delta"), document.get("response")):
        if isinstance(holder, dict):
            for field in ("stop_reason", "status"):
                if field in holder:
                    holder[field] = None
    return document
