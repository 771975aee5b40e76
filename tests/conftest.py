"""Fixtures that all tests share: running programs, ended when the test ends."""

import signal
from contextlib import ExitStack

import httpx
import pytest
from hypothesis import HealthCheck, settings

from tests import running

# The same examples in every run: a new one that fails is found by hand (`FUZZ=n`), not by somebody else's change.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

# A job in the background of a shell starts with SIGINT ignored, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def start_proxy():
    """Start a proxy with flags; several in one test if need be."""
    with ExitStack() as stack:
        yield lambda *flags, **environment: stack.enter_context(running.proxy(*flags, **environment))


@pytest.fixture
def start_upstream():
    """Start one of tests/upstreams by name."""
    with ExitStack() as stack:
        yield lambda name, *arguments: stack.enter_context(running.upstream(name, *arguments))


@pytest.fixture(scope="session")
def simulator():
    """One proxy that only simulates, shared by tests that do not change it."""
    with running.proxy() as proxy:
        yield proxy


@pytest.fixture
def http(simulator):
    """A client of the shared simulator."""
    with httpx.Client(base_url=simulator.url, timeout=30) as client:
        yield client
