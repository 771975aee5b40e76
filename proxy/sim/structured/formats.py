r"""The formats of JSON Schema: what each looks like, whether a text has it, and a sensible one of it.

Each format has a pattern of its own, narrower than the format, so that it can be met together with other patterns.
"""

import re
from collections.abc import Callable
from ipaddress import IPv6Address
from typing import NamedTuple

from proxy.sim.structured.draw import Draw
from proxy.sim.structured.pattern import PatternError, read_pattern

_LABEL = r"[a-z][a-z0-9]{0,20}"
_DAY = r"20[0-3]\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-2]):[03]0)"
_BYTE = r"(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])"
_PEOPLE = ("alice", "ben", "carla", "daniel", "emma", "felix", "grace", "hugo")
_HOSTS = ("example.com", "example.org", "example.net")
_PAGES = ("docs", "about", "products/42", "articles/overview", "images/cover.png")

_LONG_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_LONG_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?([zZ]|[+-](\d\d):(\d\d))", re.ASCII)
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:\d+W|(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)", re.ASCII
)
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"
)
_BYTES = re.compile(rf"{_BYTE}(\.{_BYTE}){{3}}", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_REFERENCE = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}|\[[0-9A-Fa-f:.]+\])*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Format(NamedTuple):
    """`pattern` matches only texts that have the format; `make` writes one; `check` tells whether a text has it."""

    pattern: str
    make: Callable[[Draw], str]
    check: Callable[[str], bool]


def _two(number: int) -> str:
    return f"{number:02d}"


def date(draw: Draw) -> str:
    """A day of 2024 or 2025."""
    return f"{2024 + draw.below(2)}-{_two(1 + draw.below(12))}-{_two(1 + draw.below(28))}"


def clock(draw: Draw) -> str:
    """A quarter of an hour of the working day: 09:30."""
    return f"{_two(8 + draw.below(11))}:{draw.among(('00', '15', '30', '45'))}"


def moment(draw: Draw) -> str:
    """A date with a time, in UTC."""
    return f"{date(draw)}T{clock(draw)}:00Z"


def email(draw: Draw) -> str:
    """An address that reaches nobody."""
    return f"{draw.among(_PEOPLE)}@{draw.among(_HOSTS)}"


def web_address(draw: Draw) -> str:
    """A page that example.com does not have."""
    return f"https://{draw.among(_HOSTS)}/{draw.among(_PAGES)}"


def uuid(draw: Draw) -> str:
    """A UUID of version 4."""
    digits = f"{draw.below(1 << 122):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[draw.below(4)]}{digits[17:20]}-{digits[20:]}"


def _duration(draw: Draw) -> str:
    return draw.among(("PT15M", "PT30M", "PT1H", "PT1H30M", "P1D", "P7D", "P2W", "P1M"))


def _ipv4(draw: Draw) -> str:
    return f"192.0.2.{1 + draw.below(254)}"


def _ipv6(draw: Draw) -> str:
    return f"2001:db8::{1 + draw.below(0xFFFE):x}"


def _is_date(text: str) -> bool:
    found = _LONG_DAY.fullmatch(text)
    if not found:
        return False
    year, month, day = map(int, found.groups())
    if not 1 <= month <= 12 or not year:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _LENGTHS[month - 1] + leap


def _is_time(text: str) -> bool:
    found = _LONG_TIME.fullmatch(text)
    if not found:
        return False
    hour, minute, second = (int(found.group(at)) for at in (1, 2, 3))
    return hour < 24 and minute < 60 and second < 60 and int(found.group(6) or 0) < 24 and int(found.group(7) or 0) < 60


def _is_moment(text: str) -> bool:
    return text[10:11] in ("T", "t") and _is_date(text[:10]) and _is_time(text[11:])


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and bool(IPv6Address(text))
    except ValueError:
        return False


def _is_email(text: str) -> bool:
    local = text.rpartition("@")[0]
    return bool(_EMAIL.fullmatch(text)) and ".." not in text and not local.startswith(".") and not local.endswith(".")


def _is_uri(text: str) -> bool:
    return bool(_SCHEME.match(text)) and _is_reference(text)


def _is_reference(text: str) -> bool:
    return bool(_REFERENCE.fullmatch(text)) and text.count("#") < 2


def _is_regex(text: str) -> bool:
    try:
        read_pattern(text)
    except PatternError:
        return False
    return True


def _fits(expression: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: expression.fullmatch(text) is not None


def _fixed(*texts: str) -> Callable[[Draw], str]:
    return lambda draw: draw.among(texts)


_EMAIL_FORMAT = Format(rf"^{_LABEL}@{_LABEL}\.(com|org|net)$", email, _is_email)
_HOST_FORMAT = Format(rf"^{_LABEL}(\.{_LABEL}){{0,3}}$", _fixed("api.example.com", "www.example.org"), _fits(_HOST))
_URI_FORMAT = Format(
    rf"^(https?|ftp|urn|file)://{_LABEL}(\.[a-z]{{2,8}}){{0,2}}(/[A-Za-z0-9._-]*)*$", web_address, _is_uri
)
_REFERENCE_FORMAT = Format(r"^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]*)*$", _fixed("/docs/overview", "/about"), _is_reference)

FORMATS: dict[str, Format] = {
    "date-time": Format(f"^{_DAY}T{_TIME}$", moment, _is_moment),
    "date": Format(f"^{_DAY}$", date, _is_date),
    "time": Format(f"^{_TIME}$", lambda draw: f"{clock(draw)}:00Z", _is_time),
    "duration": Format(
        r"^P(\d{1,3}W|\d{1,3}D(T\d{1,2}H)?|T\d{1,2}(H(\d{1,2}M(\d{1,2}S)?)?|M(\d{1,2}S)?|S))$",
        _duration,
        _fits(_DURATION),
    ),
    "email": _EMAIL_FORMAT,
    "idn-email": _EMAIL_FORMAT,
    "hostname": _HOST_FORMAT,
    "idn-hostname": _HOST_FORMAT,
    "ipv4": Format(rf"^{_BYTE}(\.{_BYTE}){{3}}$", _ipv4, _fits(_BYTES)),
    "ipv6": Format(r"^([1-9a-f][0-9a-f]{0,3}:){7}[1-9a-f][0-9a-f]{0,3}$", _ipv6, _is_ipv6),
    "uuid": Format(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", uuid, _fits(_UUID)),
    "uri": _URI_FORMAT,
    "iri": _URI_FORMAT,
    "uri-reference": _REFERENCE_FORMAT,
    "iri-reference": _REFERENCE_FORMAT,
    "uri-template": Format(
        r"^/[a-z]{1,20}(/\{[a-z]{1,20}\})?$", _fixed("/users/{id}", "/orders/{id}/items"), lambda text: text.isascii()
    ),
    "json-pointer": Format(r"^(/[A-Za-z0-9_-]*)*$", _fixed("/items/0", "/name"), _fits(_POINTER)),
    "relative-json-pointer": Format(
        r"^(0|[1-9]\d?)(#|(/[A-Za-z0-9_]*)*)$",
        _fixed("0/name", "1/items"),
        lambda text: bool(re.fullmatch(r"(0|[1-9][0-9]*)(#|(/([^~/]|~[01])*)*)", text)),
    ),
    "regex": Format(r"^[A-Za-z0-9]*$", _fixed("^[a-z]+$", "[0-9]{4}"), _is_regex),
}
