"""Fixtures that all tests share: running programs, ended when the test ends."""

import gc
import signal
import warnings
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from openai import OpenAI, _base_client

from tests import running

# The same examples in every run: a new one that fails is found by hand (`FUZZ=n`), not by somebody else's change.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

# A job in the background of a shell starts with SIGINT ignored, and so would every program that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _left_open(client):
    if not client.is_closed:
        warnings.warn(f"a test left {client!r} open", ResourceWarning, source=client, stacklevel=2)


# Else the SDK's clients close themselves when they are collected, if their sockets are not collected before them.
CLIENTS: tuple[Any, ...] = (
    httpx.Client,
    httpx.AsyncClient,
    _base_client.SyncHttpxClientWrapper,
    _base_client.AsyncHttpxClientWrapper,
)
for kind in CLIENTS:
    kind.__del__ = _left_open


@pytest.fixture(autouse=True, scope="module")
def _nothing_left_open():
    """Collect when a file's tests have ended: what one leaves open fails there, and not by chance somewhere else."""
    yield
    gc.collect()


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
def sdk():
    """Make official clients of base URLs, which do not retry."""
    with ExitStack() as stack:
        yield lambda base_url, **options: stack.enter_context(
            OpenAI(base_url=base_url, api_key="any", **{"max_retries": 0, **options})
        )


@pytest.fixture
def http(simulator):
    """A client of the shared simulator."""
    with httpx.Client(base_url=simulator.url, timeout=30) as client:
        yield client
