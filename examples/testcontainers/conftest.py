"""A simulator in a container; the fixture `openai_sim` of the pytest plugin is then a run of that one."""

import os

import pytest
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from openai_api_simulator import found

IMAGE = os.environ.get("SIMULATOR_IMAGE", "openai-api-simulator")


@pytest.fixture(scope="session")
def openai_sim_server():
    container = DockerContainer(IMAGE).with_exposed_ports(3080)
    with container.waiting_for(HttpWaitStrategy(3080, "/health").for_status_code(200)):
        yield found(f"http://{container.get_container_host_ip()}:{container.get_exposed_port(3080)}")
