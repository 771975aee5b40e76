"""How nanochat itself turns a conversation into tokens: an implementation that shares nothing with the product.

After karpathy/nanochat (nanochat/tokenizer.py: SPLIT_PATTERN, render_conversation) and tiktoken (byte-pair encoding
by rank). The split pattern is run over a string of character kinds, one letter each, because Python's regular
expressions know no \\p{L} and \\p{N}.
"""

import re
import unicodedata
from functools import cache
from pathlib import Path

from fetcher.convert.pickles import Instance, unpickle

WHITE_SPACE = {*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
# L letter, N number, B blank, R carriage return or line feed, W other white space, O anything else
PIECE = re.compile(r"[BWO]?L+|N{1,2}|B?O+R*|[BWR]*R|[BWR]+(?![LNO])|[BWR]+")
NEVER = 1 << 30
CONTRACTION = re.compile(r"'(?:[sdmt]|ll|ve|re)", re.IGNORECASE | re.ASCII)


class Kinds(dict[int, str]):
    """The kind of a character, for str.translate."""

    def __missing__(self, code):
        category = unicodedata.category(chr(code))[0]
        known = {0x20: "B", 0x0A: "R", 0x0D: "R"}
        white = "W" if code in WHITE_SPACE else None
        self[code] = known.get(code) or white or (category if category in "LN" else "O")
        return self[code]


KINDS = Kinds()


def pieces(text):
    """The text as the split pattern cuts it."""
    kinds = text.translate(KINDS)
    position = 0
    while position < len(text):
        match = CONTRACTION.match(text, position) or PIECE.match(kinds, position)
        assert match is not None
        yield text[position : match.end()]
        position = match.end()


class Original:
    """The tokenizer of one checkpoint."""

    def __init__(self, folder: Path) -> None:
        state = unpickle(
            (folder / "tokenizer.pkl").read_bytes(), "tokenizer.pkl", {"tiktoken.core.Encoding": lambda _: Instance()}
        )
        assert isinstance(state, Instance)
        ranks, special = state.state["mergeable_ranks"], state.state["special_tokens"]
        assert isinstance(ranks, dict)
        assert isinstance(special, dict)
        self.ranks: dict[bytes, int] = ranks
        self.special: dict[str, int] = special
        self.texts = {number: token for token, number in ranks.items()} | {
            number: name.encode() for name, number in special.items()
        }
        self._merged = cache(self._merge)

    def encode(self, text):
        """As tiktoken's encode_ordinary: what looks like a special token is text."""
        return [number for piece in pieces(text) for number in self._merged(piece)]

    def decode(self, ids):
        return b"".join(self.texts[number] for number in ids).decode()

    def _merge(self, piece):
        parts = [bytes([byte]) for byte in piece.encode()]
        while len(parts) > 1:
            rank, i = min((self.ranks.get(parts[i] + parts[i + 1], NEVER), i) for i in range(len(parts) - 1))
            if rank == NEVER:
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        return [self.ranks[part] for part in parts]

    def render(self, messages):
        """The ids of a conversation up to where the answer goes on; contents are texts."""
        messages = [dict(message) for message in messages]
        if messages[0]["role"] == "system":
            assert messages[1]["role"] == "user"
            messages[1]["content"] = messages[0]["content"] + "\n\n" + messages[1]["content"]
            messages = messages[1:]
        ids = [self.special["<|bos|>"]]
        for index, message in enumerate(messages):
            name = "user" if index % 2 == 0 else "assistant"
            assert message["role"] == name
            ids += [
                self.special[f"<|{name}_start|>"],
                *self.encode(message["content"]),
                self.special[f"<|{name}_end|>"],
            ]
        if messages[-1]["role"] == "assistant":
            return ids[:-1]
        return [*ids, self.special["<|assistant_start|>"]]
