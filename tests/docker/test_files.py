"""What the Compose files, the Dockerfiles and the example of settings say; needs no engine."""

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from proxy.settings import Settings
from tests.docker.engine import ROOT, docker

COMPOSE = (ROOT / "docker-compose.yml").read_text()
needs_compose = pytest.mark.skipif(
    shutil.which("docker") is None
    or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode != 0,
    reason="DOCKER COMPOSE IS NOT INSTALLED: the profiles were not checked",
)


def config(*args: str, **env: str) -> dict[str, Any]:
    blank = dict.fromkeys(("COMPOSE_PROFILES", "MODEL", "PORT", "BIND", "LLAMA_PORT", "HF_TOKEN"), "")
    env_file = ("--env-file", "/dev/null")  # a .env of the developer must not decide what is tested
    out = docker("compose", *env_file, *args, "config", "--format", "json", env={**blank, **env}).stdout
    return dict(json.loads(out))


@needs_compose
@pytest.mark.parametrize(
    ("profile", "services"),
    [
        ("", {"proxy", "fetcher", "llama"}),
        ("cpu", {"proxy", "fetcher", "llama"}),
        ("cuda", {"proxy", "fetcher", "llama-cuda"}),
        ("rocm", {"proxy", "fetcher", "llama-rocm"}),
        ("vulkan", {"proxy", "fetcher", "llama-vulkan"}),
        ("none-of-these", {"proxy"}),
    ],
)
def test_a_profile_starts_exactly_one_kind_of_llama(profile: str, services: set[str]) -> None:
    flags = ("--profile", profile) if profile else ()
    assert set(config(*flags)["services"]) == services
    assert set(config(COMPOSE_PROFILES=profile)["services"]) == services


@needs_compose
@pytest.mark.parametrize("profile", ["cpu", "cuda", "rocm", "vulkan"])
def test_whichever_llama_runs_it_answers_to_one_name_and_waits_for_the_model(profile: str) -> None:
    services = config("--profile", profile)["services"]
    (llama,) = (service for name, service in services.items() if name.startswith("llama"))
    assert llama["networks"]["default"]["aliases"] == ["llama"]
    assert llama["depends_on"]["fetcher"]["condition"] == "service_completed_successfully"
    assert services["proxy"]["environment"]["LLAMA_URL"] == "http://llama:8081"


@needs_compose
def test_the_gpu_services_ask_for_their_devices() -> None:
    services = config("--profile", "cuda", "--profile", "rocm", "--profile", "vulkan")["services"]
    (gpu,) = services["llama-cuda"]["deploy"]["resources"]["reservations"]["devices"]
    assert (gpu["driver"], gpu["capabilities"]) == ("nvidia", ["gpu", "utility"])
    assert [device["source"] for device in services["llama-rocm"]["devices"]] == ["/dev/kfd", "/dev/dri"]
    assert [device["source"] for device in services["llama-vulkan"]["devices"]] == ["/dev/dri"]


@needs_compose
def test_every_service_is_locked_down_and_listens_on_loopback_only() -> None:
    for name, service in config("--profile", "*")["services"].items():
        assert service["read_only"] is True, name
        assert service["init"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {port["host_ip"] for port in service.get("ports", [])} <= {"127.0.0.1"}, name
        writable = [volume["target"] for volume in service["volumes"] if not volume.get("read_only")]
        assert writable == (["/models"] if name == "fetcher" else []), name


@needs_compose
def test_the_token_reaches_the_fetcher_and_nobody_else() -> None:
    services = config("--profile", "*", HF_TOKEN="hf_secret")["services"]
    assert [name for name, service in services.items() if "hf_secret" in json.dumps(service)] == ["fetcher"]


@needs_compose
def test_the_proxy_gets_longer_to_stop_than_it_needs_to_drain() -> None:
    proxy = config()["services"]["proxy"]
    assert float(proxy["stop_grace_period"].removesuffix("s")) > float(proxy["environment"]["DRAIN_SECONDS"])


@needs_compose
def test_with_a_llama_on_the_host_only_the_proxy_runs_here() -> None:
    services = config("--file", "deploy/compose.host-llama.yml", LLAMA_PORT="9000")["services"]
    assert set(services) == {"proxy"}
    assert services["proxy"]["environment"]["LLAMA_URL"] == "http://host.docker.internal:9000"
    assert services["proxy"]["extra_hosts"] == ["host.docker.internal=host-gateway"]


EXAMPLE = re.sub(r"^#(?=[A-Z_]+=)", "", (ROOT / ".env.example").read_text(), flags=re.MULTILINE)


def test_the_example_of_settings_names_every_variable_of_the_compose_file_and_no_other() -> None:
    interpolated = re.findall(r"\$\{([A-Z_]+)", COMPOSE)
    handed_over = re.findall(r"^ +([A-Z_]+):$", COMPOSE, re.MULTILINE)
    documented = re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)
    assert set(documented) == {*interpolated, *handed_over, "COMPOSE_PROFILES"}


@needs_compose
def test_the_example_of_settings_with_every_line_uncommented_is_the_defaults(tmp_path: Path) -> None:
    example = tmp_path / "example.env"
    example.write_text(EXAMPLE)
    stated, default = (
        json.loads(docker("compose", "--env-file", file, "config", "--format", "json").stdout)["services"]
        for file in (str(example), "/dev/null")
    )
    for service in (*stated.values(), *default.values()):
        del service["environment"]  # what has a default elsewhere is absent here until it is set
        service.get("build", {}).get("args", {}).pop("PIP_INDEX_URL", None)
    assert stated == default


@needs_compose
def test_every_setting_of_the_proxy_can_be_set_and_the_example_states_its_default() -> None:
    in_the_image = {"HOST": "0.0.0.0", "PORT": "3080"}
    environment = config()["services"]["proxy"]["environment"]
    knobs = {field.name.upper(): field.metadata["shown"] for field in dataclasses.fields(Settings)}
    assert set(knobs) == {*environment, *in_the_image}
    stated = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert {name: stated[name] for name, value in environment.items() if value is None} == {
        name: knobs[name] for name, value in environment.items() if value is None
    }


@needs_compose
def test_no_line_of_the_example_of_settings_takes_its_comment_for_a_value(tmp_path: Path) -> None:
    example = tmp_path / "example.env"
    example.write_text(EXAMPLE)
    read = json.loads(docker("compose", "--env-file", str(example), "config", "--format", "json").stdout)
    assert "#" not in json.dumps(read["services"])


def test_whatever_the_dockerfiles_copy_is_let_through_to_the_builder() -> None:
    allowed = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    dockerfiles = (ROOT / "Dockerfile.proxy").read_text() + (ROOT / "Dockerfile.llama").read_text()
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )*(\S+) ", dockerfiles, re.MULTILINE)
    assert sorted(copied) == sorted(allowed)
