"""The names that somebody may have meant: those within two edits, as OpenAI suggests them."""

from collections.abc import Iterable

_FARTHEST = 2


def suggestion(name: str, known: Iterable[str]) -> str:
    """A question such as "Did you mean 'stop' or 'store'?" after a space, nearest first; nothing where none is near."""
    near = sorted((distance, each) for each in known if (distance := _distance(name, each)) <= _FARTHEST)
    # A name of which no letter would be kept is none that was misspelt.
    quoted = [f"'{each}'" for distance, each in near if distance < len(name)]
    if len(quoted) > 2:
        return f" Did you mean {', '.join(quoted[:-1])}, or {quoted[-1]}?"
    return f" Did you mean {' or '.join(quoted)}?" if quoted else ""


def _distance(one: str, other: str) -> int:
    """Levenshtein's; of lengths that are too far apart, no more than that they are."""
    if abs(len(one) - len(other)) > _FARTHEST:
        return _FARTHEST + 1
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row = row, [at]
        for to, another in enumerate(other, 1):
            row.append(min(row[-1] + 1, above[to] + 1, above[to - 1] + (letter != another)))
    return row[-1]
