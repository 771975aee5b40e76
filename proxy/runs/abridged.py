"""A request's JSON that is too large for the journal, made small enough: what it names stays, its long texts are cut.

A picture in a message must not hide the model, the turns and the question beside it.
"""

from hashlib import blake2b
from typing import Any

import msgspec

_LONGEST = (65_536, 4_096, 256)  # characters that stay of a text: as many as leave the whole small enough
_SMALL = 1_024  # bytes of a member that stays where cutting texts is not enough


def abridged(body: bytes, most: int) -> bytes:
    """At most so many bytes: the document with less in it, or the beginning of what is none."""
    try:
        document = msgspec.json.decode(body)
        for longest in _LONGEST:
            if len(small := msgspec.json.encode(_cut(document, longest))) <= most:
                return small
        if isinstance(document, dict):
            members = {name: value for name, value in document.items() if len(msgspec.json.encode(value)) <= _SMALL}
            return msgspec.json.encode(members)[:most]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    return body[:most]


def _cut(value: Any, longest: int) -> Any:
    if isinstance(value, dict):
        return {name: _cut(each, longest) for name, each in value.items()}
    if isinstance(value, list):
        return [_cut(each, longest) for each in value]
    if isinstance(value, str) and len(value) > longest:
        # With a digest, so that two that only begin alike are not taken for the same.
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return f"{value[:longest]}... [{len(value)} characters, {digest}]"
    return value
