"""A simulated answer as OpenAI's bytes: one chat.completion object. Its stream is chat_events.py's.

Everything but the text is the same for a whole answer, so bytes are joined around encoded text and no
dictionary is built. The format is that of https://platform.openai.com/docs/api-reference/chat/object.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from proxy.sim.job import Answer, Choice, Sound, TokenLogprob, ToolCall

encode = msgspec.json.Encoder().encode
# Where the time goes in answers that are remembered. No JSON has this byte, so it can be found again.
TIME = b"\x00"
_USAGE = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":%d},"completion_tokens_details":{"reasoning_tokens":%d,'
    b'"audio_tokens":%d,"accepted_prediction_tokens":%d,"rejected_prediction_tokens":%d}}'
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What is around an answer: what the request says, and nothing that the generator made.

    `functions`: it has the forerunner of tools. `sound_tokens` are those of its recordings. `expires` is the Unix time
    up to which the answer's sounds may be named.
    """

    model: str
    service_tier: str = "default"
    functions: bool = False
    sound_tokens: int = 0
    expires: int = 0


def plain(answer: Answer, frame: Frame, created: bytes) -> bytes:
    """The chat.completion object; `created` is a Unix time in digits, or TIME."""
    choices = b",".join(
        [
            b'{"index":%d,"message":%b,"logprobs":%b,"finish_reason":"%b"}'
            % (choice.index, _message(choice, frame), logprobs(choice, choice.logprobs), reason(choice, frame))
            for choice in answer.choices
        ]
    )
    return (
        b'{"id":"%b","object":"chat.completion","created":%b,"model":%b,"choices":[%b],"usage":%b,'
        b'"service_tier":"%b","system_fingerprint":"%b"}'
    ) % (
        answer.id.encode(),
        created,
        encode(frame.model),
        choices,
        usage(answer, frame),
        frame.service_tier.encode(),
        answer.system_fingerprint.encode(),
    )


def is_silent(choice: Choice) -> bool:
    """Whether its content is null: beside a refusal or a sound, and beside calls that come without a text."""
    return choice.refusal is not None or choice.sound is not None or bool(choice.tool_calls and not choice.text)


def called(call: ToolCall, arguments: str) -> bytes:
    """What was called, with its arguments or the first of them."""
    return b'{"name":%b,"%b":%b}' % (encode(call.name), b"input" if call.custom else b"arguments", encode(arguments))


def kind(call: ToolCall) -> bytes:
    """The type of a call, which is also the name of its field."""
    return b"custom" if call.custom else b"function"


def reason(choice: Choice, frame: Frame) -> bytes:
    """The finish reason."""
    renamed = frame.functions and choice.finish_reason == "tool_calls"
    return b"function_call" if renamed else choice.finish_reason.encode()


def logprobs(choice: Choice, tokens: tuple[TokenLogprob, ...] | None) -> bytes:
    """The log probabilities of some tokens of a choice; null where none were wanted."""
    if tokens is None:
        return b"null"
    listed = b"[" + b",".join([_token(token) for token in tokens]) + b"]"
    form = b'{"content":%b,"refusal":null}' if choice.refusal is None else b'{"content":null,"refusal":%b}'
    return form % listed


def usage(answer: Answer, frame: Frame) -> bytes:
    """The usage object."""
    reasoning = accepted = rejected = sounds = 0
    for choice in answer.choices:
        reasoning += choice.reasoning_tokens
        accepted += choice.accepted_prediction_tokens
        rejected += choice.rejected_prediction_tokens
        sounds += choice.sound.tokens if choice.sound else 0
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    heard = frame.sound_tokens
    return _USAGE % (prompt, completion, prompt + completion, heard, reasoning, sounds, accepted, rejected)


def spoken(choice: Choice, sound: Sound) -> Iterator[bytes]:
    """The sound of a choice, some at a time: a file, or bare samples."""
    from proxy.endpoints.speech import FORMATS  # noqa: PLC0415 - who reads need not load what speaks

    make, _ = FORMATS["pcm" if sound.format == "pcm16" else sound.format]
    return make(choice.text, sound.voice, 1.0)


def _message(choice: Choice, frame: Frame) -> bytes:
    refusal = b"null" if choice.refusal is None else encode(choice.refusal)
    return b'{"role":"assistant","content":%b,"refusal":%b%b,"annotations":[]}' % (
        b"null" if is_silent(choice) else encode(choice.text),
        refusal,
        (_calls(choice.tool_calls, frame) if choice.tool_calls else b"")
        + (_audio(choice, choice.sound, frame) if choice.sound else b""),
    )


def _audio(choice: Choice, sound: Sound, frame: Frame) -> bytes:
    return b',"audio":{"id":%b,"data":"%b","expires_at":%d,"transcript":%b}' % (
        encode(sound.id),
        b64encode(b"".join(spoken(choice, sound))),
        frame.expires,
        encode(choice.text),
    )


def _calls(calls: tuple[ToolCall, ...], frame: Frame) -> bytes:
    if frame.functions:
        return b',"function_call":' + called(calls[0], calls[0].arguments)
    listed = [
        b'{"id":%b,"type":"%b","%b":%b}' % (encode(call.id), kind(call), kind(call), called(call, call.arguments))
        for call in calls
    ]
    return b',"tool_calls":[%b]' % b",".join(listed)


def _token(token: TokenLogprob) -> bytes:
    alternatives = b",".join([_alternative(text, value) + b"}" for text, value in token.top])
    return b'%b,"top_logprobs":[%b]}' % (_alternative(token.token, token.logprob), alternatives)


def _alternative(text: bytes, logprob: float) -> bytes:
    return b'{"token":%b,"logprob":%b,"bytes":%b' % (encode(_shown(text)), encode(logprob), encode(list(text)))


def _shown(token: bytes) -> str:
    """A token that is no whole character is written by its bytes, as OpenAI does."""
    try:
        return token.decode()
    except UnicodeDecodeError:
        return "bytes:" + repr(token)[2:-1]
