"""The recorded requests of a scenario: which of them a request is, or is nearest to."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from proxy.recordings.likeness import MOST_CHANGES, Change, alike, at_most, changes
from proxy.recordings.question import Question
from proxy.runs.redaction import secrets_of
from proxy.scenarios.asked import Asked
from proxy.scenarios.load import Placed

SIMILARITY = 0.8  # the usual one
_COMPARED = 8  # of the candidates that can be near, so many are looked at closely

Usable = Callable[[Placed], bool]


@dataclass(frozen=True, slots=True)
class Hit:
    """A recording that answers, and how the request differs from the one that was recorded."""

    placed: Placed
    similarity: float
    changes: tuple[Change, ...]
    other_mode: bool  # asked plain and recorded as a stream, or the reverse


@dataclass(frozen=True, slots=True)
class Miss:
    """None answers; the nearest one, where there is one with the same skeleton."""

    nearest: Placed | None = None
    similarity: float = 0.0

    def told(self) -> str:
        """In words."""
        if self.nearest is None:
            return " No recording has this model, these roles, these tools and this form of answers."
        return f" The nearest recording is '{self.nearest.label}', {self.similarity:.2f} alike."


@dataclass(frozen=True, slots=True)
class _Kept:
    placed: Placed
    question: Question


class Library:
    """The recordings, by what is equal in them. `rules` are those with a request, in their order."""

    def __init__(self, rules: Sequence[Placed], similarity: float) -> None:
        self._similarity = similarity
        self._by_key: defaultdict[str, list[_Kept]] = defaultdict(list)
        self._by_skeleton: defaultdict[str, list[_Kept]] = defaultdict(list)
        for placed in rules:
            when = placed.rule.when
            assert isinstance(when.endpoint, str), "the check of the scenario saw to it"
            kept = _Kept(placed, Question.of(when.endpoint, when.request or {}))
            self._by_key[kept.question.key].append(kept)
            self._by_skeleton[kept.question.skeleton].append(kept)

    def find(self, asked: Asked, usable: Usable) -> Hit | Miss:
        """The recording of this request; else the nearest, of equally near ones the first."""
        question = Question.of(asked.endpoint, asked.document, secrets_of(asked.headers))
        same = [kept for kept in self._by_key.get(question.key, ()) if usable(kept.placed)]
        if same:
            return min([_hit(kept, question, 1.0) for kept in same], key=_by_changes)
        return self._nearest(question, usable)

    def _nearest(self, question: Question, usable: Usable) -> Hit | Miss:
        """Of those with the same skeleton; the other mode only where nothing of the same one is near enough."""
        kept = [each for each in self._by_skeleton.get(question.skeleton, ()) if usable(each.placed)]
        by_bound = sorted(kept, key=lambda each: -at_most(each.question.texts, question.texts))[:_COMPARED]
        found = [(alike(each.question.texts, question.texts), each) for each in by_bound]
        if not found:
            return Miss()
        near = [pair for pair in found if pair[0] >= self._similarity]
        if not near:
            similarity, nearest = max(found, key=lambda pair: pair[0])
            return Miss(nearest.placed, similarity)
        similarity, best = max(near, key=lambda pair: (pair[1].question.stream is question.stream, pair[0]))
        return _hit(best, question, similarity)


def _hit(kept: _Kept, question: Question, similarity: float) -> Hit:
    different = [] if kept.question.whole == question.whole else changes(kept.question.request, question.request)
    other_mode = kept.question.stream is not question.stream
    return Hit(kept.placed, similarity, tuple(islice(different, MOST_CHANGES)), other_mode)


def _by_changes(hit: Hit) -> tuple[bool, int]:
    return hit.other_mode, len(hit.changes)
