"""What OpenAI encrypts: reasoning, and conversations made short. Here it is sealed, so that what was made here is known
wherever it comes back, to a server with another seed too, and anything else is refused.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from proxy.endpoints.responses.state import LARGEST, Item
from proxy.errors import BadRequestError

_SEAL_BYTES = 16
_SHOWN, _SHORT = 4, 11  # characters of each end of a content, and of one that is shown whole


def reasoned(name: str) -> str:
    """The content of a reasoning with that id."""
    return _sealed(blake2b(name.encode(), person=b"reasoning").digest())


def check_reasoned(items: Sequence[Item]) -> None:
    """Raises BadRequestError for a reasoning whose content was not made here."""
    for item in items:
        if item["type"] == "reasoning" and item.get("encrypted_content"):
            _unsealed(item["encrypted_content"])


def packed(items: Sequence[Item]) -> str:
    """The content of a compaction: the items, which only a server of this kind reads."""
    return _sealed(zlib.compress(msgspec.json.encode(list(items)), 1))


def expanded(items: Sequence[Item]) -> list[Item]:
    """The items, with those of a compaction in its place. Raises BadRequestError for what was not made here."""
    found: list[Item] = []
    left = LARGEST
    for item in items:
        if item["type"] == "compaction":
            inflating = zlib.decompressobj()
            held = inflating.decompress(_unsealed(item["encrypted_content"]), left)
            left -= len(held)
            if left <= 0:
                raise too_long()
            found += msgspec.json.decode(held)
        else:
            found.append(item)
    return found


def too_long() -> BadRequestError:
    """More than the model takes, or than is kept."""
    return BadRequestError(
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param="input",
        code="context_length_exceeded",
    )


def _sealed(data: bytes) -> str:
    return b64encode(_seal(data) + data).decode("ascii")


def _unsealed(content: str) -> bytes:
    try:
        sealed = b64decode(content, validate=True)
    except ValueError:
        sealed = b""
    seal, data = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
    if seal != _seal(data):
        shown = content if len(content) <= _SHORT else f"{content[:_SHOWN]}...{content[-_SHOWN:]}"
        raise BadRequestError(f"The encrypted content {shown} could not be verified.", code="invalid_encrypted_content")
    return data


def _seal(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SEAL_BYTES, person=b"compaction").digest()
