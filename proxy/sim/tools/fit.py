"""How well a tool fits what was said: words that the two share, by where the tool has them.

Knows English words by their stems and what they are about; no grammar, and nothing of arguments.
"""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import Any

from proxy.sim import lexicon
from proxy.sim.concepts import concepts
from proxy.sim.embeddings import stem
from proxy.sim.job import Tool
from proxy.sim.lexicon import words_of

ENOUGH = 2.5  # a word of the name, or two of the description

_IN_NAME, _BY_CONCEPT, _IN_DESCRIPTION, _IN_PARAMETERS, _IN_NOTES, _VAGUE = 3.0, 2.0, 1.5, 1.25, 0.75, 0.75
_HAS_VALUE = 0.5  # a name, a number or a quotation for a tool that takes something
_NAMED = 6.0
_MOST_READ = 2000  # characters of a description
_MOST_PROPERTIES = 64
LARGEST_REMEMBERED = 5000  # characters of a tool

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z\u00df-\u024f]+|[0-9]+|[^\x00-\x7f]+")
VALUE = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][A-Za-z]|\d|[\"\u201c`@]|://", re.ASCII)
_SUM = re.compile(
    r"\d\s*[-+*/^%\u00d7\u00f7]\s*\(?\d|\d (?:plus|minus|times|divided by|percent of) \d|\bsquare root\b", re.ASCII
)
_OPERATOR = re.compile(r"(?<=\d) ?([-+*/\u00d7\u00f7]) ?(?=\d)", re.ASCII)
_OPERATORS = {"+": "plus", "-": "minus", "*": "times", "\u00d7": "times", "/": "divided", "\u00f7": "divided"}
_SUM_WORD = "a sum"  # stands for it among the words, and is none

_SAY_NOTHING = lexicon.FUNCTION_WORDS | lexicon.BEFORE_VERBS | lexicon.LINKS | lexicon.DETERMINERS.keys() | {"or", "if"}
# Words that name what a tool does for nearly every tool.
_VAGUE_WORDS = frozenset(
    stem(word)
    for word in words_of("""
    get gets fetch find list show set do make run call handle function tool api data info information current new user
    use used using value name given based provide provides return returns retrieve retrieves perform lookup a an the
    result results input output string number object text field id by for of to my your specific details detail about
    available based request requested help ask tell give need want know
    """)
)
# What agents' tools are commonly about, where the subjects of embeddings are too wide or say nothing.
_ALIKE = """
    weather forecast temperature rain raining rainy snow sunny umbrella humidity hot cold windy clima meteo météo wetter
    calculator calculate compute math arithmetic evaluate expression
    add adds added addition plus sum
    subtract subtracts subtracted subtraction minus difference
    multiply multiplies multiplied multiplication times product
    divide divides divided division quotient
    search google web internet browse lookup
    time clock timezone hour
    email mail inbox
    message sms slack notify notification
    stock ticker share shares quote nasdaq
    translate translation translator
    flight flights fly airline plane airfare
    hotel hotels lodging accommodation
    book reserve reservation booking
    calendar meeting schedule event appointment invite
    remind reminder alarm
    news headline headlines
    image picture draw drawing illustration photo
    database sql query table rows select
    code python execute script interpreter
    file document folder directory
    currency exchange convert conversion usd eur
    restaurant dinner food table
    route directions navigate distance
    order delivery parcel package shipment shipping tracking
"""


def best(tools: Sequence[Tool], text: str) -> tuple[Tool, float]:
    """The tool that fits best, the earlier one of two that fit alike, and how well.

    At least ENOUGH where the tool is what the text asks for.
    """
    words = tuple(_words(text))
    scores = [_fit(tool, text, words) for tool in tools]
    at = scores.index(max(scores))
    return tools[at], scores[at]


def _fit(tool: Tool, text: str, words: tuple[str, ...]) -> float:
    score = _NAMED if len(tool.name) > 3 and _mentions(text, tool.name) else 0.0
    weights = _weights(tool)
    counted: set[str] = set()
    for word in words:
        # A word, or a subject that it is about, whichever counts more; each counts once.
        known = [key for key in (word, *_subjects().get(word, ())) if key in weights]
        if known and counted.isdisjoint(known):
            score += max([weights[key] for key in known])
        counted.update(known)
    phrase = text.strip(" .?!").lower()
    if phrase.count(" ") >= 2 and phrase in tool.description.lower():
        score += _NAMED  # "Call this when somebody asks ..."
    if score and tool.parameters != "{}" and VALUE.search(text):
        score += _HAS_VALUE
    return score


def properties(schema: str) -> dict[str, Any]:
    """The schemas of an object's properties by their names; none where the schema lists none."""
    found = _schema(schema).get("properties")
    return found if isinstance(found, dict) else {}


def _mentions(text: str, name: str) -> bool:
    at = text.find(name)
    return at >= 0 and not (text[at - 1 : at].isalnum() or text[at + len(name) : at + len(name) + 1].isalnum())


def _words(text: str) -> Iterator[str]:
    """The stems of the words that say something, in order."""
    for word in _WORDS.findall(text):
        lower = word.lower() if word.isascii() else word
        if lower not in _SAY_NOTHING and len(lower) > 1:
            yield stem(lower)
    if _SUM.search(text):
        yield _SUM_WORD
        yield from [stem(_OPERATORS[sign]) for sign in _OPERATOR.findall(text)]


def _weights(tool: Tool) -> dict[str, float]:
    """What each word of a tool counts, and each subject that its name is about."""
    large = len(tool.parameters) + len(tool.description) > LARGEST_REMEMBERED
    return _weigh(tool) if large else _remembered(tool)


def _weigh(tool: Tool) -> dict[str, float]:
    weights: dict[str, float] = {}
    for text, weight in _texts(tool):
        for word in _words(text[:_MOST_READ]):
            value = min(weight, _VAGUE) if word in _VAGUE_WORDS else weight
            weights[word] = max(weights.get(word, 0.0), value)
    name = list(_words(tool.name))
    if all(word in _VAGUE_WORDS for word in name):
        weights |= dict.fromkeys(name[-1:], _IN_NAME)  # of get_user its noun
    telling = [word for word, weight in weights.items() if weight >= _IN_NAME]
    for subject in [subject for word in telling for subject in _subjects().get(word, ())]:
        weights[subject] = max(weights.get(subject, 0.0), _BY_CONCEPT)
    if any(word in weights for word in _sums()):
        weights[_SUM_WORD] = _IN_NAME
    return weights


def _texts(tool: Tool) -> Iterator[tuple[str, float]]:
    """What a tool says about itself, with what a word of it counts."""
    yield tool.name, _IN_NAME
    yield tool.description, _IN_DESCRIPTION
    for name, schema in list(properties(tool.parameters).items())[:_MOST_PROPERTIES]:
        yield name, _IN_PARAMETERS
        if isinstance(schema, dict):
            yield str(schema.get("description", "")), _IN_NOTES
            yield " ".join([each for each in _listed(schema.get("enum")) if isinstance(each, str)]), _IN_DESCRIPTION


_remembered = lru_cache(maxsize=256)(_weigh)


def _listed(value: Any) -> list[Any]:
    return value[:_MOST_PROPERTIES] if isinstance(value, list) else []


@cache
def _sums() -> frozenset[str]:
    return frozenset(map(stem, words_of("calculator calculate compute math mathematical arithmetic evaluate")))


@cache
def _subjects() -> dict[str, tuple[str, ...]]:
    """For each stem the subjects that it is about."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_ALIKE.strip().split("\n")):
        for word in line.split():
            found.setdefault(stem(word), []).append(f"tools {number}")
    for word, names in concepts().items():
        found.setdefault(stem(word), []).extend(names)
    return {word: tuple(dict.fromkeys(names)) for word, names in found.items()}


def _schema(text: str) -> dict[str, Any]:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return schema if isinstance(schema, dict) else {}
