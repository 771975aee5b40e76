"""Log probabilities of the tokens that were sent: made up, but consistent with them and with each other.

The simulator says what it holds likeliest, so the sent token leads each list. Logarithms are of decimals and
rounded to millionths: the same on every machine, which those of floats are not.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from hashlib import shake_128

from proxy.sim.job import TokenLogprob
from proxy.sim.tokens import encode, token_bytes

_LEVELS = 256  # of certainty
_MILLION = 1_000_000
_HALF = 693_148  # millionths: each alternative is at most half as likely as the one before

# Every one is a token; an alternative is one of those that begin like the sent token.
_WORDS = """
    the of to and in that is for it with as on be are this by an can not have from or at which you will but one
    their some has all there more when most other what also each how its if many into these time only work small
    good first part new different same use way point example question answer people often usually"""
_MARKS = (
    ".",
    ",",
    ":",
    ";",
    "!",
    "?",
    "-",
    "(",
    ")",
    '"',
    "'",
    "/",
    "{",
    "}",
    "[",
    "]",
    '":',
    '",',
    '":"',
    '","',
    "\n",
    "...",
)


def logprobs(text: str, top: int, key: bytes) -> tuple[TokenLogprob, ...]:
    """Those of every token of `text`, with the `top` likeliest at each place. `key` decides what is made up."""
    return of_tokens(token_bytes(encode(text)), top, key)


def of_tokens(tokens: Sequence[bytes], top: int, key: bytes) -> tuple[TokenLogprob, ...]:
    """The same of tokens."""
    drawn = shake_128(key + b"logprobs").digest(len(tokens) * 24)
    return tuple([_one(token, top, drawn[24 * at : 24 * at + 24]) for at, token in enumerate(tokens)])


def _one(token: bytes, top: int, drawn: bytes) -> TokenLogprob:
    best, rest = _levels()[drawn[0]]
    logprob = -best / _MILLION
    if not top:
        return TokenLogprob(token, logprob)
    likeliest = [(token, logprob)]
    # The alternatives share what the sent token leaves: less than half of it, a quarter, and so on.
    fall = rest
    for other, more in zip(_others(token, drawn[1:3], top - 1), drawn[3:], strict=False):
        fall += _HALF + more * 2048
        likeliest.append((other, -fall / _MILLION))
    return TokenLogprob(token, logprob, tuple(likeliest))


@cache
def _levels() -> tuple[tuple[int, int], ...]:
    """For each level -ln(p) and -ln(1 - p) in millionths, rounded up; mostly nearly certain, at least 0.4."""
    found = []
    for level in range(_LEVELS):
        doubt = Decimal("0.6") * (Decimal(level + 1) / (_LEVELS + 1)) ** 4
        found.append((_millionths(1 - doubt), _millionths(doubt)))
    return tuple(found)


def _millionths(probability: Decimal) -> int:
    return int(-probability.ln() * _MILLION) + 1


def _others(token: bytes, drawn: bytes, number: int) -> list[bytes]:
    """Other tokens, beginning at a drawn one."""
    table = _tables()[0 if token[:1] == b" " else 1 if token[:1].isalpha() else 2]
    start = int.from_bytes(drawn, "little") % (len(table) // 2)
    return [each for each in table[start : start + number + 1] if each != token][:number]


@cache
def _tables() -> tuple[tuple[bytes, ...], ...]:
    words = [word.encode() for word in _WORDS.split()]
    marks = [mark.encode() for mark in _MARKS]
    # Twice, so that a part from anywhere in the first half does not end.
    return tuple([tuple(each * 2) for each in ([b" " + word for word in words], words, marks)])
