"""The conversations that nanochat was trained on: which it can be given, and how the parts of a message join.

As nanochat's `render_conversation` has it (karpathy/nanochat, nanochat/tokenizer.py): a system message first or
none, put before the user's by the chat template; then user and assistant in turn. Where the original fails an
assertion, this raises a BadRequestError. It knows no tokens.
"""

from typing import Any, Final

from proxy.errors import BadRequestError

ROLES: Final = ("system", "user", "assistant")


def as_trained(messages: Any) -> Any:
    """The messages with texts for contents. Raises BadRequestError; what is no list is llama-server's to judge."""
    if not isinstance(messages, list):
        return messages
    expected: tuple[str, ...] = ("system", "user")
    turns = []
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = message.get("role") if isinstance(message, dict) else None
        _check_role(role, expected, where)
        expected = ("assistant",) if role == "user" else ("user",)
        turns.append({**message, "content": _text(message.get("content"), f"{where}.content")})
    if not turns or turns[-1]["role"] == "system":
        raise _refusal("messages", "a conversation needs a user message")
    if turns[-1] == {"role": "assistant", "content": ""}:
        # To go on after nothing is to begin. llama-server would leave out the beginning of the answer.
        turns.pop()
    return turns


def _check_role(role: Any, expected: tuple[str, ...], where: str) -> None:
    if role not in ROLES:
        raise _refusal(f"{where}.role", f"this model knows the roles {_listed(ROLES)} only, not {role!r}")
    if role not in expected:
        raise _refusal(
            f"{where}.role",
            "this model knows conversations that begin with an optional system message and go on with user and "
            f"assistant in turn: here it expects {_listed(expected)}, not {role!r}",
        )


def _text(content: Any, where: str) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise _refusal(where, "this model reads text only: a string, or an array of text parts")
    texts = []
    for index, part in enumerate(content):
        text = part.get("text") if isinstance(part, dict) and part.get("type") == "text" else None
        if not isinstance(text, str):
            raise _refusal(f"{where}[{index}]", "this model reads text parts only")
        texts.append(text)
    return "".join(texts)  # nothing in between, as in the original


def _listed(names: tuple[str, ...]) -> str:
    return " or ".join(map(repr, names)) if len(names) < 3 else f"{', '.join(map(repr, names[:-1]))} and {names[-1]!r}"


def _refusal(where: str, why: str) -> BadRequestError:
    return BadRequestError(f"Invalid '{where}': {why}.", param=where, code="invalid_value")
