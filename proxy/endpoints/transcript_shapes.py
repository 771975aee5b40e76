"""A text that was heard as OpenAI's JSON: with segments and words, with speakers, or as the events of a stream.

What cannot be known without listening (how sure, how loud) is the same for all.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from proxy.sim.job import Choice, TokenLogprob, in_pieces
from proxy.sim.tokens import count, encode
from proxy.sim.transcript import Timed, sentences, words

_TOKENS_PER_SECOND = 10  # of sound, as of OpenAI's models that listen
_WINDOW = 30_000  # milliseconds, in which Whisper listens
_SURE = {"avg_logprob": -0.25, "compression_ratio": 1.2, "no_speech_prob": 0.01}


def usage(text: str, milliseconds: int, model: str, prompt: str | None) -> dict[str, Any]:
    """Of Whisper's models seconds, of others tokens."""
    if model.startswith("whisper"):
        return {"type": "duration", "seconds": -(-milliseconds // 1000)}
    sound, given, made = max(1, milliseconds * _TOKENS_PER_SECOND // 1000), count(prompt or ""), count(text)
    return {
        "type": "tokens",
        "input_tokens": sound + given,
        "input_token_details": {"text_tokens": given, "audio_tokens": sound},
        "output_tokens": made,
        "total_tokens": sound + given + made,
    }


def verbose(
    text: str, milliseconds: int, task: str, granularities: list[str], temperature: float | None
) -> dict[str, Any]:
    """The text with the times of its segments, its words, or both."""
    body: dict[str, Any] = {"task": task, "language": "english", "duration": milliseconds / 1000, "text": text}
    if "word" in granularities:
        body["words"] = [{"word": each.text, **_times(each)} for each in words(text, milliseconds)]
    if "segment" in granularities:
        body["segments"] = [
            {
                "id": number,
                "seek": each.start // _WINDOW * (_WINDOW // 10),
                **_times(each),
                "text": f" {each.text}",
                "tokens": encode(f" {each.text}"),
                "temperature": temperature or 0.0,
                **_SURE,
            }
            for number, each in enumerate(sentences(text, milliseconds))
        ]
    return body


def diarized(text: str, milliseconds: int, speakers: list[str]) -> dict[str, Any]:
    """The text with who said what: the speakers take turns."""
    return {
        "task": "transcribe",
        "duration": milliseconds / 1000,
        "text": text,
        "segments": _segments(text, milliseconds, speakers),
    }


def logprobs(text: str) -> list[dict[str, Any]]:
    """Those of every token."""
    return [_told(each) for each in _tokens(text)]


def events(
    text: str, milliseconds: int, spent: dict[str, Any], *, with_logprobs: bool, speakers: list[str] | None
) -> Iterator[dict[str, Any]]:
    """The text in pieces, with speakers by sentence, and then whole."""
    done: dict[str, Any] = {"type": "transcript.text.done", "text": text}
    if speakers is not None:
        for at, segment in enumerate(_segments(text, milliseconds, speakers)):
            delta = f" {segment['text']}" if at else segment["text"]
            yield {"type": "transcript.text.delta", "delta": delta, "segment_id": segment["id"]}
            yield segment
    elif with_logprobs:
        for part, tokens in Choice(0, text, "stop", 0, logprobs=_tokens(text)).pieces_with_logprobs:
            yield {"type": "transcript.text.delta", "delta": part, "logprobs": [_told(each) for each in tokens]}
        done["logprobs"] = logprobs(text)
    else:
        for piece in in_pieces(text):
            yield {"type": "transcript.text.delta", "delta": piece}
    yield done | {"usage": spent}


def _segments(text: str, milliseconds: int, speakers: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number:03}",
            **_times(each),
            "speaker": speakers[number % len(speakers)],
            "text": each.text,
        }
        for number, each in enumerate(sentences(text, milliseconds))
    ]


def _times(each: Timed) -> dict[str, float]:
    """In seconds."""
    return {"start": each.start / 1000, "end": each.end / 1000}


def _tokens(text: str) -> tuple[TokenLogprob, ...]:
    from proxy.sim.logprobs import logprobs as drawn  # noqa: PLC0415 - decimal and its tables, for those who ask

    return drawn(text, 0, blake2b(text.encode("utf-8", "replace")).digest())


def _told(each: TokenLogprob) -> dict[str, Any]:
    return {"token": each.token.decode("utf-8", "replace"), "bytes": list(each.token), "logprob": each.logprob}
