"""Who may ask `/_sim/`: no page of another machine, whatever it calls this one."""

import httpx
import pytest

from proxy.control.caller import is_loopback
from tests import running


@pytest.fixture(scope="module")
def named():
    with running.proxy("--cors-origins", "https://app.example") as server:
        yield server


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:5173"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Origin": "http://[::1]:8000"},
        {"Host": "localhost"},
        {"Host": "[::1]:3080"},
        {"Host": "api.localhost:3080"},
        {"Host": "host.docker.internal:3080"},
        {"Host": "simulator"},
        {"Host": "192.168.0.7:3080"},
    ],
)
def test_programs_and_pages_of_this_machine_may(simulator, headers):
    assert httpx.get(f"{simulator.url}/_sim/requests", headers=headers).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", "http://127.0.0.1.evil.example"])
@pytest.mark.parametrize("prefix", ["", "/t/a"])
def test_pages_of_others_may_not(simulator, origin, prefix):
    url = simulator.url + prefix
    for ask in (
        httpx.get(f"{url}/_sim/requests", headers={"Origin": origin}),
        httpx.post(f"{url}/_sim/recording", content='{"from": "http://10.0.0.1"}', headers={"Origin": origin}),
    ):
        assert (ask.status_code, ask.json()["error"]["code"]) == (403, "forbidden_origin")
        assert origin in ask.json()["error"]["message"]


@pytest.mark.parametrize("host", ["evil.example:3080", "127.0.0.1.nip.io", "docker.internal.evil.example"])
def test_a_name_that_was_made_to_lead_here_may_not(simulator, host):
    answer = httpx.get(f"{simulator.url}/_sim/requests", headers={"Host": host})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden_host")


def test_an_origin_that_was_named_may(named):
    assert httpx.get(f"{named.url}/_sim", headers={"Origin": "https://app.example"}).status_code == 200
    assert httpx.get(f"{named.url}/_sim", headers={"Origin": "https://other.example"}).status_code == 403


def test_simulated_answers_are_for_every_page(simulator):
    assert httpx.get(f"{simulator.v1}/models", headers={"Origin": "https://evil.example"}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_what_leads_to_this_machine(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "example.org", "127.0.0.1.nip.io", "localhost.evil.example"])
def test_what_may_lead_elsewhere(host):
    assert not is_loopback(host)
