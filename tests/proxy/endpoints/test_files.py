"""`/v1/files` over HTTP, raw and with the official client."""

import httpx
import openai
import pytest


@pytest.fixture
def empty(start_proxy):
    """A client of a server of its own, for lists: others see what is uploaded to the shared one."""
    with httpx.Client(base_url=start_proxy().url, timeout=30) as client:
        yield client


def upload(http, data=b"one", name="a.txt", **fields):
    return http.post("/v1/files", data={"purpose": "user_data", **fields}, files={"file": (name, data)})


def test_a_file_is_kept_with_openais_fields(http):
    answer = upload(http, name="naïve.txt")

    assert answer.status_code == 200
    file = answer.json()
    assert list(file) == ["object", "id", "purpose", "filename", "bytes", "created_at", "status"]
    assert (file["object"], file["purpose"], file["filename"], file["bytes"]) == ("file", "user_data", "naïve.txt", 3)
    assert http.get(f"/v1/files/{file['id']}").json() == file
    assert http.get(f"/files/{file['id']}/").json() == file


def test_the_content_comes_back_to_the_byte_under_its_name(http):
    data = bytes(range(256)) * 1000
    name = upload(http, data, name='a b"ü.bin').json()["id"]

    answer = http.get(f"/v1/files/{name}/content")

    assert answer.content == data
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''a%20b%22%C3%BC.bin"


def test_an_empty_list_has_openais_form(empty):
    assert empty.get("/v1/files").json() == {
        "object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False
    }  # fmt: skip


def test_lists_are_paged_in_both_orders_and_by_purpose(empty):
    names = [upload(empty, name=f"{number}.txt").json()["id"] for number in range(5)]
    other = upload(empty, purpose="vision").json()["id"]

    def listed(**query):
        body = empty.get("/v1/files", params=query).json()
        return [file["id"] for file in body["data"]], body["has_more"]

    assert listed() == ([other, *reversed(names)], False)
    assert listed(order="asc", limit=2) == (names[:2], True)
    assert listed(order="asc", limit=3, after=names[1], purpose="user_data") == (names[2:], False)
    assert listed(purpose="vision") == ([other], False)
    assert listed(purpose="evals") == ([], False)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", "integer_below_min_value"),
        ("limit=10001", "limit", "integer_above_max_value"),
        ("limit=ten", "limit", "invalid_type"),
        ("limit=", "limit", "invalid_type"),
        (f"limit={'9' * 5000}", "limit", "invalid_type"),
        ("order=up", "order", "invalid_value"),
        ("after=file-none", "after", "invalid_value"),
    ],
)
def test_a_wrong_query_is_a_400_that_names_it(http, query, param, code):
    answer = http.get(f"/v1/files?{query}")

    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == (param, code)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"purpose": "fun"}, "purpose", "invalid_value"),
        ({"expires_after[anchor]": "created_at"}, "expires_after.seconds", "missing_required_parameter"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after.anchor", "invalid_value"),
        (
            {"expires_after[anchor]": "created_at", "expires_after[seconds]": "1"},
            "expires_after.seconds",
            "integer_below_min_value",
        ),
        ({"expires_after": "soon"}, "expires_after", "invalid_type"),
        ({"colour": "red"}, "colour", "unknown_parameter"),
    ],
)
def test_a_wrong_field_is_a_400_that_names_it(http, fields, param, code):
    answer = upload(http, **fields)

    assert answer.status_code == 400
    assert (answer.json()["error"]["param"], answer.json()["error"]["code"]) == (param, code)


def test_a_form_without_purpose_or_file_or_content(http):
    def problem(**sent):
        error = http.post("/v1/files", **sent).json()["error"]
        return error["param"], error["code"]

    assert problem(files={"file": b"x"}) == ("purpose", "missing_required_parameter")
    assert problem(data={"purpose": "batch"}, files={"more": b""})[1] == "unknown_parameter"
    assert problem(data={"purpose": "batch"}, files={"file": b""}) == ("file", None)
    assert problem(data={"purpose": "batch"}, files={"x[]": b""})[1] == "unknown_parameter"
    assert problem(json={"purpose": "batch"}) == (None, "unsupported_content_type")


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/content"), ("DELETE", "")])
def test_a_file_that_is_not_there_is_404(http, method, tail):
    answer = http.request(method, f"/v1/files/file-none{tail}")

    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "message": "No such File object: file-none", "type": "invalid_request_error", "param": "id", "code": None
    }  # fmt: skip


def test_the_official_client_uploads_lists_reads_and_deletes(empty, tmp_path):
    client = openai.OpenAI(base_url=f"{empty.base_url}/v1", api_key="any", max_retries=0, http_client=empty)
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b'{"a": 1}\n')

    file = client.files.create(file=path, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600})
    more = [client.files.create(file=b"%d" % number, purpose="user_data") for number in range(3)]

    assert (file.filename, file.bytes, file.status, file.purpose) == ("lines.jsonl", 9, "processed", "batch")
    assert file.expires_at == file.created_at + 3600
    assert client.files.retrieve(file.id) == file
    assert client.files.content(file.id).read() == b'{"a": 1}\n'
    assert [each.id for each in client.files.list(limit=1, order="asc")] == [file.id, *(each.id for each in more)]
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.retrieve(file.id)
    assert client.files.wait_for_processing(more[0].id) == more[0]
    with pytest.raises(openai.BadRequestError, match="File is empty"):
        client.files.create(file=b"", purpose="batch")


async def test_the_asynchronous_client_too(simulator):
    async with openai.AsyncOpenAI(base_url=simulator.v1, api_key="any", max_retries=0) as client:
        file = await client.files.create(file=("a.txt", b"x"), purpose="assistants")

        assert file.id in [each.id async for each in client.files.list(purpose="assistants")]
        assert (await client.files.content(file.id)).content == b"x"
