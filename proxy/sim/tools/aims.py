"""Which values of a prompt a tool's arguments are after, where their names alone do not find them.

What the names find ("location", "email", "date") is left to the structured library; here are values that have a form of
their own, such as a sum or a ticker, and numbers that come in the order of the arguments.
"""

import re
from collections.abc import Iterator
from typing import Any

from proxy.sim.lexicon import words_of
from proxy.sim.tools.wishes import listed_in

Aim = tuple[str, str]  # an argument's name and its value as it was said

_MOST = 20  # arguments
_LONGEST_READ = 2000  # characters

_NUMBER = re.compile(r"(?<![\w.:/-])[$\u20ac\u00a3]?(-?\d{1,15}(?:\.\d{1,9})?)(?![\w:/]|[.-]\d)", re.ASCII)
_NAME = r"[A-Z][\w'-]*(?: (?:de |of |la )?[A-Z][\w'-]*)*"
_DAYS = (
    r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Jan|Feb|March|April|May\b|June|July|Aug|Sep|Oct|Nov|Dec|Celsius|Fahr"
)
_SUM = r"[\d(][\d\s.,()+\-*/^%\u00d7\u00f7]*[-+*/^%\u00d7\u00f7][\d\s.,()+\-*/^%\u00d7\u00f7]*[\d)]"
_FORMS = (
    (words_of("code script source program"), re.compile(r"```[\w+-]*\n(.*?)(?:```|\Z)", re.DOTALL)),
    (words_of("expression equation formula calculation math expr sum"), re.compile(rf"({_SUM})", re.ASCII)),
    (words_of("ticker symbol stock"), re.compile(r"(?<![\w$])\$?([A-Z]{1,5}(?:\.[A-Z])?)(?!\w|'s? )", re.ASCII)),
    (words_of("currency from_currency to_currency base target"), re.compile(r"\b([A-Z]{3})\b", re.ASCII)),
    (
        words_of("sql query statement"),
        re.compile(r"\b((?:SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|WITH) .{3,400}?)(?:;|$|\n)"),
    ),
    (
        words_of("path file filename filepath file_path directory folder"),
        re.compile(r"(?<![\w:/])((?:~|\.{1,2})?/[\w./-]*\w|[\w-]+(?:/[\w-]+)*\.[a-z]\w{0,4})(?![\w@])", re.ASCII),
    ),
    (
        words_of("id number reference ref code sku key order tracking flight booking"),
        re.compile(r"#?\b((?=[A-Z0-9-]*\d)[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?)\b(?!\.\d)", re.ASCII),
    ),
    (words_of("to recipient email address receiver cc"), re.compile(r"([\w.+-]+@[\w-]+(?:\.[\w-]+)+)", re.ASCII)),
    (words_of("recipient to receiver payee"), re.compile(rf"\b(?:to|for) ({_NAME})", re.ASCII)),
    (words_of("origin from source start departure"), re.compile(rf"\b(?:from|between|leaving) ({_NAME})", re.ASCII)),
    (
        words_of("destination to end target arrival"),
        re.compile(rf"\b(?:to|towards|(?:between|from) {_NAME} and) ({_NAME})", re.ASCII),
    ),
    (words_of("language lang target_language to_language"), re.compile(r"\b(?:to|into|in) ([A-Z][a-z]+)\b", re.ASCII)),
    (
        words_of("text message body content phrase sentence input"),
        re.compile("[\"'\u201c`](.{1,400}?)[\"'\u201d`](?!\\w)"),
    ),
    (
        words_of("location city place town region country state destination address"),
        re.compile(
            rf"(?<!\w)(?:in|at|near|for|of|to|à) (?!{_DAYS})({_NAME}(?:, [A-Z][A-Za-z]+\b(?!,|,? and ))?)", re.ASCII
        ),
    ),
    (words_of("room place location"), re.compile(r"\b(?:in|of|at) the ([a-z]+(?: room| floor)?)\b", re.ASCII)),
)
_AGE = re.compile(r"\b(?:is|am|aged?|turns|turned) (\d{1,3})\b(?![.:/%-]\d)|\b(\d{1,3})[ -]years?[ -]old", re.ASCII)
_NUMERIC = {"integer", "number"}


def aims(properties: dict[str, Any], text: str) -> Iterator[Aim]:
    """The values of a text for the arguments, each with the name of its argument."""
    text = text[:_LONGEST_READ]
    listed = [(name, schema) for name, schema in properties.items() if isinstance(schema, dict)][:_MOST]
    numeric = [name for name, schema in listed if _kind(schema) in _NUMERIC]
    if (age := _AGE.search(text)) and "age" in numeric:
        yield "age", age.group(1) or age.group(2)
    yield from _in_order(numeric, text)
    items = listed_in(text)
    for name in [name for name, schema in listed if items and _kind(schema) == "array"]:
        one = name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
        yield from [(one, item) for item in items]
    taken: set[str] = set()
    for name in [name for name, schema in listed if _kind(schema) == "string" and "enum" not in schema]:
        for value in _of_its_form(name, text):
            if value not in taken:
                taken.add(value)
                yield name, value
                break


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "")
    kinds = [each for each in kind if each != "null"] if isinstance(kind, list) else [kind]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _in_order(names: list[str], text: str) -> Iterator[Aim]:
    """The numbers of a text, where there are as many as arguments."""
    numbers = _NUMBER.findall(text)
    if names and len(numbers) == len(names):
        yield from zip(names, numbers, strict=True)


def _of_its_form(name: str, text: str) -> Iterator[str]:
    lower = name.lower()
    for names, form in _FORMS:
        if lower in names or lower.replace("-", "_").rpartition("_")[2] in names:
            yield from [found.strip() for found in form.findall(text)]
