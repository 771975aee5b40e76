"""Asks a simulator's control surface, `/_sim/`, with the standard library alone.

Libraries that stand in for an HTTP client during a test would answer these requests too.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from urllib.error import HTTPError

_SECONDS = 30.0

Query = Mapping[str, "str | float"]


class ControlError(Exception):
    """The simulator could not be asked, or refused; the message is one sentence."""


def ask(
    method: str,
    url: str,
    body: "bytes | Mapping[str, Any] | None" = None,
    *,
    query: Query | None = None,
    seconds: float = _SECONDS,
) -> Any:
    """The JSON that it answers. Raises ControlError."""
    # Every pytest on a machine where this is installed imports this module, and few ask.
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.parse import urlencode  # noqa: PLC0415
    from urllib.request import ProxyHandler, Request, build_opener  # noqa: PLC0415

    data = json.dumps(body).encode() if isinstance(body, Mapping) else body
    asked = Request(f"{url}?{urlencode(query)}" if query else url, data, method=method)  # noqa: S310 - http:// only
    asked.add_header("Content-Type", "application/json" if isinstance(body, Mapping) else "application/octet-stream")
    try:
        with build_opener(ProxyHandler({})).open(asked, timeout=seconds) as answer:
            return json.loads(answer.read())
    except HTTPError as error:
        raise ControlError(_message(error)) from None
    except (OSError, ValueError) as problem:
        raise ControlError(f"no simulator answers at {url}: {getattr(problem, 'reason', problem)}") from None


def _message(error: "HTTPError") -> str:
    try:
        return str(json.loads(error.read())["error"]["message"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"the simulator answered {error.code}"
