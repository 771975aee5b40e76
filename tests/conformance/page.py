"""docs/conformance.md: what was asked and how it went, in two parts that can be made apart.

The part of the simulator is the same wherever it is made; that of the real model is of the last machine that had one.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from proxy.app import create_app
from proxy.settings import Settings
from tests.conformance import yardsticks
from tests.conformance.asking import LLAMA_SERVERS_OWN, Outcome, Tally
from tests.conformance.table import FAMILIES

PAGE = Path(__file__).parents[2] / "docs/conformance.md"
SIMULATED, REAL = "simulated", "real"
NOT_RUN = "Not run: there was no real model on the machine that wrote this page."
_HEAD = """\
# Conformance

`make conformance` writes this page. It asks every endpoint what its cases ask (`tests/conformance/`), offline, and
holds each plain answer and each event of a stream against two things: OpenAI's published description, as JSON Schema,
and the models of OpenAI's official Python SDK, strictly: no other types, nothing missing, no field that they do not
have. The test suite makes the simulator's part anew and fails if this page does not say the same.

"partly" means that something is not supported, which the last column names; a request for it is refused with a 400
that names the field, unless the column says what happens instead. Columns count the cases that were right; that of the
SDK counts plain and streamed ones. The description that is used here has no images, audio, uploads and conversations:
their answers are held against the SDK's models only.
"""
_COLUMNS = "| endpoint | supported | plain | streamed | SDK | not supported |\n|---|---|---|---|---|---|\n"
_ADMINISTRATION = ("organization", "projects")


def section(text: str, name: str) -> str:
    """That part of the page, empty where it has none."""
    begin, end = _marks(name)
    return text.partition(begin)[2].partition(end)[0].strip("\n")


def write(simulated: str, real: str) -> str:
    """The whole page."""
    parts = {SIMULATED: simulated, REAL: real}
    return _HEAD + "".join(f"\n{_marks(name)[0]}\n{parts[name]}\n{_marks(name)[1]}\n" for name in parts)


def of_simulator(outcomes: Sequence[Outcome]) -> str:
    """The simulator's part."""
    notes = [f"- {note}" for outcome in outcomes for note in outcome.endpoint.notes]
    blocks = [f"## gpt-sim-1\n\nHeld against: {yardsticks.VERSIONS}.", _table(outcomes), *_wrong(outcomes)]
    if notes:
        blocks.append("Where what OpenAI sends is not what both say, and OpenAI's way is taken:\n\n" + "\n".join(notes))
    blocks.append(
        f"### Beyond OpenAI's API\n\nServed, and not in the table: {', '.join(f'`{path}`' for path in _ours())}."
    )
    return "\n\n".join([*blocks, "### Not served\n\n" + _not_served()])


def of_real_model(name: str, server: str, outcomes: Sequence[Outcome]) -> str:
    """The real model's part."""
    head = f"## A real model\n\n{name} on {server}, through this proxy, which passes its answers on as they are."
    head += f" Its own fields {' and '.join(f'`{name}`' for name in sorted(LLAMA_SERVERS_OWN))} are let pass here."
    return "\n\n".join([head, _table(outcomes, real=True), *_wrong(outcomes)])


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- begin: {name} -->", f"<!-- end: {name} -->"


def _table(outcomes: Sequence[Outcome], *, real: bool = False) -> str:
    return _COLUMNS + "\n".join(_row(outcome, real=real) for outcome in outcomes)


def _row(outcome: Outcome, *, real: bool) -> str:
    if not outcome.there:
        return f"| `{outcome.endpoint.name}` | no | - | - | - | all of it |"
    simulated = [*(refusal.what for refusal in outcome.endpoint.refused), *outcome.endpoint.lacks]
    lacks = [] if real else simulated
    full = not lacks and not outcome.problems
    counts = " | ".join(_count(tally) for tally in (outcome.plain, outcome.stream, outcome.sdk))
    what = "; ".join(lacks)
    return f"| `{outcome.endpoint.name}`{_form(outcome)} | {'yes' if full else 'partly'} | {counts} | {what} |"


def _form(outcome: Outcome) -> str:
    return f" ({outcome.endpoint.form})" if outcome.endpoint.form else ""


def _count(tally: Tally) -> str:
    return f"{tally.right} of {tally.asked}" if tally.asked else "-"


def _wrong(outcomes: Sequence[Outcome]) -> list[str]:
    """What was wrong, alike problems of several cases once."""
    lines = []
    for outcome in outcomes:
        if outcome.there:
            alike: dict[str, list[str]] = {}
            for problem in outcome.problems:
                case, _, what = problem.partition(": ")
                alike.setdefault(what.replace("is in no event", "is not there"), []).append(case)
            lines += [f"- `{outcome.endpoint.name}`: {_cases(cases)}: {what}" for what, cases in alike.items()]
    return ["### What is wrong\n\n" + "\n".join(lines)] if lines else []


def _cases(cases: Sequence[str]) -> str:
    return ", ".join(cases[:2]) + (f" and {len(cases) - 2} more" if len(cases) > 2 else "")


def served_operations() -> set[tuple[str, str]]:
    """The methods and paths of the API in proxy/app.py, without /v1, `{}` for what varies."""
    routes = [
        (route.method, route.resource.canonical) for route in create_app(Settings()).router.routes() if route.resource
    ]
    below = [(method, path.removeprefix("/v1")) for method, path in routes if path.startswith("/v1/")]
    return {(method, yardsticks.plain_path(path).rstrip("/")) for method, path in below}


def served_paths() -> set[str]:
    """The paths of these."""
    return {path for _, path in served_operations()}


def _ours() -> list[str]:
    return sorted(f"/v1{path}" for path in served_paths() - in_table() - {""})


def in_table() -> set[str]:
    """The paths that have cases."""
    return {yardsticks.plain_path(endpoint.path) for family in FAMILIES.values() for endpoint in family}


def _not_served() -> str:
    """What the SDK calls and the server lacks; of families that are not there at all, the number of paths."""
    missing = yardsticks.sdk_operations() - served_operations()
    there = {path.split("/")[1] for path in served_paths() if path}
    single = sorted((path, method) for method, path in missing if path.split("/")[1] in there)
    families = Counter(path.split("/")[1] for path in {path for _, path in missing} if path.split("/")[1] not in there)
    administration = sum(families.pop(name, 0) for name in _ADMINISTRATION)
    lines = [f"- `{method} /v1{path}`" for path, method in single]
    lines += ["- `/v1/responses` as a WebSocket (the SDK's `client.responses.connect()`)"]
    lines += [
        f"- `/v1/{name}`{f' and below ({count} paths)' if count > 1 else ''}"
        for name, count in sorted(families.items())
    ]
    lines += [f"- the administration of organizations and projects ({administration} paths)"]
    return (
        "Of what the SDK calls this is answered with 404 `unknown_url`, or 405 where the path has other methods:\n\n"
        + "\n".join(lines)
    )
