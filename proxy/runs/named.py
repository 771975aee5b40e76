"""Which run a request belongs to: named by its base URL, a header, or its API key, in this order.

A base URL is what every client allows: `/t/NAME` before the path, which is taken off before anything else looks at
it. The header is `x-sim-run: NAME`; the API key is `sk-sim-NAME`, in whichever header clients have one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy, istr
from yarl import URL

from proxy.errors import BadRequestError
from proxy.runs.keys import RUNS
from proxy.runs.runs import NAME, Run

HEADER = "x-sim-run"
_HEADER = istr(HEADER)
_KEY = re.compile(r"(?i:bearer +)?sk-sim-(.*)", re.DOTALL)
_AUTHORIZATION, _API_KEY, _AZURES_KEY = istr("Authorization"), istr("x-api-key"), istr("api-key")
_PREFIX = "/t/"


def without_prefix(make: Callable[..., web.BaseRequest]) -> Callable[..., web.BaseRequest]:
    """A maker of requests that takes `/t/NAME` off their paths and puts the name into the header."""

    def made(message: Any, *rest: Any) -> web.BaseRequest:
        if not message.path.startswith(_PREFIX):
            return make(message, *rest)
        name, _, path = message.path.removeprefix(_PREFIX).partition("/")
        name, mark, query = name.partition("?")
        path = f"/{path}{mark}{query}"
        headers = CIMultiDict(message.headers)
        headers[_HEADER] = name  # the one place where anybody looks, because each look costs each request
        url = URL(path, encoded=True)
        return make(message._replace(path=path, url=url, headers=CIMultiDictProxy(headers)), *rest)

    return made


def _by_key(headers: Mapping[str, str]) -> str | None:
    key = headers.get(_AUTHORIZATION) or headers.get(_API_KEY) or headers.get(_AZURES_KEY)
    found = key and _KEY.match(key)
    return found[1] if found else None


def run_of(request: web.Request) -> Run:
    """The run of a request, made if need be. Raises BadRequestError for a name that is none."""
    name = request.headers.get(_HEADER)
    if name is None:
        name = _by_key(request.headers)
    if name is None:
        return request.app[RUNS].unnamed
    if not NAME.match(name):  # an empty one, too: a variable that is not set must not lead to everybody's run
        raise BadRequestError(
            f"Invalid name of a test run: '{name[:80]}'. Expected 1 to 64 letters, digits, dots, dashes and "
            "underscores, the first of them a letter or a digit.",
            param=HEADER,
            code="invalid_run",
        )
    return request.app[RUNS].of(name)
