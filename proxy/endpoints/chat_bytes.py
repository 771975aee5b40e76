"""A simulated answer as OpenAI's bytes: one chat.completion object, or the chunks of a stream.

Everything but the text is the same for a whole answer, so bytes are joined around encoded text and no
dictionary is built for an event. The format is that of
https://platform.openai.com/docs/api-reference/chat/streaming.
"""

from collections.abc import Iterator

import msgspec

from proxy import sse
from proxy.sim.job import Answer, Choice

_encode = msgspec.json.Encoder().encode
_USAGE = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,'
    b'"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)


def plain(answer: Answer, model: str, created: int) -> bytes:
    """The chat.completion object."""
    choices = b",".join(
        [
            b'{"index":%d,"message":{"role":"assistant","content":%b,"refusal":null,"annotations":[]},'
            b'"logprobs":null,"finish_reason":"%b"}'
            % (choice.index, _encode(choice.text), choice.finish_reason.encode())
            for choice in answer.choices
        ]
    )
    return (
        b'{"id":"%b","object":"chat.completion","created":%d,"model":%b,"choices":[%b],"usage":%b,'
        b'"service_tier":"default","system_fingerprint":"%b"}'
    ) % (
        answer.id.encode(),
        created,
        _encode(model),
        choices,
        _usage(answer),
        answer.system_fingerprint.encode(),
    )


class Events:
    """The events of a streamed answer: first the roles, then rounds of one piece a choice, then the end."""

    def __init__(self, answer: Answer, model: str, created: int, *, with_usage: bool) -> None:
        self._choices = answer.choices
        self._longest = max(len(choice.pieces) for choice in answer.choices)
        before = (
            b'data: {"id":"%b","object":"chat.completion.chunk","created":%d,"model":%b,"service_tier":"default",'
            b'"system_fingerprint":"%b","choices":['
        ) % (answer.id.encode(), created, _encode(model), answer.system_fingerprint.encode())
        self._after = b'],"usage":null}\n\n' if with_usage else b"]}\n\n"
        self._end = sse.DONE
        if with_usage:
            self._end = before + b'],"usage":' + _usage(answer) + b"}\n\n" + sse.DONE
        self._openings = [b'%b{"index":%d,"delta":{' % (before, choice.index) for choice in answer.choices]

    def at_once(self) -> bytes:
        """All events in one piece."""
        return b"".join([self._roles(), *self._rounds(), self._end])

    def timed(self, pauses: Iterator[float], tokens_per_second: float | None) -> Iterator[tuple[float, bytes]]:
        """Each round with the second it is due: after its pause, and no faster than the pace; the later one wins.

        A piece counts as its choice's mean tokens a piece, which makes the whole answer take its time exactly.
        """
        heaviest = max(choice.completion_tokens / max(len(choice.pieces), 1) for choice in self._choices)
        least = heaviest / tokens_per_second if tokens_per_second else 0.0
        due = 0.0
        yield due, self._roles()
        for number, events in enumerate(self._rounds()):
            if number < self._longest:  # the last round only says why it ended
                due += max(next(pauses), least)
            yield due, events
        yield due, self._end

    def _roles(self) -> bytes:
        ending = b'"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}' + self._after
        return b"".join([opening + ending for opening in self._openings])

    def _rounds(self) -> Iterator[bytes]:
        content, ending = b'"content":', b'},"logprobs":null,"finish_reason":null}' + self._after
        if len(self._choices) == 1:
            opening = self._openings[0] + content
            for piece in self._choices[0].pieces:
                yield opening + _encode(piece) + ending
            yield self._finish(self._openings[0], self._choices[0])
            return
        for number in range(self._longest + 1):
            events = []
            for opening, choice in zip(self._openings, self._choices, strict=True):
                if number < len(choice.pieces):
                    events.append(opening + content + _encode(choice.pieces[number]) + ending)
                elif number == len(choice.pieces):
                    events.append(self._finish(opening, choice))
            yield b"".join(events)

    def _finish(self, opening: bytes, choice: Choice) -> bytes:
        return b'%b},"logprobs":null,"finish_reason":"%b"}%b' % (opening, choice.finish_reason.encode(), self._after)


def _usage(answer: Answer) -> bytes:
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    return _USAGE % (prompt, completion, prompt + completion)
