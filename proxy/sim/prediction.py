"""How much of a predicted text came true."""

from itertools import pairwise

from proxy.sim.tokens import encode


def accepted(text: str, predicted: str) -> tuple[int, int]:
    """Tokens of the prediction that are in the answer, in its order, and those that are not.

    Where the two part, the prediction goes on at the next place that has the answer's next two tokens.
    """
    said, expected = encode(text), encode(predicted)
    places: dict[tuple[int, int], list[int]] = {}
    for at, pair in enumerate(pairwise(expected)):
        places.setdefault(pair, []).append(at)
    for found in places.values():
        found.reverse()  # the next place is the last of the list
    taken = at = 0
    for number, token in enumerate(said):
        if at < len(expected) and expected[at] == token:
            at += 1
            taken += 1
            continue
        waiting = places.get((token, said[number + 1]), []) if number + 1 < len(said) else []
        while waiting and waiting[-1] < at:
            waiting.pop()
        if waiting:
            at = waiting.pop() + 1
            taken += 1
    return taken, len(expected) - taken
