"""`make conformance`: ask the simulator, and a real model where one can be had, and write docs/conformance.md."""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx

from tests.conformance import page
from tests.conformance.asking import Outcome, ask
from tests.conformance.real_model import NotHereError, real_model
from tests.conformance.table import FAMILIES
from tests.running import proxy

SECONDS = 120


def ask_simulator(base_url: str) -> list[Outcome]:
    """All that there is to ask."""
    with httpx.Client(base_url=base_url, timeout=SECONDS) as client:
        return [ask(client, endpoint, "gpt-sim-1") for family in FAMILIES.values() for endpoint in family]


def ask_real(base_url: str, model: str) -> list[Outcome]:
    """What makes sense to ask a real model."""
    endpoints = [each for family in FAMILIES.values() for each in family if each.real_body is not None]
    with httpx.Client(base_url=base_url, timeout=SECONDS) as client:
        return [ask(client, endpoint, model, real=True) for endpoint in endpoints]


def main() -> int:
    """The exit code: 1 if an answer of the simulator was wrong."""
    parser = argparse.ArgumentParser(prog="make conformance", description=__doc__)
    parser.add_argument("--no-real-model", action="store_true", help="leave the real model's part as it is")
    options = parser.parse_args()
    with proxy() as simulator:
        outcomes = ask_simulator(simulator.v1)
    old = page.PAGE.read_text("utf-8") if page.PAGE.exists() else ""
    real = page.section(old, page.REAL) or f"## A real model\n\n{page.NOT_RUN}"
    if not options.no_real_model:
        try:
            with ExitStack() as stack:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                base_url, model, server = stack.enter_context(real_model(folder))
                real = page.of_real_model(model, server, ask_real(base_url, model))
        except NotHereError as why:
            print(f"the real model was not asked: {why}", file=sys.stderr)
    page.PAGE.write_text(page.write(page.of_simulator(outcomes), real), "utf-8")
    for outcome in outcomes:
        for problem in outcome.problems if outcome.there else ():
            print(f"{outcome.endpoint.name}: {problem}", file=sys.stderr)
    print(f"written: {page.PAGE.relative_to(Path.cwd())}")
    return int(any(outcome.problems for outcome in outcomes if outcome.there))


if __name__ == "__main__":
    sys.exit(main())
