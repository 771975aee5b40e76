"""The images by themselves; above all the proxy's, alone, as a service container in somebody's CI."""

import json
from collections.abc import Iterator

import httpx
import pytest
from openai import OpenAI

from tests.docker.engine import docker, free_port, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.xdist_group("docker")]

LOCKED_DOWN = ("--init", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "256m")


@pytest.fixture(scope="module")
def alone(images: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The proxy's image without a command, a volume or a setting; its container and its address."""
    port = free_port()
    publish = f"127.0.0.1:{port}:3080"
    container = docker("run", "--detach", *LOCKED_DOWN, "--publish", publish, images["proxy"]).stdout.strip()
    yield container, f"http://127.0.0.1:{port}"
    docker("rm", "--force", container)


def health(container: str) -> str:
    return docker("inspect", "--format", "{{.State.Health.Status}}", container).stdout.strip()


def inside(image: str, script: str) -> str:
    return docker("run", "--rm", "--entrypoint", "sh", image, "-c", script).stdout.strip()


def test_the_proxy_image_needs_nothing_but_a_port_to_be_healthy_and_to_answer(alone: tuple[str, str]) -> None:
    container, address = alone
    wait_until(lambda: health(container) == "healthy", "the container is healthy")
    with OpenAI(base_url=f"{address}/v1", api_key="any-text", max_retries=0) as client:
        answer = client.chat.completions.create(model="gpt-sim-1", messages=[{"role": "user", "content": "Hello"}])
    assert answer.choices[0].message.content
    assert httpx.get(f"{address}/ready").status_code == 200


def test_a_proxy_that_stopped_answering_becomes_unhealthy(images: dict[str, str]) -> None:
    quick = ("--health-interval", "200ms", "--health-start-period", "0s", "--health-retries", "1")
    container = docker("run", "--detach", "--init", *quick, images["proxy"]).stdout.strip()
    try:
        wait_until(lambda: health(container) == "healthy", "the container is healthy")
        docker("exec", container, "bash", "-c", "kill -STOP -1")  # all but PID 1, which is init
        wait_until(lambda: health(container) == "unhealthy", "the container is unhealthy")
    finally:
        docker("rm", "--force", container)


def test_stopping_the_proxy_is_quick_and_clean(images: dict[str, str]) -> None:
    container = docker("run", "--detach", images["proxy"]).stdout.strip()
    try:
        wait_until(lambda: health(container) == "healthy", "the container is healthy")
        docker("stop", "--time", "60", container)
        state = json.loads(docker("inspect", container).stdout)[0]["State"]
        assert (state["ExitCode"], docker("diff", container).stdout) == (0, ""), "exit code, files written"
    finally:
        docker("rm", "--force", container)


@pytest.mark.parametrize("service", ["proxy", "fetcher", "llama"])
def test_no_image_runs_as_root_and_each_owns_the_models_folder(images: dict[str, str], service: str) -> None:
    assert inside(images[service], "id -u; stat -c %u /models").split() == ["1000", "1000"]


@pytest.mark.parametrize("service", ["proxy", "fetcher"])
def test_no_build_tools_are_left(images: dict[str, str], service: str) -> None:
    assert (
        inside(images[service], "for tool in gcc cc g++ make cmake git curl wget; do command -v $tool; done; true")
        == ""
    )


def test_the_proxy_can_install_nothing_and_the_fetcher_has_the_pip_it_fetches_with(images: dict[str, str]) -> None:
    find = "command -v pip pip3; for m in pip ensurepip; do python -c 'import '$m 2>/dev/null && echo $m; done; true"
    assert inside(images["proxy"], find) == ""
    assert inside(images["fetcher"], "python -m pip --version").startswith("pip ")


@pytest.mark.parametrize(("service", "module"), [("proxy", "proxy.app"), ("fetcher", "fetcher.cli")])
def test_no_start_compiles_a_module_of_ours_of_a_package_or_of_python(
    images: dict[str, str], service: str, module: str
) -> None:
    # Under -v Python names the file that each module's code came from.
    loaded = inside(images[service], f"python -v -c 'import {module}' 2>&1 | grep '^# code object from'").splitlines()
    assert len(loaded) > 50
    assert [line for line in loaded if line.rstrip("'").endswith(".py")] == []


def test_the_fetcher_without_a_command_fetches_and_says_in_one_sentence_why_it_cannot(images: dict[str, str]) -> None:
    done = docker(
        "run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/models:uid=1000", "--tmpfs", "/tmp",
        "--env", "HF_HUB_OFFLINE=1", "--env", "MODEL=smollm2-135m", images["fetcher"], check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in done.stderr
