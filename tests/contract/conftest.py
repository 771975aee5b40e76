"""What contract tests share: a proxy with both kinds of model, a run for each test, and the official Node client,
where Node is there and its registry can be reached.
"""

import shutil
import subprocess

import httpx
import pytest
from filelock import FileLock

from tests import running
from tests.running import ROOT

VERSION = "7.57.0"


@pytest.fixture(scope="module")
def server():
    """A proxy, and a stand-in for llama-server behind it."""
    with running.upstream("complete") as upstream, running.proxy("--llama-url", upstream.url) as proxy:
        yield proxy


@pytest.fixture
def run(server, request):
    """A client of one run, which is this test's own."""
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)[-60:].strip("-")
    with httpx.Client(base_url=f"{server.url}/t/{name}", timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def node_modules():
    """A folder with the client installed, kept between runs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("the Node client is NOT tested: node and npm are not installed")
    folder = ROOT / "build" / f"openai-node-{VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / "installed").exists():
            if why_not := _install(npm, folder):
                pytest.skip(f"the Node client is NOT tested: npm could not install openai@{VERSION}: {why_not}")
            (folder / "installed").touch()
    return folder


def _install(npm, folder):
    """Why it could not be installed, or nothing."""
    options = ["--no-audit", "--no-fund", "--fetch-retries=1", "--prefix", str(folder)]
    try:
        done = subprocess.run(
            [npm, "install", *options, f"openai@{VERSION}"], capture_output=True, text=True, timeout=180, check=False
        )
    except subprocess.TimeoutExpired:
        return "no answer within 3 minutes"
    return (done.stderr.strip().splitlines() or ["no reason given"])[-1] if done.returncode else ""
