"""What the simulator is asked, and what it answers: the types between the endpoints and the generator.

All are immutable and hashable, so that a job is its own key. Knows no wire format: an endpoint turns its request
into a `ChatJob`, and an `Answer` into its bytes.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Finish = Literal["stop", "length", "tool_calls", "content_filter"]
Length = Literal["short", "medium", "long"]

REFUSE = "[[refuse]]"  # in the user's last message or a system message it makes the answer a refusal
RESULTS = frozenset({"tool", "function"})  # roles whose messages are what a tool gave back

# One streamed piece: a word with the space before it, or a mark with the line breaks after it.
_PIECES = re.compile(r" ?[^ \n.,;:!?]+|[^ ]\n*| ")


def in_pieces(text: str) -> tuple[str, ...]:
    """A text, a refusal or a call's arguments in parts of about a token, one for each event of a stream."""
    return tuple(_PIECES.findall(text))


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call; `arguments` is JSON as text, or for a custom tool its input."""

    id: str
    name: str
    arguments: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One turn; `text` is its content with the parts joined, empty where there is none.

    `media_tokens` are those of its images, sound and files, which are counted and not seen. A turn of role "tool"
    answers the call `tool_call_id`.
    """

    role: str
    text: str
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    media_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that may be called; `parameters` is its JSON Schema as text ("{}" where there is none).

    That of a custom tool is the schema of its input, a string: `{"type": "string", "pattern": ...}` for a regex.
    """

    name: str
    description: str = ""
    parameters: str = "{}"
    strict: bool = False
    custom: bool = False


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The tools that may be called, whether any must be, and whether several may be at once.

    `named` says that the request chose its one tool by name: the answer then ends with "stop", as OpenAI's does.
    """

    tools: tuple[Tool, ...]
    mode: Literal["auto", "required"] = "auto"
    parallel: bool = True
    named: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """The JSON that an answer has to be; `schema` is a JSON Schema as text, or "" for any object."""

    schema: str = ""
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ChatJob:
    """What decides an answer. No `seed` means the same as seed 0; `max_tokens` is at least 1.

    `tool_use` is None where no tool can be called (none given, or tool_choice "none"); `tools_given` are the tools
    of the request all the same, for their prompt tokens. `top_logprobs` is None where no logprobs are wanted.
    """

    messages: tuple[Message, ...]
    seed: int | None = None
    server_seed: int = 0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    response_length: Length | None = None
    tool_use: ToolUse | None = None
    tools_given: tuple[Tool, ...] = ()
    format: Format | None = None
    top_logprobs: int | None = None
    logit_bias: tuple[tuple[int, float], ...] = ()
    reasoning_effort: str | None = None
    prediction: str | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One sent token with its log probability, and the likeliest at its place, best first, as (text, logprob)."""

    token: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Sound:
    """A text that is spoken: in which voice and format, how long it is, and its tokens without those of the text."""

    id: str
    voice: str
    format: str
    milliseconds: int
    tokens: int


@dataclass(frozen=True)
class Choice:
    """One answer: a text, a refusal, or tool calls (with or without text); of a `sound` the text is what is said.

    `completion_tokens` counts exactly what was sent (of a call its name and arguments, of a sound its tokens and the
    text's), with `reasoning_tokens` and `rejected_prediction_tokens`, which were not, among them. `logprobs` are of
    the text, or of the refusal where there is one; joined, their tokens are its UTF-8 bytes. With tool calls there are
    none.
    """

    index: int
    text: str
    finish_reason: Finish
    completion_tokens: int
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None
    reasoning_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0
    sound: Sound | None = None

    @cached_property  # half of the work of a paragraph, and only a stream asks
    def pieces(self) -> tuple[str, ...]:
        """`in_pieces` of the text."""
        return in_pieces(self.text)

    @property
    def pieces_with_logprobs(self) -> tuple[tuple[str, tuple[TokenLogprob, ...]], ...]:
        """The text or the refusal by token, each part with its tokens: more than one where a character has several."""
        parts, tokens, held = [], [], b""
        for token in self.logprobs or ():
            held += token.token
            tokens.append(token)
            try:
                parts.append((held.decode(), tuple(tokens)))
            except UnicodeDecodeError:
                continue
            tokens, held = [], b""
        return tuple(parts)


@dataclass(frozen=True, slots=True)
class Answer:
    """All choices with the exact usage. The id is the job's own: other ids and details may be drawn from it."""

    id: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    system_fingerprint: str
