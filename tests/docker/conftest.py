"""Skips loudly where no engine answers; builds the images once; hands out Compose projects that clean up."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docker.engine import ROOT, Stack, docker

LLAMA_IMAGE = "ghcr.io/ggml-org/llama.cpp:server-b11434"


@pytest.fixture(scope="session")
def engine() -> None:
    """A Docker engine that answers."""
    if shutil.which("docker") is None or docker("info", check=False).returncode:
        pytest.skip("NO DOCKER ENGINE ANSWERS: nothing of the images and the Compose stack was tested")


@pytest.fixture(scope="session")
def images(engine: None) -> Iterator[dict[str, str]]:
    """The three images, built from the tree; their names by service."""
    run = f"openai-api-simulator-test-{os.getpid()}"
    names = {service: f"{run}-{service}" for service in ("proxy", "fetcher", "llama")}
    docker("build", "--file", "Dockerfile.proxy", "--tag", names["proxy"], ".")
    base = ("--build-arg", f"LLAMA_IMAGE={_llama_base()}")
    docker("build", "--file", "Dockerfile.proxy", "--target", "fetcher", *base, "--tag", names["fetcher"], ".")
    docker("build", "--file", "Dockerfile.llama", *base, "--tag", names["llama"], ".")
    yield names
    docker("image", "rm", "--force", *names.values())


def _llama_base() -> str:
    """Return the pinned official image, unless an unpinned one is all that is here."""
    if asked_for := os.environ.get("LLAMA_IMAGE"):
        return asked_for
    unpinned = LLAMA_IMAGE.removesuffix("-b11434")
    here = (name for name in (LLAMA_IMAGE, unpinned) if not docker("image", "inspect", name, check=False).returncode)
    return next(here, LLAMA_IMAGE)


@pytest.fixture(scope="session")
def new_stack(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Stack]]:
    """A maker of Compose projects on the images under test; nothing of them may be left at the end."""
    folder = tmp_path_factory.mktemp("compose")
    override = folder / "override.yml"
    services: dict[str, dict[str, object]] = {service: {"image": name} for service, name in images.items()}
    # Some networks sign with certificates of their own, which the system's store knows and certifi does not.
    services |= {f"llama-{kind}": {"image": images["llama"]} for kind in ("cuda", "rocm", "vulkan")}
    services["fetcher"]["environment"] = {"SSL_CERT_FILE": "/etc/ssl/certs/ca-certificates.crt"}
    override.write_text(json.dumps({"services": services}))
    stacks: list[Stack] = []

    def make(name: str, *files: Path, **env: str) -> Stack:
        project = f"oas-test-{os.getpid()}-{name}"
        stack = Stack(project, [ROOT / "docker-compose.yml", override, *files], env)
        stacks.append(stack)
        return stack

    yield make
    left = {stack.project: stack.down() for stack in stacks}
    assert not any(left.values()), f"docker compose down -v left something behind: {left}"
