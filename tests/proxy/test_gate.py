"""What every response has: a request id, CORS headers, and errors in one shape, on every route."""

import re

import httpx
import pytest

from proxy.app import API, PAGES


def filled(path):
    """A path of the map with a name in each placeholder."""
    return re.sub(r"\{[^}]+\}", "gpt-sim-1", path)


ROUTES = [(method, filled(path)) for method, path, _ in PAGES + API]
PATHS = sorted({path for _, path in ROUTES})


@pytest.mark.parametrize("path", ["/v1/models", "/v1/nope", "/v1/chat/completions"])
def test_a_request_id_is_made_where_none_is_given_and_never_twice(http, path):
    first, second = http.get(path).headers["x-request-id"], http.get(path).headers["x-request-id"]

    assert first.startswith("req_")
    assert first != second


def test_a_sane_request_id_is_kept(http):
    assert http.get("/health", headers={"X-Request-Id": "abc-123"}).headers["x-request-id"] == "abc-123"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "caf\xe9"])
def test_a_strange_request_id_is_replaced(http, given):
    answer = http.get("/health", headers=[(b"X-Request-Id", given.encode("latin-1"))])

    assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_is_answered_on_every_path(http, path):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
    }

    answer = http.options(path, headers=asked)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type,x-stainless-os"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_errors_and_streams_can_be_read_by_a_page_of_another_origin(http):
    origin = {"Origin": "https://app.example"}
    stream = {"model": "x", "stream": True, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}

    for answer in (
        http.get("/v1/nope", headers=origin),
        http.post("/v1/chat/completions", headers=origin, json=stream),
        http.post("/v1/chat/completions", headers=origin, content=b"{"),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "x-request-id" in answer.headers["access-control-expose-headers"]


def test_only_the_origins_that_were_named_may_call(start_proxy):
    proxy = start_proxy("--cors-origins", "https://a.example, https://b.example")

    def allowed(origin):
        return httpx.get(f"{proxy.v1}/models", headers={"Origin": origin}).headers.get("access-control-allow-origin")

    assert allowed("https://b.example") == "https://b.example"
    assert allowed("https://evil.example") is None


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_405_with_allow_on_every_route(http, path):
    answer = http.put(path)

    error = answer.json()["error"]
    allowed = {method for method, each in ROUTES if each == path} | {"OPTIONS"}
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed | ({"HEAD"} if "GET" in allowed else set())
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["code"]) == ("invalid_request_error", "method_not_supported")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/nope", "/v1/nope", "/v2/models", "/v1/chat", "/v1//models", "/%00", "/v1/chat/x/y"])
def test_an_unknown_path_is_404_in_the_same_shape(http, path):
    answer = http.get(path)

    assert answer.status_code == 404
    assert list(answer.json()["error"]) == ["message", "type", "param", "code"]
    assert answer.json()["error"]["message"].startswith("Invalid URL (GET /")


@pytest.mark.parametrize("path", [path for method, path in ROUTES if method == "GET"])
def test_head_is_answered_where_get_is(http, path):
    answer = http.head(path)

    assert (answer.status_code, answer.content) == (http.get(path).status_code, b"")


@pytest.mark.parametrize(("method", "path"), [(method, path) for method, path in ROUTES if path != "/"])
def test_a_trailing_slash_does_not_matter(http, method, path):
    assert http.options(path + "/").status_code == 204
    assert http.request(method, path + "/").status_code == http.request(method, path).status_code


@pytest.mark.parametrize(("method", "path"), [(method, filled(path)) for method, path, _ in API])
def test_the_api_answers_without_v1_too(http, method, path):
    answer = http.request(method, path.removeprefix("/v1"))

    assert answer.status_code == http.request(method, path).status_code
    assert answer.status_code in (200, 400, 404)
    if answer.status_code != 200 and method != "HEAD":
        assert list(answer.json()["error"]) == ["message", "type", "param", "code"]
        assert answer.json()["error"]["code"] != "unknown_url"


def test_the_home_page_lists_the_routes(http):
    listed = http.get("/").json()["endpoints"]

    assert set(listed) == {f"{method} {path.replace(':.+}', '}')}" for method, path, _ in API + PAGES} - {
        "GET /",
        "GET /v1",
    }
