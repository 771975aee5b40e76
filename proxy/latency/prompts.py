"""A prompt cache as OpenAI's works: beginnings of prompts, of 1,024 tokens at least and in steps of 128, for a while.

https://platform.openai.com/docs/guides/prompt-caching. A token is reckoned as 4 bytes of the prompt as JSON.
"""

from collections import OrderedDict
from hashlib import blake2b
from typing import Any

import msgspec

LEAST, STEP = 1024, 128  # tokens
KEPT_SECONDS = 300.0
MOST = 20_000  # steps that are remembered
_BYTES_A_STEP = STEP * 4
_IN_ORDER = ("tools", "functions", "system", "instructions", "messages", "input", "prompt")


class Prompts:
    """The beginnings that were seen."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, float] = OrderedDict()

    def cached(self, asked: dict[str, Any], now: float) -> int:
        """How many tokens of a request's prompt are known, which is known from now on."""
        known, is_known = 0, True
        for number, digest in enumerate(_digests(_prompt(asked)), 1):
            seen = self._seen.pop(digest, None)
            is_known = is_known and seen is not None and now - seen <= KEPT_SECONDS
            known = number if is_known else known
            self._seen[digest] = now
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)
        return known * STEP if known * STEP >= LEAST else 0


def _prompt(asked: dict[str, Any]) -> bytes:
    """The parts one after another, so that a conversation that goes on begins as before."""
    parts = []
    for name in _IN_ORDER:
        value = asked.get(name)
        if value is not None:
            parts += [msgspec.json.encode(each) for each in (value if isinstance(value, list) else [value])]
    return b"".join(parts)


def _digests(prompt: bytes) -> list[bytes]:
    """One for each whole step, of everything up to its end."""
    running, digests = blake2b(digest_size=16), []
    for at in range(0, len(prompt) - _BYTES_A_STEP + 1, _BYTES_A_STEP):
        running.update(prompt[at : at + _BYTES_A_STEP])
        digests.append(running.copy().digest())
    return digests
