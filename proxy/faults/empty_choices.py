"""Answers with no choice."""

from typing import Any

from proxy.faults.fault import Fault, rewritten
from proxy.keys import Times
from proxy.relay import Answer


class EmptyChoices(Fault, frozen=True):
    """`choices: []` in the answer and in every event, as after a filter that took all of them."""

    def shape(self, answer: Answer, _times: Times) -> Answer:
        """The answer with nothing in it (`output` and `content` in the other APIs)."""
        return rewritten(answer, _emptied)


def _emptied(document: Any) -> Any:
    nested = (document.get("response"), document) if isinstance(document, dict) else ()  # in events of responses
    for holder in nested:
        for field in ("choices", "output", "content"):
            if isinstance(holder, dict) and isinstance(holder.get(field), list):
                holder[field] = []
    return document
