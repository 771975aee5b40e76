"""gpt-sim-1's chat completion: a pure function from a job to an answer.

The text depends on the messages, the seeds, the wanted length and VERSION, and on nothing else: no clock, no
state, no table that differs between Python versions. `max_tokens`, `stop` and `n` only cut or repeat it.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from proxy.sim.job import Answer, ChatJob, Choice, Length, Message
from proxy.sim.prose import compose
from proxy.sim.tokens import count, cut
from proxy.sim.topics import read

VERSION = 1  # goes up whenever any job's text changes

_LONGEST_REMEMBERED, _MOST_REMEMBERED = 2000, 4  # characters of all messages; choices
_BASE62 = bytes(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[i % 62] for i in range(256))


def complete(job: ChatJob) -> Answer:
    """Answer a job. Takes some 20 µs once the token tables are loaded, and 3 for a job that came before."""
    if job.n > _MOST_REMEMBERED or sum([len(m.text) for m in job.messages]) > _LONGEST_REMEMBERED:
        return _answer(job)
    return _remembered(job)


def _answer(job: ChatJob) -> Answer:
    length: Length = job.response_length or "medium"
    seen = _digest(job, length)
    reading = read([m.text for m in job.messages if m.role == "user"], _background(job.messages))
    choices = tuple(
        _choice(index, compose(reading, length, blake2b(seen + b"%d" % index).digest()), job) for index in range(job.n)
    )
    return Answer(
        id=_identifier(job, seen),
        choices=choices,
        prompt_tokens=prompt_tokens(job.messages),
        completion_tokens=sum([choice.completion_tokens for choice in choices]),
        system_fingerprint=fingerprint(job.server_seed),
    )


# A pure function may remember, and load tests send the same request again and again. The bounds keep it all
# under a few megabytes.
_remembered = lru_cache(maxsize=256)(_answer)


def prompt_tokens(messages: tuple[Message, ...]) -> int:
    """3 tokens a message, its role and its text, and 3 that prime the answer.

    The formula that OpenAI publishes for gpt-4o and the like in its cookbook, "How to count tokens with
    tiktoken", function `num_tokens_from_messages`.
    """
    return 3 + sum([3 + count(m.role) + count(m.text) for m in messages])


@lru_cache(maxsize=16)
def fingerprint(server_seed: int) -> str:
    """`system_fingerprint`: changes with the generator and with the server's seed."""
    return "fp_" + blake2b(b"%d %d" % (VERSION, server_seed), digest_size=5).hexdigest()


def _choice(index: int, sentences: Iterator[str], job: ChatJob) -> Choice:
    finish: Literal["stop", "length"] = "stop"
    if job.max_tokens is None:
        text = "".join(sentences)
        tokens = count(text)
    else:
        text, tokens, shortened = _beginning(sentences, job.max_tokens)
        finish = "length" if shortened else "stop"
    # After the length cut: a stop string that is not complete within max_tokens is never seen.
    matches = [at for at in (text.find(stop) for stop in job.stop if stop) if at >= 0]
    if matches:
        text, finish = text[: min(matches)], "stop"
        tokens = count(text)
    return Choice(index, text, finish, tokens)


def _beginning(sentences: Iterator[str], max_tokens: int) -> tuple[str, int, bool]:
    """`cut` of the whole text, for which no more of it is written than needed."""
    text = ""
    for sentence in sentences:
        text += sentence
        # A token of English is hardly ever as long as 8 characters. Only the last token of a beginning can be
        # another one in the whole text, and with more than `max_tokens` of them it is not among those kept.
        if len(text) > 8 * max_tokens:
            kept = cut(text, max_tokens)
            if kept[2]:
                return kept
    return cut(text, max_tokens)


def _digest(job: ChatJob, length: Length) -> bytes:
    # Lengths before the texts keep ("ab", "c") apart from ("a", "bc").
    turns = "".join([f"{len(m.role)}:{m.role}{len(m.text)}:{m.text}" for m in job.messages])
    head = f"{VERSION} {job.seed or 0} {job.server_seed} {length} "
    return blake2b((head + turns).encode("utf-8", "surrogatepass")).digest()


def _identifier(job: ChatJob, seen: bytes) -> str:
    # Not repr(), whose idea of a printable character changes with Python's Unicode tables.
    cuts = ascii((job.max_tokens, job.stop, job.n)).encode("ascii")
    return "chatcmpl-" + blake2b(seen + cuts, digest_size=29).digest().translate(_BASE62).decode("ascii")


def _background(messages: tuple[Message, ...]) -> list[str]:
    return [m.text for m in messages if m.role in {"system", "developer"}]
