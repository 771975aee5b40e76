"""Says what tools gave back: the fields of a JSON result in sentences, any other result as it stands.

Knows no tool; a sentence takes its subject from the arguments of the call.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from proxy.sim.job import Length
from proxy.sim.tokens import without_lone_surrogates
from proxy.sim.tools.turn import Result

_MOST_RESULTS, _MOST_FIELDS, _MOST_ITEMS = 8, 8, 5
_LONGEST_VALUE, _LONGEST_TEXT, _LONGEST_READ = 120, 400, 100_000  # characters
_OPENINGS = ("Here is what I found: ", "I looked that up. ", "Here are the results: ", "")
_CLOSINGS = (
    " Let me know if you need anything else.",
    " Is there anything else you would like to know?",
    " Let me know if you want more details.",
)
_TITLES = ("name", "title", "label", "summary", "text", "description", "id")
_FAILURES = ("error", "errors", "exception")
_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-\s]+")


def sentences(results: tuple[Result, ...], length: Length, choice: int) -> Iterator[str]:
    """The answer, a sentence with the space before it at a time; `choice` picks how it begins and ends."""
    choice, opening = divmod(choice, len(_OPENINGS))
    start = "" if length == "short" else _OPENINGS[opening]
    before = ""
    for result in results[-_MOST_RESULTS:]:
        yield without_lone_surrogates(start + before + _said(result))
        start, before = "", " "
    if length != "short":
        yield _CLOSINGS[choice % len(_CLOSINGS)]


def _said(result: Result) -> str:
    try:
        return _told(result, _read(result.text))
    except RecursionError:  # too deep to be told
        return _told(result, result.text)


def _told(result: Result, value: Any) -> str:
    name = f"call of {result.call.name}" if result.call else "call"
    if value is None or value in ("", [], {}):
        return f"The {name} gave no result."
    if isinstance(value, dict):
        for key in _FAILURES:
            if value.get(key):
                return _sentence(f"The {name} failed: {_value(value[key])}")
        return _sentence(_subject(result) + _listing(_fields(value)))
    if isinstance(value, list):
        return _sentence(f"{_subject(result)}there {_number(len(value))}: {_listing(_titles(value))}")
    text = str(value).strip()
    if " " in text:
        return _sentence(_shortened(text, _LONGEST_TEXT))
    return _sentence(f"{_subject(result)}the result is {_value(value)}")


def _read(text: str) -> Any:
    """The value of a JSON text, numbers as they are written; another text is its own value."""
    if len(text) <= _LONGEST_READ:
        try:
            return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        except (ValueError, RecursionError):
            pass
    return text.strip()


def _fields(value: dict[str, Any]) -> list[str]:
    """Each field as a part of a sentence, those of inner objects among them."""
    parts: list[str] = []
    waiting: list[tuple[str, Any]] = list(value.items())[:_MOST_FIELDS]
    while waiting and len(parts) < _MOST_FIELDS:
        key, field = waiting.pop(0)
        if isinstance(field, dict) and field:
            waiting = [(f"{key} {inner}", each) for inner, each in list(field.items())[:_MOST_FIELDS]] + waiting
        elif isinstance(field, list) and field:
            parts.append(f"the {_verb(key)} {_listing(_titles(field))}")
        elif field is None or field in ("", [], {}):
            parts.append(f"the {_verb(key)} not known")
        else:
            parts.append(f"the {_verb(key)} {_value(field)}")
    return parts


def _titles(items: list[Any]) -> list[str]:
    return [_title(item) for item in items[:_MOST_ITEMS]] + (["more"] if len(items) > _MOST_ITEMS else [])


def _title(item: Any) -> str:
    if isinstance(item, dict) and item:
        named = [item[key] for key in _TITLES if isinstance(item.get(key), str) and item[key]]
        others = [f"{_words(key)} {_value(each)}" for key, each in item.items() if isinstance(each, str | bool)]
        if named:
            rest = [other for other in others if not other.endswith(" " + _value(named[0]))][:2]
            return _value(named[0]) + (f" ({', '.join(rest)})" if rest else "")
        return ", ".join(others[:4]) or _value(item)
    return _value(item)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _shortened(" ".join(value.split(" ")).strip().rstrip("."), _LONGEST_VALUE)
    # Numbers were read as texts: without its quotation marks all of it is as it was.
    return _shortened(json.dumps(value, ensure_ascii=False).replace('"', ""), _LONGEST_VALUE)


def _subject(result: Result) -> str:
    """What the call was about, from its first short argument that is a text."""
    given = _read(result.call.arguments) if result.call and not result.call.custom else None
    for value in given.values() if isinstance(given, dict) else ():
        if isinstance(value, str) and 0 < len(value) <= 60 and not value.replace(".", "").isdecimal():
            return f"for {value}, "
    return ""


def _number(count: int) -> str:
    return "is one item" if count == 1 else f"are {count} items"


def _listing(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def _words(name: str) -> str:
    """A field's name as words: "windSpeed" and "wind_speed" are "wind speed", and "ID" stays."""
    parts = [part if part.isupper() else part[:1].lower() + part[1:] for part in _HUMPS.split(name) if part]
    return " ".join(parts) or "value"


def _verb(name: str) -> str:
    words = _words(name)
    return f"{words} {'are' if words.endswith('s') and not words.endswith(('ss', 'us', 'is')) else 'is'}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text[-1:] in ".!?" else ".")


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest].rstrip() + "..."
