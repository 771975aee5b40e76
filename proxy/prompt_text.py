"""Makes the texts of a chat request safe and exact for one real model, before the request goes to llama-server.

llama-server reads a rendered conversation with its special tokens on, so text of a user that spells
`<|im_end|>` would end the turn: such a marker is broken. A model that says so in its manifest (Contract 1) also
gets its numbers cut where its original cuts them, and its conversations checked as its original checks them
(turns.py). A request in which nothing has to change keeps its bytes. It knows no tokenizer and no template.
"""

import re
from contextlib import suppress
from itertools import groupby
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from proxy import turns, wording

# \p{N} of Unicode 16, as in the tokenizers that split by it. Python's own table differs from version to version,
# and so does llama.cpp's.
NUMBERS: Final = (
    r"0-9\xb2\xb3\xb9\xbc-\xbe\u0660-\u0669\u06f0-\u06f9\u07c0-\u07c9\u0966-\u096f\u09e6-\u09ef\u09f4-\u09f9"
    r"\u0a66-\u0a6f\u0ae6-\u0aef\u0b66-\u0b6f\u0b72-\u0b77\u0be6-\u0bf2\u0c66-\u0c6f\u0c78-\u0c7e\u0ce6-\u0cef"
    r"\u0d58-\u0d5e\u0d66-\u0d78\u0de6-\u0def\u0e50-\u0e59\u0ed0-\u0ed9\u0f20-\u0f33\u1040-\u1049\u1090-\u1099"
    r"\u1369-\u137c\u16ee-\u16f0\u17e0-\u17e9\u17f0-\u17f9\u1810-\u1819\u1946-\u194f\u19d0-\u19da\u1a80-\u1a89"
    r"\u1a90-\u1a99\u1b50-\u1b59\u1bb0-\u1bb9\u1c40-\u1c49\u1c50-\u1c59\u2070\u2074-\u2079\u2080-\u2089"
    r"\u2150-\u2182\u2185-\u2189\u2460-\u249b\u24ea-\u24ff\u2776-\u2793\u2cfd\u3007\u3021-\u3029\u3038-\u303a"
    r"\u3192-\u3195\u3220-\u3229\u3248-\u324f\u3251-\u325f\u3280-\u3289\u32b1-\u32bf\ua620-\ua629\ua6e6-\ua6ef"
    r"\ua830-\ua835\ua8d0-\ua8d9\ua900-\ua909\ua9d0-\ua9d9\ua9f0-\ua9f9\uaa50-\uaa59\uabf0-\uabf9\uff10-\uff19"
)
HIGH_NUMBERS: Final = (
    r"\U00010107-\U00010133\U00010140-\U00010178\U0001018a\U0001018b\U000102e1-\U000102fb\U00010320-\U00010323"
    r"\U00010341\U0001034a\U000103d1-\U000103d5\U000104a0-\U000104a9\U00010858-\U0001085f\U00010879-\U0001087f"
    r"\U000108a7-\U000108af\U000108fb-\U000108ff\U00010916-\U0001091b\U000109bc\U000109bd\U000109c0-\U000109cf"
    r"\U000109d2-\U000109ff\U00010a40-\U00010a48\U00010a7d\U00010a7e\U00010a9d-\U00010a9f\U00010aeb-\U00010aef"
    r"\U00010b58-\U00010b5f\U00010b78-\U00010b7f\U00010ba9-\U00010baf\U00010cfa-\U00010cff\U00010d30-\U00010d39"
    r"\U00010d40-\U00010d49\U00010e60-\U00010e7e\U00010f1d-\U00010f26\U00010f51-\U00010f54\U00010fc5-\U00010fcb"
    r"\U00011052-\U0001106f\U000110f0-\U000110f9\U00011136-\U0001113f\U000111d0-\U000111d9\U000111e1-\U000111f4"
    r"\U000112f0-\U000112f9\U00011450-\U00011459\U000114d0-\U000114d9\U00011650-\U00011659\U000116c0-\U000116c9"
    r"\U000116d0-\U000116e3\U00011730-\U0001173b\U000118e0-\U000118f2\U00011950-\U00011959\U00011bf0-\U00011bf9"
    r"\U00011c50-\U00011c6c\U00011d50-\U00011d59\U00011da0-\U00011da9\U00011f50-\U00011f59\U00011fc0-\U00011fd4"
    r"\U00012400-\U0001246e\U00016130-\U00016139\U00016a60-\U00016a69\U00016ac0-\U00016ac9\U00016b50-\U00016b59"
    r"\U00016b5b-\U00016b61\U00016d70-\U00016d79\U00016e80-\U00016e96\U0001ccf0-\U0001ccf9\U0001d2c0-\U0001d2d3"
    r"\U0001d2e0-\U0001d2f3\U0001d360-\U0001d378\U0001d7ce-\U0001d7ff\U0001e140-\U0001e149\U0001e2f0-\U0001e2f9"
    r"\U0001e4f0-\U0001e4f9\U0001e5f1-\U0001e5fa\U0001e8c7-\U0001e8cf\U0001e950-\U0001e959\U0001ec71-\U0001ecab"
    r"\U0001ecad-\U0001ecaf\U0001ecb1-\U0001ecb4\U0001ed01-\U0001ed2d\U0001ed2f-\U0001ed3d\U0001f100-\U0001f10c"
    r"\U0001fbf0-\U0001fbf9"
)
# The high ones are looked at only where a high character is: there are too many ranges to try on every letter.
_NUMBER: Final = rf"(?:[{NUMBERS}]|(?=[\U00010000-\U0010ffff])[{HIGH_NUMBERS}])"

# Where no manifest tells the control tokens: what the vocabularies of current chat models have in common.
UNKNOWN_VOCABULARY: Final = (
    r"<\|(?=[^\s<>|]{1,64}\|?>)|<(?=[^\s<>|]{1,64}\|>)|<\uff5c(?=[^\s<>\uff5c]{1,64}\uff5c>)"
    r"|<(?=/?s>|(?:start|end)_of_turn>|(?:bos|eos|unk|pad)>)|\[(?=/?INST\])"
)


class Tokenization(msgspec.Struct, frozen=True):
    """What a manifest says of a model's vocabulary. Contract 1."""

    special_tokens: tuple[str, ...] = ()
    digit_separator: Annotated[str, Meta(pattern="^[\x01-\x1f]$")] | None = None
    digits_per_group: Annotated[int, Meta(ge=1, le=9)] | None = None


class _Body(msgspec.Struct):
    messages: Any = None
    system: Any = None  # Anthropic's requests have it beside the messages
    input: Any = None  # those to /v1/responses have these two instead
    instructions: Any = None


_body = msgspec.json.Decoder(_Body)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


class PromptText:
    """The rules of one model, compiled; without facts, what is safe for any."""

    def __init__(self, facts: Tokenization | None) -> None:
        self._separator = facts.digit_separator if facts and facts.digits_per_group else None
        # A space is seen by whoever reads an answer that repeats it, unlike an invisible character, and every
        # vocabulary has one. The separator is dropped by the tokenizer: the ids are those of the plain text.
        self._broken = rf"\g<0>{self._separator or ' '}"
        pattern = _markers(facts.special_tokens) if facts else UNKNOWN_VOCABULARY
        self._marker = re.compile(pattern) if pattern else None
        if facts and self._separator:
            size = facts.digits_per_group
            self._group = re.compile(f"{_NUMBER}{{{size}}}(?={_NUMBER})")
            self._ascii_group = re.compile(f"[0-9]{{{size}}}(?=[0-9])")

    def prepare(self, body: bytes) -> bytes:
        """The request as the model shall get it: `body` itself where nothing changes. Raises BadRequestError."""
        try:
            if self._is_plainly_safe(body.decode()):
                return body
            given = _body.decode(body)
            messages = turns.as_trained(given.messages) if self._separator else given.messages
            prepared = _Body(*map(self._rewritten, (messages, given.system, given.input, given.instructions)))
            if prepared == given:
                return body
            fields = _fields.decode(body)  # the other fields keep their bytes
            for name in fields.keys() & set(_Body.__struct_fields__):
                fields[name] = msgspec.Raw(msgspec.json.encode(getattr(prepared, name)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as problem:
            raise wording.malformed(problem) from None
        return msgspec.json.encode(fields)

    def exact(self, text: str) -> str:
        """One text of a message, with its markers broken and its numbers cut."""
        if self._separator:
            # The tokenizer would drop it anyway, and splitting there would change what is around it.
            text = text.replace(self._separator, "")
        if self._marker:
            text = self._marker.sub(self._broken, text)
        if self._separator:
            group = self._ascii_group if text.isascii() else self._group
            text = group.sub(self._broken, text)
        return text

    def _is_plainly_safe(self, body: str) -> bool:
        """A quick look at the JSON itself: without a backslash its strings are as they stand."""
        if self._separator or "\\" in body:
            return False
        return self._marker is None or self._marker.search(body) is None

    def _rewritten(self, value: Any) -> Any:
        """Every string in it, at any depth: templates render tool calls and reasoning too."""
        if isinstance(value, str):
            return self.exact(value)
        if isinstance(value, list):
            return [self._rewritten(item) for item in value]
        if isinstance(value, dict):
            return {
                key: self._arguments(item) if key == "arguments" else self._rewritten(item)
                for key, item in value.items()
            }
        return value

    def _arguments(self, value: Any) -> Any:
        """Of a tool call: JSON within a string, which templates unpack, so `\\u003c` in it (Go writes so) is a `<`."""
        if isinstance(value, str) and "\\" in value and self._marker:
            with suppress(msgspec.MsgspecError):
                plain = msgspec.json.encode(msgspec.json.decode(value)).decode()
                if self._marker.search(plain):
                    return self.exact(plain)
        return self._rewritten(value)


def _markers(tokens: tuple[str, ...]) -> str:
    """A pattern for the head of every token, where its tail follows; the tails are grouped by their first letter.

    Only the head is taken, so a marker that begins within another is found as well.
    """

    def beginning(token: str) -> str:
        return token[: _head(token) + 1]

    breakable = sorted((token for token in set(tokens) if len(token) > 1), key=lambda t: (_head(t), t))
    alternatives = []
    for _, group in groupby(breakable, beginning):
        members = list(group)
        head = _head(members[0])
        tails = "|".join(re.escape(token[head:]) for token in members)
        alternatives.append(f"{re.escape(members[0][:head])}(?={tails})")
    return "|".join(alternatives)


def _head(token: str) -> int:
    """After `<|` the split of GPT's patterns ends a piece, so there a separator changes no id."""
    return 2 if token.startswith("<|") and len(token) > 2 else 1
