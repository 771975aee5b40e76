"""How the client went on from an answer that was cut: took its text for whole, or asked for the rest."""

import re
from dataclasses import dataclass

from proxy.verdict.history import History, Next
from proxy.verdict.seen import Seen

_GO_ON = re.compile(
    r"\b(continue|continuing|go on|keep going|carry on|proceed|resume|finish|the rest|cut off|more|weiter|mach weiter"
    r"|continua|continúa|sigue|prosigue|continuez?|poursuis|poursuivez|prossiga|vai|続け|继续|繼續)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Carried:
    """The next turn took the cut answer for whole: its number, and the tool that was run with half its arguments."""

    number: int
    tool: str | None = None


def carried(history: History, seen: Seen) -> Carried | None:
    """What the next turn made of an answer that was cut, None where there is none or it asks for the rest."""
    following = history.continued.get(seen.number)
    if following is None:
        return None
    later, results = following.seen, {name for step in following.seen.steps for name, _ in step.results}
    for call in seen.said.calls:
        if call.id in results:
            return Carried(later.number, call.name)
    return None if _asks_for_the_rest(following) else Carried(later.number)


def _asks_for_the_rest(following: Next) -> bool:
    """Whether the user asks to go on; or nobody says anything after the text, so that the model goes on with it."""
    after = following.seen.steps[following.at + 1 :]
    words = " ".join([step.text for step in after if step.role == "user"])
    return _GO_ON.search(words) is not None if after else following.at >= 0
