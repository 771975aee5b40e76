"""The pytest plugin: `openai_sim`, a run of the simulator for each test that asks for one (docs/pytest.md).

Nothing is started before the first test that uses it. What is asked of the simulator is in run.py, how it is found or
started in server.py; this is what pytest sees.
"""

import difflib
import os
import re
import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

import pytest

from openai_api_simulator.run import OpenAISim, UseError
from openai_api_simulator.server import NotServingError, Server, found, started

_SIM = pytest.StashKey[OpenAISim]()
_SERVER = pytest.StashKey[Server]()
_MARKER = "openai_sim"
_OPTIONS = ("scenario", "on_miss", "fault", "limits", "latency", "seed", "clock", "verdict", "allow_unmatched")
_SHOWN = 20  # requests in a report
_OWN = " /_sim/"  # in a line of the access log
_SESSION = secrets.token_hex(3)  # so that two processes never share a run, whatever their tests are called
_COUNTED = iter(range(10**9))


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, on the command line and in the ini file."""
    group = parser.getgroup("openai-sim", "OpenAI API Simulator")
    group.addoption(
        "--openai-sim-url", metavar="URL", help="the simulator to use; else $OPENAI_SIM_URL, else one is started"
    )
    group.addoption(
        "--openai-sim-verdict", action="store_true", default=None, help="fail tests whose client made a mistake"
    )
    parser.addini("openai_sim_url", "the simulator to use; else one is started")
    parser.addini("openai_sim_verdict", "fail tests whose client made a mistake", type="bool", default=False)
    parser.addini("openai_sim_args", "flags for a simulator that is started, such as --seed 7", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known. Raises UsageError for an address that is none."""
    config.addinivalue_line(
        "markers",
        f"{_MARKER}({'=..., '.join(_OPTIONS)}=...): what the simulator does in this test (docs/pytest.md)",
    )
    url = _url(config)
    if url and not url.startswith(("http://", "https://")):
        raise pytest.UsageError(f"{url!r} is no address of a simulator; expected such as http://127.0.0.1:3080")


def _url(config: pytest.Config) -> str:
    return str(
        config.getoption("openai_sim_url") or os.environ.get("OPENAI_SIM_URL") or config.getini("openai_sim_url") or ""
    )


@pytest.fixture(scope="session")
def openai_sim_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The simulator of this process, found or started; `.run(name)` is a run for what is no single test."""
    url = _url(request.config)
    with ExitStack() as stack:
        with _told_in_one_sentence(NotServingError):
            server = found(url) if url else stack.enter_context(started(request.config.getini("openai_sim_args")))
        yield server


@pytest.fixture
def openai_sim(request: pytest.FixtureRequest, openai_sim_server: Server) -> Iterator[OpenAISim]:
    """A run of the simulator for this test; clients that read the environment when they are made go there."""
    item = request.node
    folders = (request.path.parent, request.config.rootpath)
    sim = OpenAISim(openai_sim_server.url, _name(item.nodeid), folders)
    with _told_in_one_sentence(UseError):
        _prepare(sim, item)
    item.stash[_SIM] = sim
    item.stash[_SERVER] = openai_sim_server
    openai_sim_server.log.clear()  # the tests of one process go one after another
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ANTHROPIC_AUTH_TOKEN", raising=False)  # which would go before the key
        for name, value in (sim.environment | _around_proxies(sim.url)).items():
            patch.setenv(name, value)
        yield sim


def _around_proxies(url: str) -> dict[str, str]:
    """What keeps clients from looking for the simulator beyond a proxy, where the environment names one."""
    if not any(name.lower() in ("http_proxy", "all_proxy") for name in os.environ):
        return {}
    host = urlsplit(url).hostname or ""
    return {name: ",".join(filter(None, (os.environ.get(name), host))) for name in ("NO_PROXY", "no_proxy")}


@pytest.fixture(autouse=True)
def _openai_sim_where_marked(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker(_MARKER):
        request.getfixturevalue("openai_sim")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """The test, and what its requests tell about it."""
    result = yield
    sim = item.stash.get(_SIM, None)
    if sim is not None:
        with _told_in_one_sentence(UseError):
            problem = _problem(sim, item)
        if problem:
            pytest.fail(problem, pytrace=False)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report, which shows the run's requests where the test failed."""
    report = yield
    sim = item.stash.get(_SIM, None)
    if report.failed and sim is not None:
        # Without what this plugin itself asks, of which the last may be told late.
        log = "\n".join([line for line in item.stash[_SERVER].log if _OWN not in line])
        report.sections.append((f"OpenAI simulator: {sim.url}", _told(sim)))
        if log:
            report.sections.append(("OpenAI simulator: log", log))
    return report


@contextmanager
def _told_in_one_sentence(kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _name(nodeid: str) -> str:
    """A run's name that says whose it is, and is used once."""
    digest = blake2b(f"{_SESSION} {nodeid} {next(_COUNTED)}".encode(), digest_size=5).hexdigest()
    readable = re.sub(r"[^A-Za-z0-9]+", "-", nodeid.rpartition("::")[2])[:50].strip("-")
    return f"{readable}-{digest}".strip("-")


def _options(item: pytest.Item) -> dict[str, Any]:
    """What the markers say, the nearest last. Raises UsageError for a name that there is not."""
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(_MARKER))):
        if marker.args:
            raise UseError(f"the marker {_MARKER} takes options by name, such as scenario='file.yaml'")
        options |= marker.kwargs
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_OPTIONS)}"
            raise UseError(f"the marker {_MARKER} has no option {name!r}; {hint}")
    return options


def _prepare(sim: OpenAISim, item: pytest.Item) -> None:
    """Do what the markers say. Raises UseError."""
    options = _options(item)
    sim.allow_unmatched = bool(options.get("allow_unmatched", False))
    if "scenario" in options:
        sim.scenario(options["scenario"], on_miss=options.get("on_miss"))
    faults = options.get("fault", ())
    for fault in [faults] if isinstance(faults, str | Mapping) else faults:
        name, settings = _fault(fault)
        sim.fault(name, **settings)
    for what, tell in (("limits", sim.limits), ("latency", sim.latency)):
        given = options.get(what)
        if isinstance(given, str):
            tell(given)
        elif given is not None:
            tell(**given)
    if "seed" in options:
        sim.seed(options["seed"])
    if "clock" in options:
        sim.clock(options["clock"])


def _fault(given: "str | Mapping[str, Any]") -> tuple[str, dict[str, Any]]:
    """`status;status=503;times=1`, as in the header x-sim-fault, or `{"fault": "status", "status": 503}`."""
    if isinstance(given, Mapping):
        settings = dict(given)
        return str(settings.pop("fault", "")), settings
    name, *parts = [part.strip() for part in re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', given)]  # not within quotes
    pairs = [part.partition("=") for part in parts]
    return name, {key.strip(): _value(value.strip()) for key, _, value in pairs}


def _value(text: str) -> "int | float | str":
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text.strip('"')


def _problem(sim: OpenAISim, item: pytest.Item) -> str:
    """What is wrong though the test passed."""
    if not sim.allow_unmatched and (unmatched := sim.unmatched):
        count = "1 request was" if len(unmatched) == 1 else f"{len(unmatched)} requests were"
        return "\n  ".join([f"{count} answered by no rule of the scenario:", *map(str, unmatched)])
    wanted = item.config.getoption("openai_sim_verdict") or item.config.getini("openai_sim_verdict")
    wanted = _options(item).get("verdict", wanted)
    if wanted:
        verdict = sim.verdict(**wanted) if isinstance(wanted, Mapping) else sim.verdict()
        return "" if verdict.passed else str(verdict)
    return ""


def _told(sim: OpenAISim) -> str:
    """The newest requests, a line each."""
    try:
        requests = sim.requests()
    except UseError as problem:
        return str(problem)
    left_out = f"... {len(requests) - _SHOWN} before\n" if len(requests) > _SHOWN else ""
    return left_out + "\n".join([str(request) for request in requests[-_SHOWN:]]) or "nothing was asked"
