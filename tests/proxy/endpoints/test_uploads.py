"""`/v1/uploads`: parts become a file, raw and with the official client."""

import hashlib

import httpx
import openai
import pytest
from aiohttp import web

from proxy.endpoints import uploads
from proxy.endpoints.uploads import Request, Upload
from proxy.keys import TIMES, Times
from proxy.runs.keys import RUNS
from proxy.runs.own import parts
from proxy.runs.recording import recorded
from proxy.runs.runs import Runs

ANNOUNCED = {"filename": "a.jsonl", "purpose": "batch", "bytes": 6, "mime_type": "text/jsonl"}


@pytest.fixture
def begin(http):
    return lambda **changes: http.post("/v1/uploads", json=ANNOUNCED | changes)


@pytest.fixture
def add(http):
    return lambda name, data: http.post(f"/v1/uploads/{name}/parts", files={"data": data})


def test_parts_become_a_file_in_the_order_that_is_told(http, begin, add):
    upload = begin().json()
    two, one = add(upload["id"], b"def"), add(upload["id"], b"abc")
    assert list(upload) == [
        "id", "object", "bytes", "created_at", "filename", "purpose", "status", "expires_at"
    ]  # fmt: skip
    assert (upload["object"], upload["status"]) == ("upload", "pending")
    assert upload["expires_at"] == upload["created_at"] + 3600
    assert list(two.json()) == ["id", "object", "created_at", "upload_id"]
    assert (two.json()["object"], two.json()["upload_id"]) == ("upload.part", upload["id"])

    ids = [one.json()["id"], two.json()["id"]]
    digest = hashlib.md5(b"abcdef").hexdigest().upper()
    done = http.post(f"/v1/uploads/{upload['id']}/complete", json={"part_ids": ids, "md5": digest}).json()

    assert done == upload | {"status": "completed", "file": done["file"]}
    assert (done["file"]["filename"], done["file"]["bytes"], done["file"]["purpose"]) == ("a.jsonl", 6, "batch")
    assert http.get(f"/v1/files/{done['file']['id']}/content").content == b"abcdef"
    again = http.post(f"/v1/uploads/{upload['id']}/complete", json={"part_ids": ids})
    assert "Cannot complete an upload with status 'completed'" in again.json()["error"]["message"]


def test_the_official_client_uploads_a_file_in_parts(simulator, tmp_path):
    path = tmp_path / "large.jsonl"
    path.write_bytes(b"0123456789" * 100_000)
    with openai.OpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        upload = client.uploads.upload_file_chunked(
            file=path, mime_type="text/jsonl", purpose="batch", part_size=300_000
        )

        assert upload.status == "completed"
        assert upload.file is not None
        assert client.files.content(upload.file.id).read() == path.read_bytes()

        other = client.uploads.create(filename="b", purpose="user_data", bytes=1, mime_type="text/plain")
        assert other.id != upload.id
        assert client.uploads.cancel(other.id).status == "cancelled"
        with pytest.raises(openai.BadRequestError, match="Cannot add parts to an upload with status 'cancelled'"):
            client.uploads.parts.create(other.id, data=b"1")


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"bytes": 0}, "bytes", "integer_below_min_value"),
        ({"bytes": 10**10}, "bytes", "integer_above_max_value"),
        ({"bytes": "6"}, "bytes", "invalid_type"),
        ({"purpose": "fun"}, "purpose", "invalid_value"),
        ({"filename": ""}, "filename", "empty_string"),
        ({"colour": 1}, "colour", "unknown_parameter"),
        ({"expires_after": {"anchor": "created_at"}}, "expires_after.seconds", "missing_required_parameter"),
    ],
)
def test_a_wrong_announcement_is_refused_by_name(begin, changes, param, code):
    answer = begin(**changes)

    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == (param, code)


def test_what_does_not_fit_the_announcement_is_refused(http, begin, add):
    name = begin().json()["id"]
    part = add(name, b"abc").json()["id"]

    def problem(**body):
        answer = http.post(f"/v1/uploads/{name}/complete", json=body)
        assert answer.status_code == 400
        return answer.json()["error"]["param"]

    assert problem(part_ids=[part]) == "part_ids"
    assert problem(part_ids=[part, "part_none"]) == "part_ids[1]"
    assert problem(part_ids=[]) == "part_ids"
    assert problem() == "part_ids"
    assert problem(part_ids=[part, part], md5="0" * 32) == "md5"
    assert http.post(f"/v1/uploads/{name}/parts", files={"file": b"x"}).json()["error"]["param"] == "file"
    assert http.post(f"/v1/uploads/{name}/parts", json={}).json()["error"]["code"] == "unsupported_content_type"


@pytest.mark.parametrize("tail", ["parts", "complete", "cancel"])
def test_an_upload_that_is_not_there_is_404(http, tail):
    body = {"files": {"data": b"x"}} if tail == "parts" else {"json": {"part_ids": ["part_1"]}}
    answer = http.post(f"/v1/uploads/upload_none/{tail}", **body)

    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "No such Upload object: upload_none")


async def test_an_upload_that_is_not_complete_within_an_hour_has_expired(aiohttp_free_server):
    upload = Upload("upload_1", Request("a", "batch", 1, "x"), created_at=0, parts={"part_1": b"1"})
    async with aiohttp_free_server(upload) as url, httpx.AsyncClient() as client:
        answer = await client.post(url)

    assert answer.status_code == 500, "no gate here: the error is the handler's"
    assert (upload.status, upload.parts) == ("expired", {})


@pytest.fixture
def aiohttp_free_server():
    """A server whose clock stands an hour after the upload began."""
    from contextlib import asynccontextmanager

    @asynccontextmanager
    async def serve(upload):
        app = web.Application()
        app[TIMES] = Times(now=lambda: 3600.0, clock=lambda: 0.0, sleep=None)  # type: ignore[arg-type]
        app[RUNS] = Runs(0, lambda: 3600.0, lambda: 0.0)
        app[uploads.UPLOADS] = parts(uploads.BOUNDS, lambda: 0.0)
        app[uploads.UPLOADS].of(app[RUNS].unnamed).put(upload.id, upload, upload.size)
        app.middlewares.append(recorded)
        app.router.add_post("/{id}", uploads.cancel)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/{upload.id}"
        finally:
            await runner.cleanup()

    return serve
