"""gpt-sim-1's chat completion: a pure function from a job to an answer.

The answer depends on the job and on VERSION, and on nothing else: no clock, no state, no table that differs between
Python versions. `max_tokens`, `stop` and `n` only cut or repeat a text. What asks for more than a text about the
prompt is answered by demands.py.
"""

from functools import lru_cache
from hashlib import blake2b

from proxy.sim.job import REFUSE, RESULTS, Answer, ChatJob, Choice, Length, Message, Tool
from proxy.sim.letters import base62
from proxy.sim.limits import limited
from proxy.sim.prose import compose
from proxy.sim.tokens import count
from proxy.sim.topics import read

VERSION = 1  # goes up whenever any job's text changes

_NO_MORE = (None, (), None, None, (), None)


def complete(job: ChatJob) -> Answer:
    """Answer a job. Takes some 25 µs once the token tables are loaded.

    Raises structured.SchemaError for a schema, of a tool or of the answer, that cannot be met.
    """
    length: Length = job.response_length or "medium"
    seen = _digest(job, length)
    plain = _is_plain(job)
    choices = _choices(job, length, seen, plain=plain)
    return Answer(
        id=_identifier(job, seen, plain=plain),
        choices=choices,
        prompt_tokens=prompt_tokens(job.messages, job.tools_given),
        completion_tokens=sum([choice.completion_tokens for choice in choices]),
        system_fingerprint=fingerprint(job.server_seed),
    )


def prompt_tokens(messages: tuple[Message, ...], tools: tuple[Tool, ...] = ()) -> int:
    """3 tokens a message, its role and its text, one more and the name where it has one, and 3 that prime the answer.

    The formula that OpenAI publishes for gpt-4o and the like in its cookbook, "How to count tokens with
    tiktoken", function `num_tokens_from_messages`; calls count as their names and arguments. `tools` add what the
    cookbook's `num_tokens_for_tools` says.
    """
    tokens = 3 + sum([3 + count(m.role) + count(m.text) + m.media_tokens for m in messages])
    for message in messages:
        if message.name:
            tokens += 1 + count(message.name)
        for call in message.tool_calls:
            tokens += count(call.name) + count(call.arguments)
    if tools:
        from proxy.sim.tools.cost import tool_tokens  # noqa: PLC0415 - who only chats need not load it

        tokens += tool_tokens(tools)
    return tokens


@lru_cache(maxsize=16)
def fingerprint(server_seed: int) -> str:
    """`system_fingerprint`: changes with the generator and with the server's seed."""
    return "fp_" + blake2b(b"%d %d" % (VERSION, server_seed), digest_size=5).hexdigest()


def _choices(job: ChatJob, length: Length, seen: bytes, *, plain: bool) -> tuple[Choice, ...]:
    reading = read([m.text for m in job.messages if m.role == "user"], _background(job.messages))
    if not plain:
        from proxy.sim import demands  # noqa: PLC0415 - schemas and tools, which who only chats need not load

        return demands.choices(job, length, reading, seen)
    keys = [blake2b(seen + b"%d" % index).digest() for index in range(job.n)]
    cut = [limited(compose(reading, length, key), job.max_tokens, job.stop) for key in keys]
    return tuple([Choice(index, text, finish, tokens) for index, (text, tokens, finish) in enumerate(cut)])


def _is_plain(job: ChatJob) -> bool:
    """Whether texts are all that is given and asked for."""
    more = (job.tool_use, job.tools_given, job.format, job.top_logprobs, job.logit_bias, job.reasoning_effort)
    if more != _NO_MORE or job.prediction is not None:
        return False
    for m in job.messages:
        if m.role in RESULTS or m.tool_calls or m.name or m.media_tokens or m.tool_call_id or REFUSE in m.text:
            return False
    return True


def _digest(job: ChatJob, length: Length) -> bytes:
    # Lengths before the texts keep ("ab", "c") apart from ("a", "bc").
    turns = "".join([f"{len(m.role)}:{m.role}{len(m.text)}:{m.text}" for m in job.messages])
    head = f"{VERSION} {job.seed or 0} {job.server_seed} {length} "
    return blake2b((head + turns).encode("utf-8", "surrogatepass")).digest()


def _identifier(job: ChatJob, seen: bytes, *, plain: bool) -> str:
    # Not repr(), whose idea of a printable character changes with Python's Unicode tables.
    cuts = ascii((job.max_tokens, job.stop, job.n))
    if not plain:
        more = (job.tool_use, job.tools_given, job.format, job.top_logprobs, job.logit_bias, job.reasoning_effort)
        beside = [(m.name, m.tool_calls, m.tool_call_id, m.media_tokens) for m in job.messages]
        cuts += ascii((more, job.prediction, beside))
    return "chatcmpl-" + base62(seen + cuts.encode("ascii"), 29)


def _background(messages: tuple[Message, ...]) -> list[str]:
    return [m.text for m in messages if m.role in {"system", "developer"}]
