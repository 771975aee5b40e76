"""What a response is given to answer: the items before it and its own, checked, and found where they are kept."""

from dataclasses import dataclass
from typing import Any

from msgspec import UnsetType

from proxy.endpoints.responses import items, sealed, sources
from proxy.endpoints.responses.reading import Reader
from proxy.endpoints.responses.schema import Asked
from proxy.endpoints.responses.shape import conversation_of
from proxy.endpoints.responses.state import Conversation, Item, Items, State, decoded
from proxy.errors import BadRequestError, NotFoundError


@dataclass(frozen=True, slots=True)
class Given:
    """The items before, as they are kept, and the new ones; `all` are both, with those of compactions."""

    before: Items
    inputs: list[Item]
    all: list[Item]
    conversation: Conversation | None = None


def given_to(ask: Asked, reader: Reader, state: State) -> Given:
    """The items that a request is about. Raises ApiError."""
    before, conversation = _before(ask, state)
    inputs = items.resolved(_read(ask.input, reader), state)
    items.check_reasoning(inputs)
    together = sealed.expanded([*map(decoded, before), *inputs])
    items.check_calls(together)
    return Given(before, inputs, together, conversation)


def read_items(value: list[dict[str, Any]], reader: Reader, where: str) -> list[Item]:
    """Items that a client sent, each checked by itself. Raises BadRequestError."""
    found = reader.items(value, where)
    items.check_each(found, where)
    player = reader.call.run and reader.call.run.player
    if not (player and player.replays):  # what was recorded elsewhere comes back in what follows on it
        sealed.check_reasoned(found)
        sources.check(found, where, reader.call)
    return found


def _read(value: str | list[dict[str, Any]] | UnsetType | None, reader: Reader) -> list[Item]:
    if isinstance(value, str):
        return [{"type": "message", "role": "user", "content": value}]
    return read_items(value or [], reader, "input")


def _before(ask: Asked, state: State) -> tuple[Items, Conversation | None]:
    if ask.previous_response_id is not None:
        kept = state.responses.get(ask.previous_response_id)
        if kept is None:
            raise BadRequestError(
                f"Previous response with id '{ask.previous_response_id}' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
            )
        if kept.ahead:
            raise BadRequestError(
                f"Previous response with id '{kept.id}' is not completed: its status is '{kept.ahead[-1]}'.",
                param="previous_response_id",
            )
        return kept.context, None
    name = conversation_of(ask)
    if name is None:
        return (), None
    conversation = found_conversation(state, name)
    return tuple([item for _, item in conversation.items]), conversation


def found_conversation(state: State, name: str) -> Conversation:
    """A conversation by its id. Raises NotFoundError."""
    conversation = state.conversations.get(name)
    if conversation is None:
        raise NotFoundError(f"Conversation with id '{name}' not found.")
    return conversation
