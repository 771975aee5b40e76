"""The mistakes, by name, and the verdict on a history. A new mistake is a file and a line in MISTAKES."""

from collections.abc import Collection
from typing import Any, Final

from proxy.verdict import (
    accepted_truncated_stream,
    ignored_content_filter,
    ignored_length,
    ignored_retry_after,
    left_without_cancelling,
    mismatched_tool_ids,
    no_backoff,
    no_timeout,
    retried_non_retryable,
    storm,
)
from proxy.verdict.history import History
from proxy.verdict.mistake import Limits, Mistake

MISTAKES: Final[dict[str, Mistake]] = {
    "ignored_retry_after": ignored_retry_after.MISTAKE,
    "retried_non_retryable": retried_non_retryable.MISTAKE,
    "no_backoff": no_backoff.MISTAKE,
    "storm": storm.MISTAKE,
    "accepted_truncated_stream": accepted_truncated_stream.MISTAKE,
    "ignored_length": ignored_length.MISTAKE,
    "ignored_content_filter": ignored_content_filter.MISTAKE,
    "mismatched_tool_ids": mismatched_tool_ids.MISTAKE,
    "no_timeout": no_timeout.MISTAKE,
    "left_without_cancelling": left_without_cancelling.MISTAKE,
}
PAGE = "docs/verdict.md"


def verdict(history: History, limits: Limits, ignored: Collection[str] = ()) -> dict[str, Any]:
    """What the client did wrong. Only what is certain makes it fail."""
    checked = [name for name in MISTAKES if name not in ignored]
    found = [
        {
            "mistake": name,
            "certainty": "seen" if one.certain else "likely",
            "message": one.message,
            "requests": list(one.requests),
            "advice": MISTAKES[name].advice,
            "docs": f"{PAGE}#{name}",
        }
        for name in checked
        for one in MISTAKES[name].find(history, limits)
    ]
    return {
        "object": "sim.verdict",
        "passed": not any(each["certainty"] == "seen" for each in found),
        "requests": len(history.seen),
        "mistakes": found,
        "checked": checked,
    }
