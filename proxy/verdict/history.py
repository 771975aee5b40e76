"""A run's journal as a history: what came again, and which conversations went on. Made in one pass, by digests."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from proxy.runs.journal import Entry
from proxy.verdict.again import pairs
from proxy.verdict.seen import Seen, Turn

_HALVES_LOOKED_AT = 20  # cut off answers to one conversation


@dataclass(frozen=True, slots=True)
class Next:
    """The next turn of a conversation, and where the answer stands in it: -1 where only its id does."""

    seen: Seen
    at: int


class History:
    """Exchanges in the order in which they came. `now` is the time of the journal's clock."""

    def __init__(self, entries: Iterable[Entry], now: float) -> None:
        self.now = now
        self.seen = [Seen(entry) for entry in entries]
        self.same: dict[bytes, list[Seen]] = defaultdict(list)
        for seen in self.seen:
            if seen.marks.same is not None:
                self.same[seen.marks.same].append(seen)
        self.again: dict[int, Seen] = {}
        for group in self.same.values():
            if len(group) > 1:
                self.again |= pairs(group)
        self.continued = _continued(self.seen)

    def tries(self, group: Iterable[Seen]) -> list[list[Seen]]:
        """The chains of failures with their next tries, of requests that are the same."""
        begun: dict[int, list[Seen]] = {}
        for seen in group:
            chain = begun.pop(seen.number, None) or [seen]
            following = self.again.get(seen.number) if seen.marks.failed else None
            if following is None:
                begun[-seen.number] = chain
            else:
                chain.append(following)
                begun[following.number] = chain
        return [chain for chain in begun.values() if len(chain) > 1]

    def after(self) -> dict[int, dict[str, Any]]:
        """How the client went on from each exchange, by its number."""
        found = {}
        for seen in self.seen:
            again, continued = self.again.get(seen.number), self.continued.get(seen.number)
            goes_on = again is None or not seen.marks.failed or (continued and continued.seen.number < again.number)
            if continued is not None and goes_on:
                found[seen.number] = _told("continued", seen, continued.seen)
            elif again is not None:
                found[seen.number] = _told("retried" if seen.marks.failed else "repeated", seen, again)
        return found


def _told(kind: str, seen: Seen, after: Seen) -> dict[str, Any]:
    return {"kind": kind, "ms": round((after.started - seen.ended) * 1000, 3), "number": after.number}


def _continued(seen: list[Seen]) -> dict[int, Next]:
    """The next turn of each conversation, by the number of the exchange before it."""
    found: dict[int, Next] = {}
    open_ends: dict[Any, list[Seen]] = defaultdict(list)
    halves: dict[bytes, list[Seen]] = defaultdict(list)
    ends = sorted([each for each in seen if each.endpoint and each.marks.said], key=lambda each: each.ended)
    at = 0
    for each in seen:
        while at < len(ends) and ends[at].ended <= each.started:
            _offer(ends[at], open_ends, halves)
            at += 1
        if each.endpoint and (taken := _before(each, open_ends, halves, found)):
            found[taken[0].number] = Next(each, taken[1])
    return found


def _offer(seen: Seen, open_ends: dict[Any, list[Seen]], halves: dict[bytes, list[Seen]]) -> None:
    marks = seen.marks
    for said in marks.said:
        open_ends[marks.asked, said].append(seen)
    for name in (marks.response, marks.conversation):
        if name is not None:
            open_ends[name].append(seen)
    if marks.truncated:
        halves[marks.asked].append(seen)


def _before(
    seen: Seen, open_ends: dict[Any, list[Seen]], halves: dict[bytes, list[Seen]], found: dict[int, Next]
) -> tuple[Seen, int] | None:
    """The exchange that this one goes on from, which nobody has gone on from yet."""
    for turn in reversed(seen.marks.turns):
        for one in (_last_free(open_ends.get((turn.before, turn.said)), found), _half(seen, turn, halves, found)):
            if one is not None:
                return one, turn.at
    if seen.marks.follows is not None and (one := _last_free(open_ends.get(seen.marks.follows), found)):
        return one, -1
    return None


def _last_free(held: list[Seen] | None, found: dict[int, Next]) -> Seen | None:
    while held:
        if (last := held.pop()).number not in found:
            return last
    return None


def _half(seen: Seen, turn: Turn, halves: dict[bytes, list[Seen]], found: dict[int, Next]) -> Seen | None:
    """One of which this has a part: what broke off may not have reached the client whole."""
    for half in reversed(halves.get(turn.before, ())[-_HALVES_LOOKED_AT:]):
        if half.number not in found and has_its_beginning(seen, turn, half):
            return half
    return None


def has_its_beginning(seen: Seen, turn: Turn, before: Seen) -> bool:
    """Whether a turn of the assistant is the beginning of what an earlier answer said, blanks around it aside."""
    text = seen.steps[turn.at].text.strip()
    return bool(text) and before.said.choice().text.strip().startswith(text)
