import os
import socket

import pytest

from launcher import ports
from launcher.errors import ConfigurationError, PortInUseError


def test_a_free_port_passes(free_port):
    ports.check("127.0.0.1", free_port(), "--port")


def test_a_port_whose_last_connections_still_linger_passes(free_port):
    port = free_port()
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        server.listen()
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()  # the server closes first and is left in TIME_WAIT
    ports.check("127.0.0.1", port, "--port")


def test_an_address_of_another_machine_is_a_mistake_in_the_settings():
    with pytest.raises(ConfigurationError, match=r"203\.0\.113\.1:4000 cannot be listened on"):
        ports.check("203.0.113.1", 4000, "--port")


def test_a_host_name_that_means_nothing_is_a_mistake_in_the_settings():
    with pytest.raises(ConfigurationError, match="cannot be listened on"):
        ports.check("no such host", 4000, "--port")


def test_a_listener_of_this_process_is_found():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert ports.owner(port).endswith(f"(process {os.getpid()})")
        with pytest.raises(PortInUseError):
            ports.check("0.0.0.0", port, "--port")


def test_an_owner_that_cannot_be_told_is_not_guessed(tmp_path, free_port):
    (tmp_path / "proc/net").mkdir(parents=True)
    assert ports.owner(free_port(), tmp_path) == ""
