"""What clients leave here by the Responses API: responses with their context, their items, and conversations.

All in memory and bounded: the newest entries, for a while, up to a size (docs/responses.md tells the bounds). What is
kept is encoded JSON, which takes a fraction of the memory of objects.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import msgspec
from aiohttp import web

from proxy.runs.own import Own
from proxy.store import Bounds, Part, Store

_DAY = 86_400
RESPONSES = Bounds(entries=10_000, bytes=64 * 1024 * 1024, seconds=_DAY)
ITEMS = Bounds(entries=40_000, bytes=64 * 1024 * 1024, seconds=_DAY)
TIMES_ASKED = Bounds(entries=RESPONSES.entries, bytes=RESPONSES.bytes, seconds=2 * _DAY)
CONVERSATIONS = Bounds(entries=1_000, bytes=64 * 1024 * 1024, seconds=_DAY)
LARGEST = 16 * 1024 * 1024  # bytes of a response with all before it, and of a conversation
_OVERHEAD, _PER_ITEM = 512, 64  # bytes of an entry, and of an item in it, beside their JSON

Item = dict[str, Any]
Items = tuple[bytes, ...]


@dataclass(slots=True)
class Kept:
    """A response as it ends, the items it was given, and those before them.

    `ahead` are the states that a response in the background has yet to show.
    """

    id: str
    response: bytes
    before: Items
    inputs: Items
    outputs: Items
    ahead: list[Literal["queued", "in_progress"]] = field(default_factory=list)
    cancelled: bool = False

    @property
    def context(self) -> Items:
        """All items up to the end of this response."""
        return self.before + self.inputs + self.outputs

    @property
    def size(self) -> int:
        """Bytes that this entry holds, also where others hold the same items."""
        return _OVERHEAD + len(self.response) + size(self.context)


@dataclass(slots=True)
class Conversation:
    """A list of items that grows; each item has its id."""

    id: str
    created_at: int
    metadata: dict[str, str]
    items: list[tuple[str, bytes]] = field(default_factory=list)
    made: int = 0  # items so far, for the ids of the next ones

    def add(self, items: Sequence[bytes]) -> None:
        """Put items at the end; each has its id."""
        self.items += [(decoded(item)["id"], item) for item in items]
        self.made += len(items)

    @property
    def size(self) -> int:
        """Bytes that this conversation holds."""
        return _OVERHEAD + size([item for _, item in self.items]) + size([item.encode() for item in self.metadata])


class State:
    """Everything that is kept for one owner."""

    def __init__(
        self,
        responses: Part[Kept],
        items: Part[bytes],
        conversations: Part[Conversation],
        times_asked: Part[int],
    ) -> None:
        self.responses = responses
        self.items = items
        self.conversations = conversations
        self._times_asked = times_asked
        self.next_number = count(1).__next__  # conversations have no content that an id could be drawn from

    def asked_before(self, name: str) -> int:
        """How many times a response in the background was asked for by the same request, which is counted.

        What is counted stays as long as any such response: there are as many counts, and each is put when one is.
        """
        before = self._times_asked.get(name) or 0
        self._times_asked.put(name, before + 1, _OVERHEAD)
        return before

    def keep(self, kept: Kept) -> None:
        """Keep a response, and its items for references. The one of the same request before is replaced."""
        self.responses.put(kept.id, kept, kept.size)
        for item in kept.inputs + kept.outputs:
            self.items.put(decoded(item)["id"], item, len(item) + _PER_ITEM)

    def forget(self, kept: Kept) -> None:
        """Delete a response and its items."""
        self.responses.pop(kept.id)
        for item in kept.inputs + kept.outputs:
            self.items.pop(decoded(item)["id"])

    def touch(self, conversation: Conversation) -> None:
        """Keep a conversation as it is now, as the newest."""
        self.conversations.put(conversation.id, conversation, conversation.size)

    def clear(self) -> None:
        """Forget it all."""
        for each in (self.responses, self.items, self.conversations, self._times_asked):
            each.clear()


STATE: web.AppKey[Own[State]] = web.AppKey("RESPONSES", Own)


def states(clock: Callable[[], float]) -> Own[State]:
    """The state of each run, which share the bounds; `clock` is monotonic, in seconds."""
    responses: Store[Kept] = Store(RESPONSES, clock)
    items: Store[bytes] = Store(ITEMS, clock)
    conversations: Store[Conversation] = Store(CONVERSATIONS, clock)
    times_asked: Store[int] = Store(TIMES_ASKED, clock)
    return Own(
        lambda run: State(
            responses.part(run.owner),
            items.part(run.owner),
            conversations.part(run.owner),
            times_asked.part(run.owner),
        ),
    )


def size(items: Sequence[bytes]) -> int:
    """The bytes that items take."""
    return sum([len(item) + _PER_ITEM for item in items])


def decoded(item: bytes) -> Item:
    """An item as an object."""
    found: Item = msgspec.json.decode(item)
    return found


def encoded(items: Sequence[Item]) -> Items:
    """Items as they are kept."""
    return tuple([msgspec.json.encode(item) for item in items])
