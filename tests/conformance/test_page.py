"""docs/conformance.md says what the simulator does today."""

from tests.conformance import page
from tests.conformance.__main__ import ask_simulator
from tests.running import proxy


def test_the_page_is_what_make_conformance_would_write_and_nothing_is_wrong():
    with proxy() as simulator:
        outcomes = ask_simulator(simulator.v1)

    problems = [f"{each.endpoint.name}: {problem}" for each in outcomes for problem in each.problems if each.there]
    assert problems == []
    written = page.PAGE.read_text("utf-8")
    fresh = page.write(page.of_simulator(outcomes), page.section(written, page.REAL))
    assert written == fresh, "docs/conformance.md is stale: `make conformance` writes it anew"


def test_every_path_of_the_api_is_in_the_table_or_said_to_be_beyond_it():
    written = page.section(page.PAGE.read_text("utf-8"), page.SIMULATED)
    for path in page.served_paths():
        assert f"/v1{path}" in written.replace("{model}", "{}") or path in page.in_table()
