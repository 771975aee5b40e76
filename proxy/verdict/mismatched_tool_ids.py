"""A conversation whose tool calls and results do not belong together."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from proxy.verdict.history import History
from proxy.verdict.mistake import Found, Limits, Mistake
from proxy.verdict.seen import Seen


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    answered = {seen.marks.response: seen for seen in history.seen if seen.marks.response and seen.endpoint}
    wrong: dict[str, list[int]] = defaultdict(list)
    for seen in history.seen:
        if seen.endpoint and seen.steps:
            for what in _wrong(seen, answered):
                wrong[what].append(seen.number)
    for what, numbers in wrong.items():
        where = f"request {numbers[0]}" + (f" and {len(numbers) - 1} after it" if len(numbers) > 1 else "")
        yield Found(f"{where}: {what}", tuple(numbers))


def _wrong(seen: Seen, answered: Mapping[str, Seen]) -> Iterator[str]:
    """What is wrong in one request. One that goes on from what the journal does not know is not judged."""
    calls: Counter[str] = Counter()
    if seen.marks.follows is not None:
        before = answered.get(seen.marks.follows)
        if before is None:
            return
        calls.update([call.id for call in before.said.calls])
    results: Counter[str] = Counter()
    for step in seen.steps:
        calls.update([call.id for call in step.calls])
        results.update([name for name, _ in step.results])
    yield from _unequal(calls, results)


def _unequal(calls: Counter[str], results: Counter[str]) -> Iterator[str]:
    for name, number in results.items():
        if not calls[name]:
            yield f"a tool result for '{name}', which no call has"
        elif number > calls[name]:
            yield f"{number} tool results for the call '{name}'"
    for name in calls:
        if not results[name]:
            yield f"no tool result for the call '{name}'"


MISTAKE = Mistake(_find, "Send back exactly one result for each tool call of the answer, with the call's own id.")
