"""The response object, from what was asked and what was answered: OpenAI's fields in OpenAI's order."""

from typing import Any

from proxy.endpoints.responses.items import identifier
from proxy.endpoints.responses.schema import Format, Request
from proxy.endpoints.responses.sealed import reasoned
from proxy.endpoints.responses.state import Item
from proxy.sim.job import Answer, Choice, TokenLogprob

_CUT_SHORT = {"length": "max_output_tokens", "content_filter": "content_filter"}
LOGPROBS, ENCRYPTED = "message.output_text.logprobs", "reasoning.encrypted_content"


def begun(ask: Request, tools: list[Item], now: int) -> Item:
    """A response that is in progress; it has no id yet, which is drawn from all the rest."""
    return {
        "id": "",
        "object": "response",
        "created_at": now,
        "status": "in_progress",
        "background": bool(ask.background),
        "completed_at": None,
        "conversation": {"id": conversation} if (conversation := conversation_of(ask)) else None,
        "error": None,
        "frequency_penalty": ask.frequency_penalty or 0.0,
        "incomplete_details": None,
        "instructions": ask.instructions,
        "max_output_tokens": ask.max_output_tokens,
        "max_tool_calls": ask.max_tool_calls,
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": ask.parallel_tool_calls is not False,
        "presence_penalty": ask.presence_penalty or 0.0,
        "previous_response_id": ask.previous_response_id,
        "prompt_cache_key": ask.prompt_cache_key,
        "prompt_cache_retention": ask.prompt_cache_retention,
        "reasoning": _reasoning(ask),
        "safety_identifier": ask.safety_identifier,
        "service_tier": ask.service_tier or "auto",
        "store": ask.store is not False,
        "temperature": 1.0 if ask.temperature is None else ask.temperature,
        "text": {"format": _format(ask.text.format if ask.text else None), "verbosity": _verbosity(ask)},
        "tool_choice": _tool_choice(ask),
        "tools": tools,
        "top_logprobs": ask.top_logprobs or 0,
        "top_p": 1.0 if ask.top_p is None else ask.top_p,
        "truncation": ask.truncation or "disabled",
        **({"user": ask.user} if ask.user is not None else {}),  # never null, by OpenAI's description
        "metadata": ask.metadata or {},
    }


def ended(response: Item, answer: Answer, output: list[Item], now: int) -> Item:
    """The same response with its output."""
    (choice,) = answer.choices
    reason = _CUT_SHORT.get(choice.finish_reason)
    tier = response["service_tier"]
    return response | {
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else now,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "service_tier": {"auto": "default", "fast": "priority"}.get(tier, tier),
        "usage": usage(answer.prompt_tokens, answer.completion_tokens, choice.reasoning_tokens),
    }


def usage(given: int, said: int, thought: int = 0) -> Item:
    """The tokens of a response."""
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": given + said,
    }


def output_of(ask: Request, choice: Choice, owner: str, namespaces: dict[str, str]) -> list[Item]:
    """The items of an answer: the reasoning where it was asked for, then a message, calls, or both."""
    items = []
    effort = ask.reasoning.effort if ask.reasoning else None
    if choice.reasoning_tokens or effort not in (None, "none"):
        items.append(_reasoning_item(ask, choice, identifier("rs", owner)))
    cut = choice.finish_reason in _CUT_SHORT
    silent = bool(choice.tool_calls) or (cut and choice.reasoning_tokens > 0)
    if choice.text or choice.refusal is not None or not silent:
        items.append(
            {
                "id": identifier("msg", owner),
                "type": "message",
                "status": "incomplete" if cut else "completed",
                "content": [_part(choice)],
                "role": "assistant",
            }
        )
    for number, call in enumerate(choice.tool_calls):
        last = number == len(choice.tool_calls) - 1
        item: Item = {
            "id": identifier("ctc" if call.custom else "fc", owner, number),
            "type": "custom_tool_call" if call.custom else "function_call",
            "status": "incomplete" if cut and last else "completed",
            "input" if call.custom else "arguments": call.arguments,
            "call_id": call.id,
            "name": call.name,
        }
        if call.name in namespaces:
            item["namespace"] = namespaces[call.name]
        items.append(item)
    return items


def _part(choice: Choice) -> Item:
    if choice.refusal is not None:
        return {"type": "refusal", "refusal": choice.refusal}
    logprobs = [_logprob(token) for token in choice.logprobs or ()]
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": choice.text}


def _logprob(token: TokenLogprob) -> Item:
    return _token(token.token, token.logprob) | {"top_logprobs": [_token(each, value) for each, value in token.top]}


def _token(token: bytes, logprob: float) -> Item:
    return {"token": token.decode("utf-8", "replace"), "bytes": list(token), "logprob": logprob}


def _reasoning_item(ask: Request, choice: Choice, name: str) -> Item:
    item: Item = {"id": name, "type": "reasoning", "summary": []}
    told = ask.reasoning and (ask.reasoning.summary or ask.reasoning.generate_summary)
    if told and choice.reasoning_tokens:
        item["summary"] = [{"type": "summary_text", "text": _summary(choice)}]
    if ENCRYPTED in (ask.include or ()):
        item["encrypted_content"] = reasoned(name)
    return item


def _summary(choice: Choice) -> str:
    if choice.refusal is not None:
        return "**Weighing the request**\n\nThe request should be declined, and politely."
    if choice.tool_calls:
        names = " and ".join(dict.fromkeys(call.name for call in choice.tool_calls))
        return f"**Choosing a tool**\n\nTo answer this I need more than I have been told. Next I call {names}."
    return "**Planning the answer**\n\nI have what I need, so I put the main point first and the details after it."


def conversation_of(ask: Any) -> str | None:
    """The id of the conversation that a request belongs to."""
    given = ask.conversation
    return given if given is None or isinstance(given, str) else str(given.id)


def _reasoning(ask: Request) -> Item:
    given = ask.reasoning
    return {
        "effort": given.effort if given else None,
        "summary": (given.summary or given.generate_summary) if given else None,
    }


def _format(given: Format | None) -> Item:
    if given is None or given.type != "json_schema":
        return {"type": given.type if given else "text"}
    return {
        "type": "json_schema",
        **({"description": given.description} if given.description is not None else {}),
        "name": given.name,
        "schema": given.schema,
        "strict": bool(given.strict),
    }


def _verbosity(ask: Request) -> str:
    return (ask.text.verbosity if ask.text else None) or "medium"


def _tool_choice(ask: Request) -> str | Item:
    given = ask.tool_choice
    if given is None or isinstance(given, str):
        return given or "auto"
    fields = {name: getattr(given, name) for name in ("type", "mode", "tools", "name", "server_label")}
    return {name: value for name, value in fields.items() if value is not None}
