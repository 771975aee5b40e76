"""Moderation by a short list of phrases, so that anybody can see why a text was flagged, and flag one on purpose.

A pure function from a text to a score for each of OpenAI's categories. Knows no meaning: it is for testing what a
program does with the answer, and protects nobody.
"""

import re
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b

VERSION = 1  # goes up whenever any score changes
FLAGGED = 0.5  # from this score on

_GROUPS = (
    "jews|muslims|christians|hindus|immigrants|migrants|refugees|foreigners|women|gays|lesbians|homosexuals|"
    "black people|white people|asians|africans|arabs|mexicans|gypsies|disabled people|trans people|transgender people"
)
_PEOPLE = f"you|him|her|them|everyone|everybody|people|somebody|someone|these people|those people|{_GROUPS}"
_HARM = "kill|murder|shoot|stab|strangle|hurt|beat up|torture|poison|burn"
_MEANING_TO = "i will|i'll|i am going to|i'm going to|i'm gonna|i want to|i wanna|we will|we'll|let's|going to"
_HOW_TO = (
    "how to|how do i|how can i|how do you|how would i|ways to|best way to|instructions for|instructions to|steps to|"
    "teach me to|guide to|help me"
)
_ARMS = "bomb*|explosive*|grenade*|nerve gas|ghost gun*|silencer*|molotov*"
_DEATH = "kill(ing)? myself|end(ing)? my life|commit(ting)? suicide|hurt(ing)? myself|cut(ting)? myself|die"
_MINOR = r"child|children|minor|minors|underage|schoolgirl|schoolboy|preteen|kid|kids|\d{1}-year-old|1[0-7]-year-old"
_SEX = "sex|sexual|porn|porno|pornography|naked|nude|nudes|erotic|erotica|explicit"

# For each category phrases that are certain, likely, or only a hint: regular expressions in which `*` after a letter
# is any ending of the word.
_SURE, _LIKELY, _HINT = 0.92, 0.68, 0.25
PHRASES: dict[str, dict[float, tuple[str, ...]]] = {
    "harassment": {
        _SURE: (
            "you( are|'re) (such )?(a |an )?(stupid |worthless |pathetic |complete )*(idiot*|moron*|loser*|scum|trash)",
        ),
        _LIKELY: (
            "you( are|'re) (so )?(worthless|pathetic|disgusting|ugly|stupid)",
            "i hate you",
            "nobody (likes|loves) you",
            "shut up",
        ),
        _HINT: ("idiot*", "moron*", "loser*", "stupid"),
    },
    "harassment/threatening": {
        _SURE: (f"(i will|i'll|i am going to|i'm going to|i'm gonna) ({_HARM}) (you|him|her|them|your family)",),
        _LIKELY: (f"({_MEANING_TO}) ({_HARM}) (you|him|her|them)", "you (will|are going to) (regret|pay for) this"),
    },
    "hate": {
        _SURE: (f"({_GROUPS}) are (all )?(vermin|animals|subhuman*|inferior|scum|trash|filth|parasites|disgusting)",),
        _LIKELY: (f"(i|we|they) (hate|despise) (all |the |those |these )*({_GROUPS})", "(superior|master) race"),
        _HINT: (f"({_GROUPS}) (should|must) (go|leave)",),
    },
    "hate/threatening": {
        _SURE: (
            f"({_HARM}|exterminate|eliminate|lynch|gas) (all |the |those |these )*({_GROUPS})",
            f"({_GROUPS}) (should|must) (all )?(die|be killed|be exterminated|be shot)",
        ),
    },
    "illicit": {
        _SURE: (
            f"({_HOW_TO}) (shoplift|steal|launder money|make meth|cook meth|forge|counterfeit|hack into|pick a lock)",
            f"({_HOW_TO}) (buy|sell|smuggle) (drugs|cocaine|heroin|meth|fentanyl)",
        ),
        _LIKELY: ("(buy|sell) (cocaine|heroin|meth|fentanyl)", "stolen credit card*", "fake (passport*|id|ids)"),
    },
    "illicit/violent": {
        _SURE: (
            f"({_HOW_TO}) (make|build|create|buy) (a |an )?(pipe |car |homemade )*({_ARMS})",
            f"({_HOW_TO}) (get away with murder|hire a hitman|poison (someone|somebody|a person|people))",
        ),
    },
    "self-harm": {
        _SURE: ("kill* (myself|yourself|himself|herself|themselves)", "commit* suicide", "self-harm*", "self harm*"),
        _LIKELY: ("suicid*", "(cut|cutting|hurt|hurting|starve|starving) (myself|yourself)", "overdose on"),
    },
    "self-harm/intent": {
        _SURE: (
            f"({_MEANING_TO}|thinking about|about to) ({_DEATH})",
            "(want|wanna) to? ?be dead",
        ),
        _LIKELY: ("don't want to (live|be alive)", "no reason to live", "better off (dead|without me)"),
    },
    "self-harm/instructions": {
        _SURE: (f"({_HOW_TO}) (kill (myself|yourself)|commit suicide|tie a noose|hurt myself|cut myself|overdose*)",),
    },
    "sexual": {
        _SURE: (
            "porn(o|os|ography|ographic)?",
            "hardcore sex",
            "explicit sex*",
            "have sex with me",
            "erotica",
            "nudes",
            "sexual intercourse",
        ),
        _LIKELY: ("erotic*", "naked (woman|man|women|men|girl*|body)", "(blow|hand) ?job*", "masturbat*", "orgasm*"),
        _HINT: ("sex", "sexy", "nude", "naked"),
    },
    "sexual/minors": {
        _SURE: (
            rf"({_SEX})( \w+){{0,2}} (of|with|between|featuring) (an? |the |my )?({_MINOR})",
            rf"(child|minor|underage|preteen|teenage) ({_SEX})",
            "child (abuse )?(porn|pornography|sexual)",
        ),
    },
    "violence": {
        _SURE: (
            f"(kill|murder|shoot|stab|strangle|torture) ({_PEOPLE})",
            "mass shooting",
            "shoot up (the|a|my) school",
            "massacre*",
        ),
        _LIKELY: (
            f"({_HARM}|punch|slap|attack) ({_PEOPLE})",
            "beat* (him|her|them|you) (up|to death)",
            "(killed|murdered|stabbed|shot|tortured)",
        ),
        _HINT: ("kill*", "murder*", "weapon*", "gun*", "knife", "fight*"),
    },
    "violence/graphic": {
        _SURE: (
            "(behead*|decapitat*|dismember*|disembowel*|mutilat*)",
            "(gory|gore)",
            "(pool|pools|rivers) of blood",
            "guts (spill*|everywhere)",
        ),
        _LIKELY: ("blood (everywhere|spray*|gush*)", "(severed|rotting) (head|limb|limbs|hand|body|corpse*)"),
        _HINT: ("blood", "corpse*"),
    },
}
# As OpenAI lists them; those that look at images too.
CATEGORIES = tuple(PHRASES)
SEE_IMAGES = frozenset(name for name in CATEGORIES if name.startswith(("self-harm", "violence")) or name == "sexual")

_ENDING = re.compile(r"(?<=[a-z])\*")
_SLICE, _OVERLAP = 10_000, 200  # characters; no phrase is longer


def slices(text: str) -> Iterator[str]:
    """A long text in parts of some milliseconds each; they overlap, so that each phrase is whole in one of them."""
    for start in range(0, max(len(text), 1), _SLICE):
        yield text[start : start + _SLICE + _OVERLAP]


def phrases_in(text: str) -> set[tuple[str, int]]:
    """The phrases of a slice, each as its category and its number there."""
    words = re.sub(r"[\s_]+", " ", text.lower().replace("\u2019", "'"))
    return {(name, number) for name, number, pattern, _ in _patterns() if pattern.search(words)}


def scores(key: str, found: set[tuple[str, int]]) -> dict[str, float]:
    """The score of each category, from 0 to 1; without any phrase it is tiny, and that of the input called `key`."""
    missed = {name: 1 - _trace(name, key) for name in CATEGORIES}
    for name, number, _, weight in _patterns():
        if (name, number) in found:
            missed[name] *= 1 - weight
    result = {name: 1 - rest for name, rest in missed.items()}
    for name in CATEGORIES:
        whole = name.partition("/")[0]
        result[whole] = max(result[whole], result[name])
    return result


def identifier(*asked: str) -> str:
    """The id of a request."""
    lengths = "".join([f"{len(each)}:{each}" for each in asked])
    return "modr-" + blake2b(f"{VERSION} {lengths}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


@cache
def _patterns() -> tuple[tuple[str, int, re.Pattern[str], float], ...]:
    return tuple(
        (name, number, re.compile(rf"(?<!\w)(?:{_ENDING.sub('[a-z]*', phrase)})(?!\w)", re.ASCII), weight)
        for name, weights in PHRASES.items()
        for number, (weight, phrase) in enumerate((w, p) for w, phrases in weights.items() for p in phrases)
    )


def _trace(category: str, key: str) -> float:
    """Between 0.000001 and 0.001."""
    drawn = blake2b(f"{VERSION} {category} {key}".encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return (1 + int.from_bytes(drawn, "big") % 999) / 1_000_000
