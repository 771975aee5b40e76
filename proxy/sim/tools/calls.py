"""Which calls an answer makes: those the user's message asks for and that were not made yet.

The message is a list of wishes; each call that the conversation already holds takes one off it, so every loop ends.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from proxy.sim.job import Tool, ToolUse
from proxy.sim.tools.arguments import arguments
from proxy.sim.tools.fit import ENOUGH, VALUE, best
from proxy.sim.tools.turn import Turn
from proxy.sim.tools.wishes import Clause, bare, clauses, excerpt

_VALUES = re.compile(r'(?<=[:,\[])("(?:[^"\\]|\\.)*"|[^\s",:\[\]{}]+)')  # of compact JSON
_MOST_CALLS = 16
_FOLLOW_UPS = ("and ", "what about ", "how about ", "also ", "now ")
_NO_TOOLS = (
    "without tools",
    "without any tool",
    "without using",
    "not use any tool",
    "not use tools",
    "n't use any tool",
    "n't use tools",
)
# A tool that takes the last word: what a loop that must call something calls in the end.
_LAST_WORDS = frozenset(
    {
        "final",
        "finish",
        "finalize",
        "answer",
        "respond",
        "response",
        "reply",
        "submit",
        "result",
        "output",
        "done",
        "complete",
        "end",
        "stop",
    }
)


@dataclass(frozen=True, slots=True)
class Planned:
    """One call, before it has an id."""

    tool: Tool
    arguments: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """A tool for a part of the message; `lead` is what stands around that part."""

    tool: Tool
    clause: Clause
    lead: str = ""


def calls(use: ToolUse, turn: Turn, key: bytes) -> list[Planned]:
    """The calls to make now; none where the answer is a text. `key` decides what the prompt leaves open."""
    if not use.tools:
        return []
    planned = _next(_wishes(use, turn), turn, key)
    if not planned and use.mode == "required":
        tool = _last_resort(use.tools, turn)
        texts = (turn.text, *turn.earlier)
        planned = [Planned(tool, arguments(tool, texts, turn, _key(key, tool, len(turn.made))))]
    return planned[:_MOST_CALLS] if use.parallel and not use.named else planned[:1]


def _next(wishes: list[_Wish], turn: Turn, key: bytes) -> list[Planned]:
    """The calls of the first step that has any left."""
    made = Counter([call.name for call in turn.made])
    known = {(call.name, call.arguments) for call in turn.made}
    for step in dict.fromkeys([wish.clause.step for wish in wishes]):
        left = []
        for planned in _of_step([wish for wish in wishes if wish.clause.step == step], turn, key):
            if made[planned.tool.name]:
                made[planned.tool.name] -= 1
            elif (planned.tool.name, planned.arguments) not in known:
                left.append(planned)
        if left:
            return left
    return []


def _of_step(wishes: list[_Wish], turn: Turn, key: bytes) -> list[Planned]:
    planned = [Planned(wish.tool, text) for wish in wishes for text in _arguments_of(wish, turn, key)]
    return list(dict.fromkeys(planned))


def _arguments_of(wish: _Wish, turn: Turn, key: bytes) -> Iterator[str]:
    """The arguments of one call, or of one for each item of a list where no call takes them all."""
    tool, clause = wish.tool, wish.clause
    mine = _key(key, tool, 0)
    # A part that names something is read by itself: the rest is about other calls.
    others = (wish.lead,) if VALUE.search(clause.whole) and not tool.custom else (wish.lead, turn.text, *turn.earlier)
    rest = tuple([text for text in others if text])
    whole = arguments(tool, (clause.whole, *rest), turn, mine)
    each = [arguments(tool, (text, *rest), turn, mine) for text in clause.variants]
    taken = [item for item in clause.items if _said(item) in _values(whole)]
    if len(each) > 1 and len(taken) < 2 and all(_said(i) in _said(e) for i, e in zip(clause.items, each, strict=True)):
        yield from each
    else:
        yield whole


def _values(arguments: str) -> set[str]:
    """The values among arguments, in the form of `_said`."""
    return {_said(value) for value in _VALUES.findall(arguments)}


def _said(text: str) -> str:
    """A text as it can be found in another: an item without its preposition, and neither with spaces."""
    return bare(text).replace(" ", "").replace('"', "").lower()


def _key(key: bytes, tool: Tool, number: int) -> bytes:
    return blake2b(
        b"%d %b" % (number, tool.name.encode("utf-8", "surrogatepass")), key=blake2b(key, digest_size=64).digest()
    ).digest()


def _wishes(use: ToolUse, turn: Turn) -> list[_Wish]:
    text = excerpt(turn.text)
    parts = clauses(text)
    lower = text.lower()
    if use.mode == "auto" and any(words in lower for words in _NO_TOOLS):
        return []
    wishes: list[_Wish] = []
    lead = ""
    for clause in parts:
        tool, score = best(use.tools, clause.whole)
        if score >= ENOUGH:
            wishes.append(_Wish(tool, clause, lead))
            lead = ""
        elif wishes and wishes[-1].clause.step == clause.step:
            wishes[-1] = _extended(wishes[-1], clause)
        else:
            lead = f"{lead}, {clause.whole}" if lead else clause.whole
    return wishes or _of_the_whole(use, turn, parts)


def _extended(wish: _Wish, clause: Clause) -> _Wish:
    """The wish with what is said after it."""
    old = wish.clause
    variants = tuple([f"{text}, {clause.whole}" for text in old.variants])
    return _Wish(wish.tool, Clause(f"{old.whole}, {clause.whole}", variants, old.items, old.step), wish.lead)


def _of_the_whole(use: ToolUse, turn: Turn, parts: list[Clause]) -> list[_Wish]:
    """One wish for a message whose parts say too little each, or that goes on with the call before."""
    text = excerpt(turn.text)
    tool, score = best(use.tools, text)
    if score < ENOUGH and use.mode == "auto":
        again = [each for each in use.tools if turn.before and each.name == turn.before.name]
        if not again or not text.lower().startswith(_FOLLOW_UPS):
            return []
        tool = again[0]
    elif score < ENOUGH:
        tool = next((each for each in use.tools if _is_last_word(each)), tool)
    (variants, items) = (parts[0].variants, parts[0].items) if len(parts) == 1 else ((text,), ())
    return [_Wish(tool, Clause(text, variants, items, 0))]


def _last_resort(tools: tuple[Tool, ...], turn: Turn) -> Tool:
    """What to call when all is done and something must be called: what ends a loop, what is new, what fits."""
    made = {call.name for call in turn.made}
    fresh = [tool for tool in tools if tool.name not in made]
    for tool in (*fresh, *tools):
        if _is_last_word(tool):
            return tool
    return best(fresh or tools, excerpt(turn.text))[0]


def _is_last_word(tool: Tool) -> bool:
    return not _LAST_WORDS.isdisjoint(tool.name.lower().replace("-", "_").split("_"))
