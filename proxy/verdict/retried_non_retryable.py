"""A request came again, unchanged, after an error that says that it cannot do better."""

from collections.abc import Iterator
from itertools import pairwise

from proxy.runs.view import decoded
from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake
from proxy.verdict.seen import Seen

_FINAL = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422})
_QUOTA = "insufficient_quota"


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    for group in history.same.values():
        for chain in history.tries(group):
            why = [(seen, _why_not(seen)) for seen in chain[:-1]]
            final = [(seen, because) for seen, because in why if because]
            if not final:
                continue
            first, because = final[0]
            again = [after for before, after in pairwise(chain) if _why_not(before)]
            numbers = tuple(sorted({*[seen.number for seen, _ in final], *[seen.number for seen in again]}))
            times = "once" if len(again) == 1 else f"{len(again)} times"
            yield Found(
                f"request {first.number} was answered {because} and sent again {times}, unchanged",
                numbers,
                # The official SDKs try again after every 429, unless told not to: their user may have done nothing.
                certain=not all(
                    _QUOTA in why and seen.marks.retry for (_, why), seen in zip(final, again, strict=True)
                ),
            )


def _why_not(seen: Seen) -> str:
    """Why it must not be sent again, or nothing."""
    status = seen.entry.status
    should = seen.entry.answer_headers.get("x-should-retry")
    if status < 400 or should == "true":
        return ""
    if should == "false":
        return f"{status} with x-should-retry: false"
    if status == 429:
        return f"429 {_QUOTA}" if _QUOTA in _words(seen) else ""
    return str(status) if status in _FINAL else ""


def _words(seen: Seen) -> tuple[object, object]:
    answer = decoded(b"".join([piece for _, piece in seen.entry.pieces]))
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        return None, None
    details = error.get("details")
    return error.get("code") or (details.get("error_code") if isinstance(details, dict) else None), error.get("type")


MISTAKE = Mistake(
    _find,
    "Try again only after 408, 409, 429 (but for insufficient_quota) and 5xx; tell the user of every other error.",
)
