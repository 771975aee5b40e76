"""An answer was cut by a content filter, and went into the conversation as if it were whole."""

from collections.abc import Iterator

from proxy.verdict.cut_answers import taken_for_whole
from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    yield from taken_for_whole(history, "content_filter", "was ended by the content filter")


MISTAKE = Mistake(_find, "Look at finish_reason: leave the half answer out of the conversation, and tell the user why.")
