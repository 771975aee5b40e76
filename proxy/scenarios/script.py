"""What a scenario answers, as the generator would: a `ChatJob` or a completion's prompt in, an Answer or Choice out.

So all APIs, plain and streamed, with their usage, limits and log probabilities, are the same as for a simulated answer.
"""

import json
from dataclasses import dataclass, replace
from hashlib import blake2b

from proxy.scenarios import template
from proxy.scenarios.format import Answer as Wish
from proxy.scenarios.format import ToolCall as WishedCall
from proxy.scenarios.template import Values
from proxy.sim.chat import fingerprint, prompt_tokens
from proxy.sim.continuation import Continuation
from proxy.sim.job import Answer, ChatJob, Choice, Finish, TokenLogprob, ToolCall
from proxy.sim.letters import base62
from proxy.sim.limits import limited
from proxy.sim.logprobs import logprobs
from proxy.sim.tokens import count


@dataclass(frozen=True, slots=True)
class Script:
    """One answer with its values filled in; `key` decides ids and what is made up around it."""

    text: str
    refusal: str | None
    calls: tuple[ToolCall, ...]
    finish: Finish | None
    key: bytes

    def answer(self, job: ChatJob) -> Answer:
        """The answer to a chat, cut where the request says."""
        seen = blake2b(self.key + ascii(job).encode()).digest()
        choice = self._choice(job, seen)
        choices = tuple([replace(choice, index=index) for index in range(job.n)])
        return Answer(
            id="chatcmpl-" + base62(seen, 29),
            choices=choices,
            prompt_tokens=prompt_tokens(job.messages, job.tools_given),
            completion_tokens=choice.completion_tokens * job.n,
            system_fingerprint=fingerprint(job.server_seed),
        )

    def candidate(self, job: Continuation, number: int) -> Choice:
        """What goes on from a completion's prompt; calls of tools have no place there."""
        text, tokens, finish = limited([self.refusal or self.text], job.max_tokens, job.stop)
        told = _logprobs(text, job.logprobs, self.key)
        return Choice(number, text, self._finish(finish), tokens, logprobs=told)

    def _choice(self, job: ChatJob, seen: bytes) -> Choice:
        said = self.text if self.refusal is None else self.refusal
        text, tokens, finish = limited([said], job.max_tokens, job.stop)
        if self.refusal is not None:
            told = _logprobs(text, job.top_logprobs, self.key)
            return Choice(0, "", self._finish(finish), tokens, refusal=text, logprobs=told)
        if not self.calls or finish == "length":
            told = _logprobs(text, job.top_logprobs, self.key)
            return Choice(0, text, self._finish(finish), tokens, logprobs=told)
        custom = {tool.name for tool in job.tools_given if tool.custom}
        calls = []
        for at, call in enumerate(self.calls):
            name = call.id or "call_" + base62(blake2b(seen + b"call %d" % at).digest(), 24)
            calls.append(replace(call, id=name, custom=call.name in custom))
            tokens += count(call.name) + count(call.arguments)
        named = job.tool_use is not None and job.tool_use.named
        return Choice(0, text, self.finish or ("stop" if named else "tool_calls"), tokens, tool_calls=tuple(calls))

    def _finish(self, finish: Finish) -> Finish:
        return self.finish or finish if finish == "stop" else finish


def script(wish: Wish, values: Values, key: str) -> Script | None:
    """What is to be said, None where the answer says nothing of its own."""
    if wish.text is None and wish.json is None and wish.refusal is None and not wish.tool_calls:
        return None
    text = template.text(wish.text or "", values)
    if wish.json is not None:
        text = _json(template.filled(wish.json, values))
    return Script(
        text,
        None if wish.refusal is None else template.text(wish.refusal, values),
        tuple([_call(call, values) for call in wish.tool_calls or ()]),
        wish.finish_reason,
        blake2b(f"{key} {values.number}".encode()).digest(),
    )


def _call(call: WishedCall, values: Values) -> ToolCall:
    if isinstance(call.arguments, str):
        return ToolCall(call.id or "", call.name, template.text(call.arguments, values))
    return ToolCall(call.id or "", call.name, _json(template.filled(call.arguments, values)))


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _logprobs(text: str, top: int | None, key: bytes) -> tuple[TokenLogprob, ...] | None:
    return None if top is None else logprobs(text, top, key)
