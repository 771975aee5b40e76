"""Ports nobody uses, and a release server: small real things that the tests of native mode share."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.launcher.release_server import ReleaseServer


@pytest.fixture
def release_server() -> Iterator[ReleaseServer]:
    server = ReleaseServer()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


@pytest.fixture
def free_port() -> Callable[[], int]:
    """A new port at each call that nobody listened on a moment ago."""
    taken: set[int] = set()

    def choose() -> int:
        while True:
            with contextlib.closing(socket.socket()) as probe:
                probe.bind(("127.0.0.1", 0))
                port = int(probe.getsockname()[1])
            if port not in taken:
                taken.add(port)
                return port

    return choose
