"""`/_sim/faults`: the faults that hold for a run."""

from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from proxy.endpoints.call import called, decode
from proxy.errors import BadRequestError, NotFoundError
from proxy.faults.table import make
from proxy.runs.named import run_of
from proxy.runs.rules import Rule
from proxy.runs.runs import MOST_RULES

Name = Annotated[str, Meta(max_length=200)]


class Wish(Struct, forbid_unknown_fields=True):
    """A rule as it is asked for."""

    fault: Name
    settings: dict[str, Any] = {}
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, Meta(ge=1)] | None = None
    after: Annotated[int, Meta(ge=0)] = 0
    model: Name = "*"
    path: Name = "*"


_decoder = msgspec.json.Decoder(Wish)


async def listed(request: web.Request) -> web.Response:
    """The rules, in the order in which they take effect, with how often each met a request and happened."""
    return web.json_response({"object": "list", "data": [_shown(rule) for rule in run_of(request).rules.values()]})


async def add(request: web.Request) -> web.Response:
    """One more rule. Raises BadRequestError."""
    wish = decode(_decoder, (await called(request)).body)
    fault = make(wish.fault, wish.settings, "fault")
    run = run_of(request)
    if len(run.rules) >= MOST_RULES:
        raise BadRequestError(f"A run has at most {MOST_RULES} faults; remove some with DELETE /_sim/faults.")
    if not run.rules:
        run.rules_made = 0  # what is drawn depends on the id: the same faults added again are the same again
    run.rules_made += 1
    rule = Rule(
        f"fault_{run.rules_made}",
        wish.fault,
        fault,
        probability=wish.probability,
        times=wish.times,
        after=wish.after,
        model=wish.model,
        path=wish.path,
    )
    run.rules[rule.id] = rule
    return web.json_response(_shown(rule), status=201)


async def remove(request: web.Request) -> web.Response:
    """Drop one rule. Raises NotFoundError."""
    name = request.match_info["id"]
    rule = run_of(request).rules.pop(name, None)
    if rule is None:
        raise NotFoundError(f"This run has no fault '{name}'.", param="id", code="fault_not_found")
    return web.json_response(_shown(rule) | {"deleted": True})


async def clear(request: web.Request) -> web.Response:
    """Drop all rules."""
    rules = run_of(request).rules
    dropped = len(rules)
    rules.clear()
    return web.json_response({"object": "list", "deleted": dropped})


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "object": "sim.fault",
        "id": rule.id,
        "fault": rule.name,
        "settings": msgspec.to_builtins(rule.fault),
        "probability": rule.probability,
        "times": rule.times,
        "after": rule.after,
        "model": rule.model,
        "path": rule.path,
        "met": rule.met,
        "happened": rule.happened,
    }
