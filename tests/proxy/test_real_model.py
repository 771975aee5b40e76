"""The real model's names and state: from the status file, the models folder and llama-server, in that mixture."""

import json
import re
import time
from typing import Any

import httpx
import openai
import pytest

from proxy.real_model import State, retry_after

HELLO: Any = [{"role": "user", "content": "Hello"}]
FAILED = {"code": "offline", "message": "the hub cannot be reached.", "advice": "Use MODEL=smollm2-135m."}


@pytest.fixture
def status(tmp_path):
    """Writes the status file as the fetcher does: a temporary name, renamed."""

    def write(**fields):
        part = tmp_path / "status.json.part"
        part.write_text(json.dumps({"schema": 1, "model": "smollm2-135m", "updated_at": 1.0, **fields}))
        part.rename(tmp_path / "status.json")
        return str(tmp_path / "status.json")

    return write


def ask(proxy, model):
    return httpx.post(f"{proxy.v1}/chat/completions", json={"model": model, "messages": HELLO}, timeout=10)


def test_while_it_downloads_a_request_gets_503_with_phase_percent_and_when_to_come_back(start_proxy, status):
    path = status(phase="downloading", percent=41.7, detail="41.0 of 98.4 MB at 12.3 MB/s", eta_seconds=4.7)
    proxy = start_proxy("--model-status", path, "--llama-url", "http://127.0.0.1:1")

    answer = ask(proxy, "smollm2-135m")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (503, "model_loading", "server_error")
    assert "downloading (42%): 41.0 of 98.4 MB at 12.3 MB/s" in error["message"]
    assert (answer.headers["retry-after"], answer.headers["retry-after-ms"]) == ("5", "4700")
    assert ask(proxy, "gpt-4o").status_code == 200


def test_a_failed_model_says_why_what_to_do_and_when_it_is_tried_again(start_proxy, status):
    path = status(phase="failed", error=FAILED, retry_at=time.time() + 3600)
    proxy = start_proxy("--model-status", path, "--llama-url", "http://127.0.0.1:1")

    answer = ask(proxy, "smollm2-135m")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (503, "model_failed")
    assert error["message"].startswith("the hub cannot be reached. Use MODEL=smollm2-135m.")
    assert "tried again" in error["message"]
    assert answer.headers["retry-after"] == "60"  # bounded


def test_ready_tells_each_models_state(start_proxy, status):
    path = status(phase="converting", percent=10, eta_seconds=33)
    proxy = start_proxy("--model-status", path, "--llama-url", "http://127.0.0.1:1")

    answer = httpx.get(f"{proxy.url}/ready")

    models = answer.json()["models"]
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    assert models["gpt-sim-1"]["state"] == "ready"
    assert models["smollm2-135m"] | {"message": ""} == {
        "state": "loading",
        "phase": "converting",
        "percent": 10,
        "detail": None,
        "eta_seconds": 33,
        "message": "",
        "retry_at": None,
    }
    assert httpx.get(f"{proxy.url}/health").status_code == 200


def test_what_llama_server_says_wins_over_the_file(start_proxy, start_upstream, status):
    upstream = start_upstream("loading")
    proxy = start_proxy("--model-status", status(phase="starting"), "--llama-url", upstream.url)

    loading = ask(proxy, "smollm2-135m")
    httpx.get(f"{upstream.url}/become/200")
    ready = ask(proxy, "smollm2-135m")

    assert (loading.status_code, loading.json()["error"]["code"]) == (503, "model_loading")
    assert loading.json()["error"]["message"] == "llama-server is loading the model."
    assert ready.status_code == 200  # at once, not at the next poll
    assert httpx.get(f"{proxy.url}/ready").status_code == 200


def test_the_openai_client_waits_and_retries_until_the_model_is_there(start_proxy, start_upstream, status, sdk):
    upstream = start_upstream("loading")
    proxy = start_proxy("--model-status", status(phase="starting"), "--llama-url", upstream.url)
    client = sdk(proxy.v1)
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="smollm2-135m", messages=HELLO)

    httpx.get(f"{upstream.url}/become/200")
    answer = client.with_options(max_retries=2).chat.completions.create(model="smollm2-135m", messages=HELLO)

    assert answer.choices[0].message.content == "hi"


def test_a_model_that_was_ready_and_is_gone_is_502_until_the_file_tells_more(start_proxy, start_upstream, status):
    upstream = start_upstream("normal")
    path = status(phase="installed")
    proxy = start_proxy("--model-status", path, "--llama-url", upstream.url)
    assert ask(proxy, "smollm2-135m").status_code == 200
    upstream.process.kill()
    upstream.process.wait()

    gone = ask(proxy, "smollm2-135m")
    status(phase="starting", detail="after a crash")
    starting = ask(proxy, "smollm2-135m")

    assert (gone.status_code, starting.status_code) == (502, 503)
    assert "after a crash" in starting.json()["error"]["message"]


def test_a_llama_server_that_does_not_come_up_is_told_after_a_minute(start_proxy, status):
    just_now, long_ago = time.time(), time.time() - 90
    proxy = start_proxy(
        "--model-status", status(phase="installed", updated_at=just_now), "--llama-url", "http://127.0.0.1:1"
    )
    early = httpx.get(f"{proxy.url}/ready").json()["models"]["smollm2-135m"]["message"]
    status(phase="installed", updated_at=long_ago)

    late = httpx.get(f"{proxy.url}/ready").json()["models"]["smollm2-135m"]["message"]

    assert early == "The model smollm2-135m is not ready yet: installed."
    assert re.search(r"llama-server has not answered for 9\d s: its log should say why", late)


def test_a_model_that_replaces_another_has_a_state_of_its_own(start_proxy, start_upstream, status):
    upstream = start_upstream("normal")
    proxy = start_proxy("--model-status", status(phase="downloading", percent=5), "--llama-url", upstream.url)

    coming = ask(proxy, "smollm2-135m")
    states = {name: model["state"] for name, model in httpx.get(f"{proxy.url}/ready").json()["models"].items()}

    assert (coming.status_code, coming.json()["error"]["code"]) == (503, "model_loading")
    assert ask(proxy, "tiny").status_code == 200
    assert states == {"gpt-sim-1": "ready", "smollm2-135m": "loading", "tiny": "ready"}


def test_a_failure_is_told_of_the_model_that_failed_alone(start_proxy, start_upstream, status):
    upstream = start_upstream("normal")
    proxy = start_proxy("--model-status", status(phase="installed"), "--llama-url", upstream.url)
    assert ask(proxy, "tiny").status_code == 200
    upstream.process.kill()
    upstream.process.wait()
    status(phase="failed", error={"code": "hub_unreachable", "message": "No hub.", "advice": "Name a file."})

    models = httpx.get(f"{proxy.url}/ready").json()["models"]

    assert (models["smollm2-135m"]["state"], models["tiny"]["state"]) == ("failed", "unreachable")


def test_a_model_that_became_ready_is_listed_at_once(start_proxy, start_upstream):
    upstream = start_upstream("loading")
    proxy = start_proxy("--llama-url", upstream.url)

    httpx.get(f"{upstream.url}/become/200")

    assert httpx.get(f"{proxy.v1}/models").json()["data"][1]["state"] == "ready"


def test_names_that_llama_server_lists_are_real_and_nanochat_says_who_is_there_instead(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("normal").url)

    assert ask(proxy, "tiny").json()["choices"][0]["message"]["content"] == "hi"
    refused = ask(proxy, "nanochat")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")
    assert "tiny" in refused.json()["error"]["message"]


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1"])
def test_nanochat_without_any_real_model_says_how_to_get_one_and_not_to_retry(start_proxy, url):
    proxy = start_proxy("--llama-url", url)

    answer = ask(proxy, "nanochat")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "model_unavailable")
    assert answer.headers["x-should-retry"] == "false"
    assert "make run-nanochat" in answer.json()["error"]["message"]
    assert "LLAMA_URL" in answer.json()["error"]["message"]


def test_a_status_file_that_is_not_there_yet_means_that_a_model_is_on_its_way(start_proxy, tmp_path):
    proxy = start_proxy("--model-status", str(tmp_path / "soon.json"), "--llama-url", "http://127.0.0.1:1")

    assert ask(proxy, "nanochat").json()["error"]["code"] == "model_loading"
    assert httpx.get(f"{proxy.url}/ready").status_code == 503
    assert ask(proxy, "gpt-4o").status_code == 200


def test_with_real_models_turned_off_the_status_file_means_nothing(start_proxy, status):
    proxy = start_proxy("--model-status", status(phase="downloading"), "--llama-url", "")

    assert ask(proxy, "smollm2-135m").status_code == 200
    assert httpx.get(f"{proxy.url}/ready").status_code == 200


def test_nanochat_is_forwarded_when_it_is_what_the_stack_serves(start_proxy, start_upstream, status):
    path = status(model="nanochat", phase="starting")
    proxy = start_proxy("--llama-url", start_upstream("normal").url, "--model-status", path)

    assert ask(proxy, "nanochat").json()["choices"][0]["message"]["content"] == "hi"


def test_models_shows_what_llama_server_knows(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("normal").url)

    assert httpx.get(f"{proxy.v1}/models").json()["data"][1] == {
        "id": "tiny",
        "object": "model",
        "created": 1700000000,
        "owned_by": "llamacpp",
        "context_length": 2048,
        "quantization": None,
        "size": 4321,
        "parameters": 1000,
        "license": None,
        "source": None,
        "sha256": None,
        "state": "ready",
    }


def test_models_shows_the_manifest_where_there_is_one(start_proxy, status, tmp_path):
    folder = tmp_path / "models" / "smollm2-135m"
    folder.mkdir(parents=True)
    told: dict[str, Any] = {"created": 1730419200, "quantization": "Q4_1", "context_length": 8192, "size": 98362432}
    told |= {"parameters": 134515008, "license": "Apache-2.0", "sha256": "b179c952"}
    told |= {"source": {"kind": "hub", "ref": "owner/repo:file.gguf", "revision": "09816acd"}}
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "owner": "HuggingFaceTB", "file": "f", **told}))
    proxy = start_proxy(
        *("--model-status", status(phase="starting"), "--models-dir", str(tmp_path / "models")),
        *("--llama-url", "http://127.0.0.1:1"),
    )

    card = httpx.get(f"{proxy.v1}/models/smollm2-135m").json()

    identity = {"id": "smollm2-135m", "object": "model", "owned_by": "HuggingFaceTB", "state": "starting"}
    assert card == identity | told


def test_of_a_local_file_models_shows_no_folder(start_proxy, status, tmp_path):
    folder = tmp_path / "models" / "smollm2-135m"
    folder.mkdir(parents=True)
    source = {"kind": "file", "ref": "/home/me/secret/m.gguf", "revision": None}
    (folder / "manifest.json").write_text(json.dumps({"schema": 1, "source": source}))
    proxy = start_proxy(
        *("--model-status", status(phase="starting"), "--models-dir", str(tmp_path / "models")),
        *("--llama-url", "http://127.0.0.1:1"),
    )

    card = httpx.get(f"{proxy.v1}/models/smollm2-135m").json()

    assert card["source"] == source | {"ref": "m.gguf"}


def test_an_id_may_hold_slashes(start_proxy, status):
    proxy = start_proxy(
        "--model-status", status(model="owner/repo:q4", phase="starting"), "--llama-url", "http://127.0.0.1:1"
    )

    for written in ("owner/repo:q4", "owner%2Frepo%3Aq4", "owner/repo:q4/"):
        assert httpx.get(f"{proxy.v1}/models/{written}").json()["id"] == "owner/repo:q4"


def test_a_status_file_that_cannot_be_read_does_not_take_the_endpoint_down(start_proxy, tmp_path):
    (tmp_path / "status.json").write_text("{ half")
    proxy = start_proxy("--model-status", str(tmp_path / "status.json"), "--llama-url", "http://127.0.0.1:1")

    assert ask(proxy, "gpt-4o").status_code == 200
    assert httpx.get(f"{proxy.url}/health").status_code == 200


@pytest.mark.parametrize(
    ("state", "seconds"),
    [
        (State("loading", "downloading", "", eta_seconds=12.5), 12.5),
        (State("loading", "downloading", "", eta_seconds=900), 60),
        (State("loading", "starting", "", eta_seconds=0.01), 1),
        (State("loading", "loading", ""), 1),
        (State("failed", "failed", "", retry_at=1030.0), 30),
        (State("failed", "failed", "", retry_at=10.0), 1),
        (State("failed", "failed", ""), 5),
    ],
)
def test_retry_after_is_computed_and_lies_between_1_and_60_seconds(state, seconds):
    assert retry_after(state, now=1000.0) == seconds
