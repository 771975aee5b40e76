"""Every limit, on a simulated and a real model (a stand-in), plain and streamed: what the official SDK gives for it."""

import msgspec
import pytest

from proxy.limits.plan import Limit
from tests.limits_seen import CASES, IMAGES, reach, reach_with_images

KINDS = pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
WHO = {"model", "per"}  # what says whom a limit is for


def test_every_limit_is_in_the_table():
    fields = {field.name for field in msgspec.structs.fields(Limit)} - WHO

    assert (CASES | IMAGES).keys() == fields | {"too large", "budget"}


@KINDS
@pytest.mark.parametrize("model", ["gpt-sim-1", "tiny"])
@pytest.mark.parametrize("name", CASES)
def test_what_the_sdk_gives(server, name, model, stream):
    reach(f"{server.url}/t/{name.replace(' ', '-')}.{model}.{stream}", model, name, stream=stream)


@KINDS
@pytest.mark.parametrize("model", ["gpt-image-1", "tiny"])
@pytest.mark.parametrize("name", IMAGES)
def test_what_the_sdk_gives_for_images(server, name, model, stream):
    reach_with_images(f"{server.url}/t/{name}.{model}.{stream}", model, name, stream=stream)
