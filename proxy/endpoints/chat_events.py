"""A simulated answer as the chunks of OpenAI's stream, each an event.

The format is that of https://platform.openai.com/docs/api-reference/chat/streaming: the role first; then text, refusal
or calls piece by piece, a call's id and name only at its beginning; an empty delta with the finish reason; the usage.
What is spoken comes as its transcript and its samples, and after the finish reason the time up to which its id may be
named, alone: so the SDK's `ChoiceDelta` describes it. (It says that this event omits `finish_reason`; OpenAI's
description requires one. Null is what both can read.)
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator
from hashlib import blake2b
from itertools import zip_longest

from proxy import sse
from proxy.endpoints.chat_bytes import Frame, called, encode, is_silent, kind, logprobs, reason, spoken, usage
from proxy.sim.job import Answer, Choice, Sound, ToolCall, in_pieces

_NO_LOGPROBS = b'},"logprobs":null'
_DIVIDER, _DIVIDER_ENCODED = "\x1f", b"\\u001f"
_TURN = 64 * 1024  # bytes of a long stream that are encoded in one go
_PIECE = 24_000  # bytes of samples in an event: half a second, and whole in base64
_BYTES_PER_MS = 48
_PADDED_TO = 32  # bytes of a delta and its obfuscation, or a multiple


class Events:
    """The events of a streamed answer: first the roles, then rounds of one piece a choice, then the end."""

    def __init__(
        self, answer: Answer, frame: Frame, created: bytes, *, with_usage: bool, obfuscated: bool = False
    ) -> None:
        self._choices = answer.choices
        self._frame = frame
        before = (
            b'data: {"id":"%b","object":"chat.completion.chunk","created":%b,"model":%b,"service_tier":"%b",'
            b'"system_fingerprint":"%b","choices":['
        ) % (
            answer.id.encode(),
            created,
            encode(frame.model),
            frame.service_tier.encode(),
            answer.system_fingerprint.encode(),
        )
        self._after = b'],"usage":null' if with_usage else b"]"
        self._end = sse.DONE
        if with_usage:
            self._end = before + b'],"usage":' + usage(answer, frame) + b"}\n\n" + sse.DONE
        self._openings = [b'%b{"index":%d,"delta":{' % (before, choice.index) for choice in answer.choices]
        self._padding = blake2b(answer.id.encode()).hexdigest().encode() if obfuscated else None

    def at_once(self) -> bytes:
        """All events in one piece."""
        if self._padding is None and _is_plain_text(self._choices):
            return self._roles() + self._text(self._openings[0], self._choices[0]) + self._end
        return b"".join(self.each())

    def each(self) -> Iterator[bytes]:
        """All events, round by round."""
        yield self._roles()
        yield from self._rounds()
        yield self._end

    def _text(self, opening: bytes, choice: Choice) -> bytes:
        """The events of a text without a backslash, encoded at once: what divides its pieces becomes what does so."""
        begun, ended = opening + b'"content":', _NO_LOGPROBS + b',"finish_reason":null}' + self._after + b"}\n\n"
        finish = self._event(opening, _NO_LOGPROBS, b'"' + reason(choice, self._frame) + b'"')
        if not choice.text:
            return finish
        texts = encode(_DIVIDER.join(choice.pieces))
        return begun + texts.replace(_DIVIDER_ENCODED, b'"' + ended + begun + b'"') + ended + finish

    def timed(self, pauses: Iterator[float], tokens_per_second: float | None) -> Iterator[tuple[float, bytes]]:
        """Each round with the second it is due: after its pause, and no faster than the pace; the later one wins.

        A piece counts as its choice's mean tokens a piece, which makes the whole answer take its time exactly.
        """
        sizes = [_size(choice) for choice in self._choices]
        weights = [c.completion_tokens / max(size, 1) for c, size in zip(self._choices, sizes, strict=True)]
        least = max(weights) / tokens_per_second if tokens_per_second else 0.0
        due = 0.0
        yield due, self._roles()
        for number, events in enumerate(self._rounds()):
            if number < max(sizes):  # the last round only says why it ended
                due += max(next(pauses), least)
            yield due, events
        yield due, self._end

    def _roles(self) -> bytes:
        events = []
        for opening, choice in zip(self._openings, self._choices, strict=True):
            begun = b"null" if is_silent(choice) else b'""'
            # Log probabilities that were wanted come with the tokens, and here where there are none to come.
            told = _NO_LOGPROBS if choice.logprobs != () else b'},"logprobs":' + logprobs(choice, ())
            delta = b'"role":"assistant","content":' + begun + b',"refusal":null' + told
            events.append(self._event(opening, delta, b"null"))
        return b"".join(events)

    def _rounds(self) -> Iterator[bytes]:
        if len(self._choices) == 1:
            return self._of(self._openings[0], self._choices[0])
        each = map(self._of, self._openings, self._choices)
        return map(b"".join, zip_longest(*each, fillvalue=b""))

    def _of(self, opening: bytes, choice: Choice) -> Iterator[bytes]:
        """The events of one choice, but for its role."""
        deltas = _deltas(choice, self._frame)
        if self._padding is None:
            ending = b',"finish_reason":null}' + self._after + b"}\n\n"
            for delta in deltas:
                yield opening + delta + ending
        else:
            for delta in deltas:
                yield self._event(opening, delta, b"null")
        yield self._event(opening, _NO_LOGPROBS, b'"' + reason(choice, self._frame) + b'"')
        if choice.sound:
            yield self._event(opening, b'"audio":{"expires_at":%d}' % self._frame.expires + _NO_LOGPROBS, b"null")

    def _event(self, opening: bytes, delta: bytes, finish_reason: bytes) -> bytes:
        ending = b"}\n\n"
        if self._padding:
            ending = b',"obfuscation":"' + self._padding[: _PADDED_TO - len(delta) % _PADDED_TO] + b'"}\n\n'
        return opening + delta + b',"finish_reason":' + finish_reason + b"}" + self._after + ending


def _is_plain_text(choices: tuple[Choice, ...]) -> bool:
    """Whether there is one text alone, in which no other escape can look like the encoded divider."""
    (choice, *others) = choices
    if others or choice.refusal is not None or choice.tool_calls or choice.logprobs is not None or choice.sound:
        return False
    return "\\" not in choice.text and _DIVIDER not in choice.text


async def in_turns(events: Events) -> AsyncGenerator[bytes, None]:
    """All events of a long stream, between which others have their turn, and which are never all in memory."""
    held: list[bytes] = []
    size = 0
    for event in events.each():
        held.append(event)
        size += len(event)
        if size > _TURN:
            yield b"".join(held)
            held, size = [], 0
            await asyncio.sleep(0)
    yield b"".join(held)


def _size(choice: Choice) -> int:
    """How many deltas."""
    if choice.logprobs is not None:
        size = len(choice.pieces_with_logprobs)
    else:
        size = len(choice.pieces if choice.refusal is None else in_pieces(choice.refusal))
    if choice.sound:
        size += -(-choice.sound.milliseconds * _BYTES_PER_MS // _PIECE)
    return size + sum([1 + len(in_pieces(call.arguments)) for call in choice.tool_calls])


def _deltas(choice: Choice, frame: Frame) -> Iterator[bytes]:
    """What each event of a choice adds, from within the delta to the log probabilities."""
    if choice.sound:
        yield from _audio(choice, choice.sound)
        return
    name = b'"content":' if choice.refusal is None else b'"refusal":'
    if choice.logprobs is not None:
        for text, tokens in choice.pieces_with_logprobs:
            yield name + encode(text) + b'},"logprobs":' + logprobs(choice, tokens)
    else:
        for piece in choice.pieces if choice.refusal is None else in_pieces(choice.refusal):
            yield name + encode(piece) + _NO_LOGPROBS
    for index, call in enumerate(choice.tool_calls):
        yield from _call(index, call, frame)


def _audio(choice: Choice, sound: Sound) -> Iterator[bytes]:
    """The id comes once and first: clients join the texts of a field."""
    begun, after = b'"audio":{"id":%b,' % encode(sound.id), b"}" + _NO_LOGPROBS
    for piece in choice.pieces:
        yield begun + b'"transcript":' + encode(piece) + after
        begun = b'"audio":{'
    held = bytearray()
    for samples in spoken(choice, sound):
        held += samples
        while len(held) >= _PIECE:
            yield begun + b'"data":"' + b64encode(held[:_PIECE]) + b'"' + after
            del held[:_PIECE]
    if held:
        yield begun + b'"data":"' + b64encode(held) + b'"' + after


def _call(index: int, call: ToolCall, frame: Frame) -> Iterator[bytes]:
    if frame.functions:
        before, after = b'"function_call":', _NO_LOGPROBS
        yield before + called(call, "") + after
    else:
        before, after = b'"tool_calls":[{"index":%d,' % index, b"}]" + _NO_LOGPROBS
        begun = b'"id":%b,"type":"%b","%b":%b' % (encode(call.id), kind(call), kind(call), called(call, ""))
        yield before + begun + after
        before += b'"%b":' % kind(call)
    name = b'{"input":' if call.custom else b'{"arguments":'
    for piece in in_pieces(call.arguments):
        yield before + name + encode(piece) + b"}" + after
