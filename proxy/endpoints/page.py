"""One page of a list, as OpenAI pages: `after` an id, `limit` and `order`; knows nothing of what is listed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from proxy.errors import BadRequestError
from proxy.wording import check_choice

T = TypeVar("T")


def page(
    query: Mapping[str, str], kept: Sequence[T], name: Callable[[T], str], *, usual: int, most: int
) -> tuple[list[T], bool]:
    """The entries of the page that a query asks for, and whether there are more; `kept` is oldest first.

    The newest come first unless `order` is "asc". Raises BadRequestError.
    """
    order, limit, after = query.get("order"), _limit(query.get("limit"), usual, most), query.get("after")
    check_choice("order", order, ("asc", "desc"))
    entries = list(kept) if order == "asc" else list(reversed(kept))
    start = 0
    if after is not None:
        start = next((at for at, each in enumerate(entries, 1) if name(each) == after), -1)
        if start < 0:
            raise BadRequestError(
                f"Invalid 'after': there is no '{after}' in this list.", param="after", code="invalid_value"
            )
    return entries[start : start + limit], len(entries) > start + limit


def listing(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """The list object. Its ids are "" where it is empty: OpenAI's description has them as strings."""
    first, last = (data[0]["id"], data[-1]["id"]) if data else ("", "")
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": more}


def _limit(given: str | None, usual: int, most: int) -> int:
    if given is None:
        return usual
    try:
        limit = msgspec.convert(given, int, strict=False)
    except msgspec.ValidationError:
        raise BadRequestError(
            "Invalid type for 'limit': expected an integer, but got a string instead.",
            param="limit",
            code="invalid_type",
        ) from None
    if 1 <= limit <= most:
        return limit
    side, sign, bound = ("above maximum", "<=", most) if limit > most else ("below minimum", ">=", 1)
    raise BadRequestError(
        f"Invalid 'limit': integer {side} value. Expected a value {sign} {bound}, but got {limit} instead.",
        param="limit",
        code="integer_above_max_value" if limit > most else "integer_below_min_value",
    )
