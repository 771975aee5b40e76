"""Finite automata for patterns: whether a text matches, in time linear in it, and which texts match several at once.

A pattern is searched for anywhere in the text, as JSON Schema has it; `re` is not used, because it can take
exponential time.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from proxy.sim.structured.draw import Draw
from proxy.sim.structured.pattern import LAST, WORD, Pattern, PatternError, Ranges, Tree

_MOST_STATES = 6000
_MOST_REMEMBERED = 2000  # steps from one set of states to another
_MOST_STEPS = 20_000  # spent between one text and the next
_START, _NO_WORD, _IN_WORD, _END = range(4)  # what stands beside a place in the text

State = tuple[frozenset[int], int] | None  # None: matched, whatever follows
_UNKNOWN: State = (frozenset((-1,)), _START)
_BEGIN: State = (frozenset((0,)), _START)
_PREFERRED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Automaton:
    """One tree as a non-deterministic automaton that is run on sets of states."""

    def __init__(self, tree: Tree) -> None:
        self._steps: list[tuple[Ranges, int] | None] = [None]  # by state: which characters lead where
        self._jumps: list[list[tuple[str, int]]] = [[]]  # by state: under which condition without a character
        self._cache: dict[tuple[State, str], State] = {}
        self.boundaries: set[int] = set()
        self._last = self._build(tree, 0)
        self._live = self._find_live()

    def step(self, state: State, char: str) -> State:
        """The state after one more character."""
        if state is None:
            return None
        found = self._cache.get((state, char), _UNKNOWN)  # in one step: another thread may empty it
        if found is _UNKNOWN:
            if len(self._cache) > _MOST_REMEMBERED:
                self._cache.clear()
            found = self._cache[state, char] = self._stepped(state, char)
        return found

    @property
    def size(self) -> int:
        """How many states it has."""
        return len(self._steps)

    def accepts(self, state: State) -> bool:
        """Whether a text that ends here matches."""
        return state is None or self._last in self._closed(state[0], state[1], _END)

    def matches(self, text: str) -> bool:
        """Whether the pattern is found in the text."""
        state = _BEGIN
        for char in text:
            state = self.step(state, char)
            if state is None:
                return True
        return self.accepts(state)

    def hopeless(self, state: State) -> bool:
        """Whether no text that goes on from here can match."""
        return state is not None and self._live.isdisjoint(state[0])

    def _find_live(self) -> set[int]:
        # A '^' holds nowhere but at the beginning, so a pattern with one is not begun again further on.
        before: dict[int, list[int]] = {}
        for at, jumps in enumerate(self._jumps):
            step = self._steps[at]
            for target in [target for condition, target in jumps if condition != "^"] + ([step[1]] if step else []):
                before.setdefault(target, []).append(at)
        live = {self._last}
        waiting = [self._last]
        while waiting:
            for at in before.get(waiting.pop(), ()):
                if at not in live:
                    live.add(at)
                    waiting.append(at)
        return live

    def _stepped(self, state: tuple[frozenset[int], int], char: str) -> State:
        code = ord(char)
        beside = _IN_WORD if _within(WORD, code) else _NO_WORD
        closed = self._closed(state[0], state[1], beside)
        if self._last in closed:
            return None
        after = {0}  # a match may begin anywhere
        for at in closed:
            step = self._steps[at]
            if step and _within(step[0], code):
                after.add(step[1])
        return frozenset(after), beside

    def _closed(self, states: frozenset[int], before: int, after: int) -> set[int]:
        edge = (before == _IN_WORD) != (after == _IN_WORD)
        holds = {"": True, "^": before == _START, "$": after == _END, "b": edge, "B": not edge}
        closed = set(states)
        waiting = list(states)
        while waiting:
            for condition, target in self._jumps[waiting.pop()]:
                if holds[condition] and target not in closed:
                    closed.add(target)
                    waiting.append(target)
        return closed

    def _state(self) -> int:
        if len(self._steps) >= _MOST_STATES:
            raise PatternError("is too large.")
        self._steps.append(None)
        self._jumps.append([])
        return len(self._steps) - 1

    def _build(self, tree: Tree, at: int) -> int:
        """Add what matches the tree from state `at` on, and return the state after it."""
        kind = tree[0]
        if kind == "set":
            end = self._state()
            self._steps[at] = (tree[1], end)
            for first, last in tree[1]:
                self.boundaries |= {first, last + 1}
            return end
        if kind == "at":
            end = self._state()
            self._jumps[at].append((tree[1], end))
            return end
        if kind == "cat":
            for each in tree[1]:
                at = self._build(each, at)
            return at
        if kind == "alt":
            end = self._state()
            for each in tree[1]:
                self._jump(self._build(each, self._from(at)), end)
            return end
        return self._build_repeated(tree, at)

    def _build_repeated(self, tree: Tree, at: int) -> int:
        _, inner, least, most = tree
        for _ in range(least):
            at = self._build(inner, self._from(at))
        end = self._state()
        if most is None:
            again = self._from(at)
            self._jump(self._build(inner, self._from(again)), again)
            self._jump(again, end)
            return end
        for _ in range(most - least):
            self._jump(at, end)
            at = self._build(inner, self._from(at))
        self._jump(at, end)
        return end

    def _jump(self, start: int, end: int) -> None:
        self._jumps[start].append(("", end))

    def _from(self, at: int) -> int:
        fresh = self._state()
        self._jump(at, fresh)
        return fresh


@dataclass(frozen=True, slots=True)
class Condition:
    """One pattern that a text must match, or must not."""

    automaton: Automaton
    wanted: bool

    def holds(self, text: str) -> bool:
        """Whether the text meets it."""
        return self.automaton.matches(text) == self.wanted


def conditions(pattern: Pattern) -> list[Condition]:
    """What a pattern with its lookaheads asks for, each as one condition."""
    wanted = [Condition(Automaton(tree), True) for tree in (pattern.tree, *pattern.also)]
    return wanted + [Condition(Automaton(tree), False) for tree in pattern.never]


def texts(asked: Sequence[Condition], least: int, most: int, draw: Draw, spend: Callable[[int], None]) -> Iterator[str]:
    """Texts of `least` to `most` characters that meet all conditions, as long as they are not too hard to find."""
    alphabet = _alphabet(asked, draw)
    dead: set[tuple[tuple[State, ...], int]] = set()  # states from which no text is reached, and at which length
    text: list[str] = []
    frames = [_Frame(tuple([_BEGIN] * len(asked)), iter(alphabet))]
    left = _MOST_STEPS
    while frames and left > 0:
        frame = frames[-1]
        if not frame.entered:
            frame.entered = True
            if len(text) >= least and _accepted(asked, frame.states):
                frame.alive = True
                left = _MOST_STEPS
                yield "".join(text)
        char = next(frame.untried, None) if len(text) < most else None
        if char is not None:
            steps = 1 + sum([len(state[0]) for state in frame.states if state])
            spend(steps)
            left -= steps
            after = tuple([each.automaton.step(state, char) for each, state in zip(asked, frame.states, strict=True)])
            if not _lost(asked, after) and (after, len(text) + 1) not in dead:
                text.append(char)
                frames.append(_Frame(after, iter(alphabet)))
            continue
        frames.pop()
        if not frame.alive:
            dead.add((frame.states, len(text)))
        elif frames:
            frames[-1].alive = True
        del text[max(0, len(frames) - 1) :]


@dataclass(slots=True)
class _Frame:
    """One place in a text: what the automata are in, the characters not tried yet, whether any text was found."""

    states: tuple[State, ...]
    untried: Iterator[str]
    alive: bool = False
    entered: bool = False


def _lost(asked: Sequence[Condition], states: tuple[State, ...]) -> bool:
    return any(
        each.automaton.hopeless(state) if each.wanted else state is None
        for each, state in zip(asked, states, strict=True)
    )


def _accepted(asked: Sequence[Condition], states: tuple[State, ...]) -> bool:
    return all(each.automaton.accepts(state) == each.wanted for each, state in zip(asked, states, strict=True))


def _alphabet(asked: Sequence[Condition], draw: Draw) -> list[str]:
    """Characters enough to tell all sets apart: a few of each part into which their bounds cut the code points."""
    cuts = sorted(
        {0, LAST + 1, 0x30, 0x3A, 0x41, 0x5B, 0x5F, 0x60, 0x61, 0x7B, 0x20, 0x7F, 0xD800, 0xE000}.union(
            *(each.automaton.boundaries for each in asked)
        )
    )
    groups: tuple[list[str], list[str], list[str]] = ([], [], [])
    for first, end in pairwise(cuts):
        if 0xD800 <= first < 0xE000:
            continue  # half a character
        chosen = {chr(first + draw.below(end - first)) for _ in range(3)} | {chr(first)}
        for char in sorted(chosen):
            groups[0 if char in _PREFERRED else 1 if " " <= char <= "~" else 2].append(char)
    return [char for group in groups for char in draw.shuffled(group)]


def _within(ranges: Ranges, code: int) -> bool:
    return any(first <= code <= last for first, last in ranges)
