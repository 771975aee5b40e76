"""Work that nobody waits for any more was left to go on."""

from collections import defaultdict
from collections.abc import Iterator

from proxy.verdict.history import History, has_its_beginning
from proxy.verdict.mistake import Found, Limits, Mistake
from proxy.verdict.seen import Seen

_RUNNING = frozenset({"queued", "in_progress"})
_LOOKED_AT = 20  # streams of one conversation
_RESPONSES = "/v1/responses/"


def _find(history: History, _limits: Limits) -> Iterator[Found]:
    yield from _in_the_background(history)
    yield from _streams_that_stayed_open(history)
    for group in history.same.values():
        for seen, again in _sent_again_meanwhile(group):
            numbered = again.marks.retry is not None and again.marks.retry > 0
            told = f"request {seen.number} was still running when it was sent again as request {again.number}"
            yield Found(told, (seen.number, again.number), certain=numbered)


def _in_the_background(history: History) -> Iterator[Found]:
    """Responses that were neither fetched to their end nor cancelled."""
    left: dict[str, int] = {}
    for seen in history.seen:
        if seen.path + "/" == _RESPONSES and _is_background(seen) and not (seen.said.streamed and seen.said.ended):
            if seen.marks.response is not None and seen.said.status in _RUNNING:
                left[seen.marks.response] = seen.number
        elif seen.path.startswith(_RESPONSES):
            name, _, rest = seen.path.removeprefix(_RESPONSES).partition("/")
            over = rest == "cancel" or seen.said.status not in _RUNNING
            if seen.entry.status < 400 and over and rest != "input_items":
                left.pop(name, None)
    for name, number in left.items():
        told = f"the background response {name} of request {number} was neither fetched to its end nor cancelled"
        yield Found(told, (number,))


def _streams_that_stayed_open(history: History) -> Iterator[Found]:
    """Streams whose next turn came, with as much of them as it needed, while they still went on."""
    streams: dict[bytes, list[Seen]] = defaultdict(list)
    for seen in history.seen:
        if not seen.endpoint:
            continue
        for turn in seen.marks.turns:
            for stream in streams.get(turn.before, ())[-_LOOKED_AT:]:
                if seen.started < stream.ended and has_its_beginning(seen, turn, stream):
                    told = f"the stream of request {stream.number} was still open when request {seen.number} went on"
                    yield Found(f"{told} with the beginning of its text", (stream.number, seen.number))
        if seen.marks.streamed:
            streams[seen.marks.asked].append(seen)


def _is_background(seen: Seen) -> bool:
    return seen.entry.method == "POST" and isinstance(seen.document, dict) and seen.document.get("background") is True


def _sent_again_meanwhile(group: list[Seen]) -> Iterator[tuple[Seen, Seen]]:
    """Those that the client gave up only after it had sent them again."""
    running: list[Seen] = []
    for seen in group:
        running = [before for before in running if before.ended > seen.started]
        if running:
            before = running[0]
            retry, label = before.marks.retry, seen.marks.retry
            if (label and retry == label - 1) or (
                not label and before.entry.end == "left" and not _hedged(before, seen)
            ):
                yield running.pop(0), seen
        running.append(seen)


def _hedged(before: Seen, after: Seen) -> bool:
    """Whether both were sent on purpose, to take the first answer: the second was over when the first was left."""
    return after.ended <= before.ended


MISTAKE = Mistake(_find, "Cancel what you no longer wait for: close its connection, or POST /v1/responses/{id}/cancel.")
