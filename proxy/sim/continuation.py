"""gpt-sim-1's legacy completion: continues a prompt with the prose that a chat about it would be answered with.

A pure function, as in chat.py: the text depends on the prompt, the suffix, the seeds and VERSION; `max_tokens` and
`stop` only cut it. A prompt of token ids is read as the text that they spell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

from proxy.sim.chat import fingerprint
from proxy.sim.job import Choice
from proxy.sim.prose import compose
from proxy.sim.tokens import count, cut, token_bytes
from proxy.sim.topics import read

VERSION = 1  # goes up whenever any text changes
_SPECIAL = {199_999: b"<|endoftext|>", 200_018: b"<|endofprompt|>"}

_BASE62 = bytes(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[i % 62] for i in range(256))


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text, and how many tokens it came in."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True)
class Continuation:
    """What decides a text, beside its prompt. No `seed` means the same as seed 0."""

    suffix: str = ""
    seed: int | None = None
    server_seed: int = 0
    max_tokens: int = 16
    stop: tuple[str, ...] = ()


def prompt(given: str | Sequence[int]) -> Prompt:
    """A prompt of text, or of o200k_base's ids (what is not UTF-8 is replaced). Raises ValueError with a bad id."""
    if isinstance(given, str):
        return Prompt(given, count(given))
    spelled = [each or _SPECIAL.get(token, b"") for token, each in zip(given, token_bytes(given), strict=True)]
    if b"" in spelled:
        raise ValueError(given[spelled.index(b"")])
    return Prompt(b"".join(spelled).decode("utf-8", "replace"), len(given))


def candidate(text: str, job: Continuation, number: int) -> Choice:
    """What goes on from a text, in the version of that number."""
    seen = _digest(f"{job.seed or 0} {job.server_seed} {len(job.suffix)}:{job.suffix}{text}")
    sentences = compose(read([text], ()), "long", blake2b(seen + b"%d" % number).digest())
    text, tokens, shortened = cut(_lead(text) + "".join(sentences), job.max_tokens)
    finish: Literal["stop", "length"] = "length" if shortened else "stop"
    matches = [at for at in (text.find(stop) for stop in job.stop if stop) if at >= 0]
    if matches:
        text, finish = text[: min(matches)], "stop"
        tokens = count(text)
    return Choice(number, text, finish, tokens)


def identifier(prompts: Sequence[Prompt], job: Continuation, *rest: object) -> str:
    """The id of a request; `rest` is what changes its answer and not a single text."""
    cuts = ascii((job.seed or 0, job.server_seed, job.max_tokens, job.stop, job.suffix, rest))
    texts = "".join([f"{len(each.text)}:{each.text}{each.tokens}" for each in prompts])
    digest = blake2b(_digest(cuts + texts), digest_size=29).digest()
    return "cmpl-" + digest.translate(_BASE62).decode("ascii")


def system_fingerprint(server_seed: int) -> str:
    """Changes with the texts."""
    return fingerprint(server_seed)


def _lead(text: str) -> str:
    """What stands between a prompt and its continuation."""
    if not text or text[-1] in " \n\t":
        return ""
    return "\n\n" if text[-1] in ".?!:;" else " "


def _digest(text: str) -> bytes:
    return blake2b(f"{VERSION} {text}".encode("utf-8", "surrogatepass"), person=b"completion").digest()
