"""Where a conversation stands: what the user asked last, what was called for it, and what came back."""

from dataclasses import dataclass

from proxy.sim.job import Message, ToolCall

_EARLIER = 3  # turns of the user that may say what this one leaves out


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool gave back; `call` is None where no call of the conversation has that id."""

    call: ToolCall | None
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The user's last message and what followed it.

    `opening` are the messages up to and with it; `before` is the last call that came earlier.
    """

    text: str
    opening: tuple[Message, ...]
    earlier: tuple[str, ...] = ()
    before: ToolCall | None = None
    made: tuple[ToolCall, ...] = ()
    results: tuple[Result, ...] = ()


def turn(messages: tuple[Message, ...]) -> Turn:
    """Read a conversation."""
    users = [at for at, message in enumerate(messages) if message.role == "user"]
    start = users[-1] + 1 if users else 0
    calls = {call.id: call for message in messages for call in message.tool_calls}
    old = [call for message in messages[:start] for call in message.tool_calls]
    since = messages[start:]
    return Turn(
        text=messages[start - 1].text if users else "",
        opening=messages[:start],
        earlier=tuple([messages[at].text for at in users[-2 : -2 - _EARLIER : -1]]),
        before=old[-1] if old else None,
        made=tuple([call for message in since for call in message.tool_calls]),
        results=tuple([_result(message, calls) for message in since if message.role in {"tool", "function"}]),
    )


def _result(message: Message, calls: dict[str, ToolCall]) -> Result:
    call = calls.get(message.tool_call_id)
    if call is None and message.name:  # a turn of role "function" has the name alone
        call = next((each for each in reversed(calls.values()) if each.name == message.name), None)
        call = call or ToolCall("", message.name, "")
    return Result(call, message.text)
