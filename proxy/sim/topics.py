"""Reads a prompt: what kind of turn it is, and which of its phrases an answer can be about.

Knows a few hundred English words (lexicon.py) and no grammar beyond their neighbours; a phrase in another script
is quoted as it stands. Uses character ranges of its own, because those of `re` and `str` change with Python.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from proxy.sim import lexicon as words

# Letters, digits and marks, by ranges that no Unicode release moves; punctuation, symbols and emoji are left out.
_LETTER = (
    "0-9A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u037d\u037f-\u0559\u0560-\u0588\u0591-\u05bd"
    "\u05c1-\u05c7\u05d0-\u060b\u0610-\u061a\u0620-\u0669\u066e-\u06d3\u06d5-\u0963\u0966-\u0e3e\u0e40-\u0f00"
    "\u0f18-\u1360\u1369-\u16ea\u16ee-\u17d3\u17dc-\u1fff\u2c00-\u2dff\u3005-\u3007\u3040-\u30fa\u30fc-\ud7ff"
    "\uf900-\ufd3d\ufd50-\ufdff\ufe70-\ufefe\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc"
    "\U00010000-\U0001cfff\U0001d400-\U0001d7ff\U0001e000-\U0001eeff\U00020000-\U0003ffff"
)
# A word, or the empty string for any other character that is not a space: the end of a phrase.
_TOKENS = re.compile(rf"([{_LETTER}]+(?:[-'._+/&@][{_LETTER}]+)*[+#]*)|[^ ]")
_CODE = re.compile(r"```|[;{}]\n|^ *(?:def|class|function|import|const|SELECT|#include)\b", re.ASCII | re.MULTILINE)
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_LAST_LATIN = "\u024f"

_EXCERPT_HEAD, _EXCERPT_TAIL = 800, 400  # characters; a request stands at one end of a long prompt
_LONGEST_WORD, _LONGEST_RUN = 32, 16  # characters
_LONGEST_PHRASE = 6  # words
_ENOUGH = 2  # topics; with fewer, earlier turns are read as well
_EARLIER = 3  # how many of them

_PHRASE_START, _LINK, _BEFORE_VERB, _OUTSIDE = range(4)
_ROLES = {
    **dict.fromkeys(words.VERBS | words.FUNCTION_WORDS | words.GREETINGS | words.THANKS | words.FAREWELLS, _OUTSIDE),
    **dict.fromkeys(words.BEFORE_VERBS, _BEFORE_VERB),
    **dict.fromkeys(words.LINKS, _LINK),
    **dict.fromkeys(words.DETERMINERS, _PHRASE_START),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer is made from.

    `courtesy` is "hello" or "thanks" where the turn opens with one; `kind` names the openings to choose from;
    there is at least one topic unless the kind needs none.
    """

    courtesy: str
    kind: str
    topics: tuple[str, ...]


def read(turns: list[str], background: Iterable[str]) -> Reading:
    """Read the user's last turn, and as far as it says too little, earlier ones and then the system's words."""
    courtesy, kind, topics = _read_turn(_excerpt(turns[-1] if turns else ""))
    if not topics and (courtesy or kind in {"empty", "farewell", "smalltalk"}):
        return Reading("", kind if kind in {"farewell", "smalltalk"} else courtesy or kind, ())
    for text in (*turns[-2 : -2 - _EARLIER : -1], *background):
        if len(topics) < _ENOUGH:
            topics = tuple(dict.fromkeys(topics + _read_turn(_excerpt(text))[2]))
    return Reading(courtesy, kind, topics or ("this code" if kind == "code" else "that",))


@lru_cache(maxsize=256)  # system messages and earlier turns come again with every request; an excerpt is small
def _read_turn(text: str) -> tuple[str, str, tuple[str, ...]]:
    prose = _FENCED.sub("\n", text).replace("\u2019", "'")
    tokens = _TOKENS.findall(prose)
    spoken = [word.lower() if word.isascii() else word for word in tokens if word]
    if not spoken:
        return "", "code" if _CODE.search(text) else "empty", ()
    courtesy, rest = _courtesy(spoken)
    return courtesy, _kind(rest, text), tuple(_phrases(tokens))


def _excerpt(text: str) -> str:
    if len(text) <= _EXCERPT_HEAD + _EXCERPT_TAIL:
        return text
    return text[:_EXCERPT_HEAD] + "\n" + text[-_EXCERPT_TAIL:]


def _courtesy(spoken: list[str]) -> tuple[str, list[str]]:
    courtesy = ""
    if spoken[0] in words.GREETINGS:
        courtesy, spoken = "hello", spoken[1:]
    elif spoken[0] == "good" and spoken[1:2] and spoken[1] in words.DAY_PARTS:
        courtesy, spoken = "hello", spoken[2:]
    elif spoken[0] in words.THANKS:
        courtesy, spoken = "thanks", spoken[1:]
    while spoken and spoken[0] in words.FILLERS:
        spoken = spoken[1:]
    return courtesy, spoken


def _kind(spoken: list[str], text: str) -> str:
    first, second = (*spoken[:2], "", "")[:2]
    if _CODE.search(text):
        return "code"
    if first in words.FAREWELLS:
        return "farewell"
    if spoken[:3] == ["how", "are", "you"]:
        return "smalltalk"
    if first in words.IMPERATIVES or first == "please" or (first in words.YES_NO and second == "you"):
        return "request"
    if first in words.ASKING:
        return words.ASKING[first]
    return "question" if text.rstrip(" \n")[-1:] in ("?", "\uff1f") else "statement"


def _phrases(tokens: list[str]) -> dict[str, None]:
    """The noun phrases, as keys in their order, as far as neighbours can tell them from the rest."""
    found: dict[str, None] = {}
    phrase: list[str] = []
    waiting: list[str] = []  # an article or a link that only counts if a noun follows
    before = ""
    for token in tokens:
        lower = token.lower() if token.isascii() else token
        role = _ROLES.get(lower)
        if role is None and _can_be_noun(token, lower, before) and len(phrase) < _LONGEST_PHRASE:
            phrase += [*waiting, token]
            waiting = []
        elif role == _LINK and phrase and not waiting:
            waiting = [lower]
        elif role == _PHRASE_START and phrase and len(waiting) == 1:
            waiting.append(words.DETERMINERS[lower])
        else:
            if phrase:
                _close(phrase, found)
                phrase = []
            waiting = [words.DETERMINERS[lower]] if role == _PHRASE_START else []
        before = lower
    if phrase:
        _close(phrase, found)
    return found


def _can_be_noun(token: str, lower: str, before: str) -> bool:
    if lower == before:
        return False
    if not token.isascii():
        return True
    if not token or len(token) > _LONGEST_WORD or (len(token) == 1 and not "B" <= token <= "Z"):
        return False
    if before in words.BEFORE_VERBS and token == lower:
        return False
    return not (before in ("", "please") and lower in words.IMPERATIVES) and not (
        len(lower) > 5 and lower.endswith("ly") and lower not in words.NOUNS_IN_LY
    )


def _close(phrase: list[str], found: dict[str, None]) -> None:
    """Add a finished phrase, without a head such as "a list of", unless it says nothing."""
    for at, word in enumerate(phrase):
        if word in words.LINKS and word not in ("and", "between") and _says_nothing(phrase[:at]):
            phrase = phrase[at + 1 :]
            break
    if _says_nothing(phrase):
        return
    text = " ".join([word if word.isascii() else word[:_LONGEST_RUN] for word in phrase])
    found[f"\u201c{text}\u201d" if max(text) > _LAST_LATIN else text] = None


def _says_nothing(phrase: list[str]) -> bool:
    for word in phrase:
        number = word.isascii() and word.isdigit()
        if not (number or word in words.SAY_NOTHING or word.lower() in words.SAY_NOTHING):
            return False
    return True
