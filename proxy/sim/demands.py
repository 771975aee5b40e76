"""Answers to jobs that demand more than a text: tools, JSON, a refusal, log probabilities, reasoning, a prediction.

Each demand has a module of its own; this one says which of them decides what is said, cuts it, and counts it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from proxy.sim.job import REFUSE, ChatJob, Choice, Finish, Length, ToolCall
from proxy.sim.letters import base62
from proxy.sim.limits import limited
from proxy.sim.prose import compose
from proxy.sim.tokens import count, cut
from proxy.sim.tools.turn import Turn, turn
from proxy.sim.topics import Reading

if TYPE_CHECKING:
    from proxy.sim.tools.calls import Planned

_REFUSALS = (
    "I'm sorry, but I can't assist with that request.",
    "I'm sorry, but I can't help with that.",
    "I can't help with that request.",
)
# Tokens of reasoning by effort, in steps of 64 as OpenAI reports them: at least, and how many steps more at most.
_REASONING = {"minimal": (0, 0), "low": (64, 2), "medium": (192, 8), "high": (640, 16), "xhigh": (1664, 40)}
_REASONING_STEP = 64
_ATTEMPTS = 16  # texts that are tried for one without a banned token


@dataclass(frozen=True, slots=True)
class _Ask:
    """A job as it was read. `seen` is the digest of all of it, `opening` that of what the user's last message ends."""

    job: ChatJob
    length: Length
    reading: Reading
    turn: Turn
    seen: bytes
    opening: bytes


def choices(job: ChatJob, length: Length, reading: Reading, seen: bytes) -> tuple[Choice, ...]:
    """All choices. Raises SchemaError for a schema that cannot be met."""
    now = turn(job.messages)
    said = ascii((job.seed or 0, job.server_seed, [(message.role, message.text) for message in now.opening]))
    ask = _Ask(job, length, reading, now, seen, blake2b(said.encode("ascii")).digest())
    return tuple([_choice(ask, index) for index in range(job.n)])


def _choice(ask: _Ask, index: int) -> Choice:
    job, key = ask.job, blake2b(ask.seen + b"%d" % index).digest()
    thought = _reasoning(job.reasoning_effort, key)
    if job.max_tokens is not None and thought >= job.max_tokens:
        logprobs = None if job.top_logprobs is None else ()
        return Choice(index, "", "length", job.max_tokens, logprobs=logprobs, reasoning_tokens=job.max_tokens)
    left = None if job.max_tokens is None else job.max_tokens - thought
    planned = _planned(ask, index)
    choice = _called(index, planned, ask, left) if planned else _told(index, ask, left, key)
    return replace(
        choice,
        completion_tokens=choice.completion_tokens + thought + choice.rejected_prediction_tokens,
        reasoning_tokens=thought,
    )


def _planned(ask: _Ask, index: int) -> "list[Planned]":
    if ask.job.tool_use is None or _refuses(ask):
        return []
    from proxy.sim.tools.calls import calls  # noqa: PLC0415 - with schemas, for those who have tools

    return calls(ask.job.tool_use, ask.turn, ask.opening + b"%d" % index)


def _reasoning(effort: str | None, key: bytes) -> int:
    least, steps = _REASONING.get(effort or "", (0, 0))
    return least + _REASONING_STEP * (key[0] % (steps + 1))


def _refuses(ask: _Ask) -> bool:
    texts = [message.text for message in ask.job.messages if message.role in {"system", "developer"}]
    return any(REFUSE in text for text in (ask.turn.text, *texts))


def _called(index: int, planned: "list[Planned]", ask: _Ask, left: int | None) -> Choice:
    """The calls as far as the tokens go: of the last one maybe only a beginning of its arguments."""
    made, tokens = [], 0
    use = ask.job.tool_use
    finish: Finish = "stop" if use and use.named else "tool_calls"
    for at, call in enumerate(planned):
        name, arguments, spent = count(call.tool.name), call.arguments, count(call.arguments)
        if left is not None and tokens + name + spent > left:
            finish = "length"
            if tokens + name > left:
                break
            arguments, spent, _ = cut(arguments, left - tokens - name)
        made.append(ToolCall(_call_id(ask.seen, index, at), call.tool.name, arguments, call.tool.custom))
        tokens += name + spent
        if finish == "length":
            break
    return Choice(index, "", finish, tokens, tool_calls=tuple(made))


def _call_id(seen: bytes, index: int, at: int) -> str:
    return "call_" + base62(seen + b"call %d %d" % (index, at), 24)


def _told(index: int, ask: _Ask, left: int | None, key: bytes) -> Choice:
    """A refusal or a text with what is said about its tokens."""
    job = ask.job
    refused = _refuses(ask)
    parts, goes_on = ([_REFUSALS[key[1] % len(_REFUSALS)]], False) if refused else _words(ask, left, key)
    text, tokens, finish = limited(parts, left, job.stop)
    if goes_on and finish == "stop" and text == "".join(parts):
        finish = "length"
    if job.logit_bias and job.format is None and not refused:
        text, tokens = _unbanned(text, tokens, job)
    choice = Choice(index, "" if refused else text, finish, tokens, refusal=text if refused else None)
    if job.top_logprobs is not None:
        from proxy.sim.logprobs import logprobs  # noqa: PLC0415 - decimal and its tables, for those who ask

        choice = replace(choice, logprobs=logprobs(text, job.top_logprobs, key))
    if job.prediction is not None and not refused:
        from proxy.sim.prediction import accepted  # noqa: PLC0415

        right, wrong = accepted(text, job.prediction)
        choice = replace(choice, accepted_prediction_tokens=right, rejected_prediction_tokens=wrong)
    return choice


def _unbanned(text: str, tokens: int, job: ChatJob) -> tuple[str, int]:
    """The text and its tokens: a cut can make a banned token of what was a part of another."""
    from proxy.sim import bias  # noqa: PLC0415 - for those who have one

    banned = bias.banned(job.logit_bias)
    if bias.allows(text, banned):
        return text, tokens
    text = bias.without([text], banned)
    return text, count(text)


def _words(ask: _Ask, left: int | None, key: bytes) -> tuple[Iterable[str], bool]:
    """What is said, and whether it would go on for ever."""
    job = ask.job
    if job.format is not None:
        from proxy.sim.formats import written  # noqa: PLC0415 - schemas, for those who have one

        return [written(job.format, ask.turn, job.messages, ask.reading, key)], False
    if job.logit_bias:
        return _biased(ask, left, key)
    return _prose(ask, key), False


def _prose(ask: _Ask, key: bytes) -> Iterable[str]:
    if ask.turn.results:
        from proxy.sim.tools.results import sentences  # noqa: PLC0415 - for those who have some

        return sentences(ask.turn.results, ask.length, key[2] * 256 + key[3])
    return compose(ask.reading, ask.length, key)


def _biased(ask: _Ask, left: int | None, key: bytes) -> tuple[Iterable[str], bool]:
    from proxy.sim import bias  # noqa: PLC0415 - for those who have one

    if alone := bias.only(ask.job.logit_bias):
        text, goes_on = bias.repeated(alone, left, key)
        return [text], goes_on
    tokens = bias.banned(ask.job.logit_bias)
    for attempt in range(_ATTEMPTS):
        text = "".join(_prose(ask, blake2b(key + b"%d" % attempt).digest() if attempt else key))
        if bias.allows(text, tokens):
            return [text], False
    return [bias.without(_prose(ask, key), tokens)], False
