import json
from typing import Any

import pytest

from launcher.errors import ProxyError, UnavailableError
from launcher.fetching import model_name
from launcher.status import StatusFile

FIELDS = {"schema", "model", "phase", "percent", "detail", "eta_seconds", "error", "retry_at", "updated_at"}


@pytest.fixture
def status(tmp_path):
    return StatusFile(tmp_path / "run/3080/status.json", "small", lambda: 1000.0)


def content(status: StatusFile) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(status.path.read_text())
    assert set(found) == FIELDS
    return found


def test_a_phase_has_every_field_of_the_contract(status):
    status.phase("starting", "llama-server loads a.gguf")
    assert content(status) == {
        "schema": 1, "model": "small", "phase": "starting", "percent": None, "detail": "llama-server loads a.gguf",
        "eta_seconds": None, "error": None, "retry_at": None, "updated_at": 1000.0,
    }  # fmt: skip
    assert list(status.path.parent.iterdir()) == [status.path]


def test_a_failure_says_what_to_do_and_when_it_is_tried_again(status):
    status.failed(UnavailableError("no hub", "Set HF_ENDPOINT.", 5, "out_of_reach"), 30)
    found = content(status)
    assert (found["phase"], found["retry_at"]) == ("failed", 1030.0)
    assert found["error"] == {"code": "out_of_reach", "message": "no hub", "advice": "Set HF_ENDPOINT."}


def test_a_failure_that_is_not_tried_again_names_no_time(status):
    status.failed(ProxyError("gone"))
    assert content(status)["retry_at"] is None
    assert content(status)["error"]["code"] == "proxy_failed"


def test_a_download_of_llama_server_is_shown_as_the_stacks_own_progress(status, tmp_path):
    theirs = StatusFile(tmp_path / "download.json", "x")
    theirs.path.write_text(
        json.dumps({"phase": "downloading", "percent": 41.7, "detail": "28 of 68 MB", "eta_seconds": 3})
    )
    status.follow(theirs, "binary")
    found = content(status)
    assert (found["model"], found["phase"], found["percent"], found["eta_seconds"]) == ("small", "binary", 41.7, 3)


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"error": "words"}', "{}"])
def test_a_file_that_makes_no_sense_tells_no_error(status, text):
    status.path.parent.mkdir(parents=True)
    status.path.write_text(text)
    assert status.error() is None


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("smollm2-135m", "smollm2-135m"),
        ("./My Model.GGUF", "my-model"),
        ("hf:Owner/Repo-GGUF", "repo-gguf"),
        ("/runs/My d20/", "my-d20"),
        ("https://user:pass@host/sub/File.gguf?token=secret", "file"),
        ("hf:owner/repo:sub/File.Q4_K_M.gguf", "file.q4_k_m"),
    ],
)
def test_a_model_has_a_name_before_the_fetcher_gives_it_one(wish, name):
    assert model_name(wish) == name
