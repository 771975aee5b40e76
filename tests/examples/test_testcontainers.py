"""examples/testcontainers, on the image that is built from this tree."""

import os
import shutil

import pytest

from tests.docker.engine import docker
from tests.examples.conftest import ran
from tests.running import ROOT, clean_environment

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]


@pytest.fixture
def image():
    if shutil.which("docker") is None or docker("info", check=False).returncode:
        pytest.skip("NO DOCKER ENGINE ANSWERS: the example of testcontainers was not tested")
    name = f"openai-api-simulator-test-{os.getpid()}-example"
    docker("build", "--file", "Dockerfile.proxy", "--tag", name, ".")
    yield name
    docker("image", "rm", "--force", name)


def test_the_tests_of_the_example_pass_and_leave_no_container(installed, image, tmp_path):
    sample = shutil.copytree(ROOT / "examples/testcontainers", tmp_path / "sample")
    environment = clean_environment(SIMULATOR_IMAGE=image, TESTCONTAINERS_RYUK_DISABLED="true")

    done = ran(installed.command("python"), "-m", "pytest", "-q", cwd=sample, env=environment)

    assert "2 passed" in done.stdout
    assert docker("ps", "--all", "--quiet", "--filter", f"ancestor={image}").stdout == ""
