"""`logit_bias`: tokens that are never said, and tokens that alone are said. Between the two it changes nothing."""

from collections.abc import Iterable

from proxy.sim.tokens import cut, encode, token_bytes

_BAN, _ONLY = -100, 100
_MOST = 1000  # tokens that are said


def banned(bias: tuple[tuple[int, float], ...]) -> frozenset[int]:
    """The tokens that must not come."""
    return frozenset([token for token, value in bias if value <= _BAN])


def only(bias: tuple[tuple[int, float], ...]) -> list[str]:
    """The tokens that alone may come, as far as they are texts; empty where all may."""
    found = []
    for spelled in token_bytes([token for token, value in bias if value >= _ONLY]):
        try:
            found.append(spelled.decode())
        except UnicodeDecodeError:
            continue
    return [text for text in found if text]


def repeated(texts: list[str], max_tokens: int | None, key: bytes) -> tuple[str, bool]:
    """One of the texts, or `max_tokens` of them in a drawn order, and whether it would have gone on."""
    if max_tokens is None:
        return texts[key[0] % len(texts)], False
    order = [texts[key[at % len(key)] % len(texts)] for at in range(min(max_tokens, _MOST))]
    return cut("".join(order), max_tokens)[0], True


def allows(text: str, tokens: frozenset[int]) -> bool:
    """Whether a text has none of the tokens."""
    return tokens.isdisjoint(encode(text))


def without(sentences: Iterable[str], tokens: frozenset[int]) -> str:
    """The text without the tokens. Each removal makes it shorter, so this ends."""
    text = "".join(sentences)
    while not tokens.isdisjoint(ids := encode(text)):
        kept = b"".join(token_bytes([each for each in ids if each not in tokens]))
        text = kept.decode("utf-8", "ignore")
    return text
