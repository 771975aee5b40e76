"""An answer was cut at its token limit, and went into the conversation as if it were whole."""

from collections.abc import Iterator

from proxy.verdict.cut_answers import taken_for_whole
from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    yield from taken_for_whole(history, "length", "was cut at its token limit (finish_reason length)")


MISTAKE = Mistake(
    _find, "Look at finish_reason: ask for the rest, ask again with more room, or tell the user that it is cut."
)
