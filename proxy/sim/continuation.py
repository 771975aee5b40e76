"""gpt-sim-1's legacy completion: continues a prompt with the prose that a chat about it would be answered with.

A pure function, as in chat.py: the text depends on the prompt, the suffix, the seeds and VERSION; `max_tokens` and
`stop` only cut it. A prompt of token ids is read as the text that they spell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain

from proxy.sim import bias
from proxy.sim.chat import fingerprint
from proxy.sim.job import Choice, TokenLogprob
from proxy.sim.letters import base62
from proxy.sim.limits import limited
from proxy.sim.prose import compose
from proxy.sim.tokens import count, encode, token_bytes
from proxy.sim.topics import read

VERSION = 1  # goes up whenever any text changes
_SPECIAL = {199_999: b"<|endoftext|>", 200_018: b"<|endofprompt|>"}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text, and how many tokens it is; `spelled` is what each stands for, where it came as tokens."""

    text: str
    tokens: int
    spelled: tuple[bytes, ...] | None = None


@dataclass(frozen=True, slots=True)
class Continuation:
    """What decides a text, beside its prompt. No `seed` means the same as seed 0.

    `logprobs` is how many of the likeliest tokens are told at each place, None where no logprobs are wanted.
    """

    suffix: str = ""
    seed: int | None = None
    server_seed: int = 0
    max_tokens: int = 16
    stop: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int, float], ...] = ()
    logprobs: int | None = None


def prompt(given: str | Sequence[int]) -> Prompt:
    """A prompt of text, or of o200k_base's ids (what is not UTF-8 is replaced). Raises ValueError with a bad id."""
    if isinstance(given, str):
        return Prompt(given, count(given))
    spelled = tuple([each or _SPECIAL.get(token, b"") for token, each in zip(given, token_bytes(given), strict=True)])
    if b"" in spelled:
        raise ValueError(given[spelled.index(b"")])
    return Prompt(b"".join(spelled).decode("utf-8", "replace"), len(given), spelled)


def candidate(text: str, job: Continuation, number: int) -> Choice:
    """What goes on from a text, in the version of that number."""
    key = blake2b(_digest(f"{job.seed or 0} {job.server_seed} {len(job.suffix)}:{job.suffix}{text}") + b"%d" % number)
    sentences, goes_on = _sentences(text, job, key.digest())
    written, tokens, finish = limited(sentences, job.max_tokens, job.stop)
    if goes_on and finish == "stop" and not any(stop in "".join(sentences) for stop in job.stop if stop):
        finish = "length"
    choice = Choice(number, written, finish, tokens)
    if job.logprobs is None:
        return choice
    from proxy.sim.logprobs import logprobs  # noqa: PLC0415 - decimal and its tables, for those who ask

    return replace(choice, logprobs=logprobs(written, job.logprobs, key.digest()))


def likelihood(choice: Choice) -> float:
    """The mean log probability of a choice's tokens, in millionths: of whole numbers, so the same everywhere."""
    millionths = [round(token.logprob * 1_000_000) for token in choice.logprobs or ()]
    return sum(millionths) / len(millionths) if millionths else 0.0


def prompt_logprobs(given: Prompt, top: int) -> tuple[TokenLogprob, ...]:
    """Those of a prompt's tokens: some 25 µs each with five others."""
    from proxy.sim.logprobs import of_tokens  # noqa: PLC0415 - as above

    tokens = token_bytes(encode(given.text)) if given.spelled is None else given.spelled
    return of_tokens(tokens, top, _digest(given.text))


def _sentences(text: str, job: Continuation, key: bytes) -> tuple[Iterable[str], bool]:
    """What is written, and whether it would go on for ever."""
    sentences = chain([_lead(text)], compose(read([text], ()), "long", key))
    if not job.logit_bias:
        return sentences, False
    if alone := bias.only(job.logit_bias):
        repeated, goes_on = bias.repeated(alone, job.max_tokens, key)
        return [repeated], goes_on
    return [bias.without(sentences, bias.banned(job.logit_bias))], False


def identifier(prompts: Sequence[Prompt], job: Continuation, *rest: object) -> str:
    """The id of a request; `rest` is what changes its answer and not a single text."""
    cuts = ascii((job.seed or 0, job.server_seed, job.max_tokens, job.stop, job.suffix, job.logit_bias, rest))
    texts = "".join([f"{len(each.text)}:{each.text}{each.tokens}" for each in prompts])
    return "cmpl-" + base62(_digest(cuts + texts), 29)


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
