"""What every response has: a request id, CORS headers, and errors in one shape, on every route."""

import re

import httpx
import pytest

from proxy.app import API, PAGES


def filled(path):
    """A path of the map with a name in each placeholder."""
    return re.sub(r"\{[^}]+\}", "gpt-sim-1", path)


def shaped(answer):
    """The error of an answer, which has the shape of its API."""
    error = answer.json()["error"]
    if "request-id" in answer.headers:  # Anthropic's
        assert list(answer.json()) == ["type", "error", "request_id"]
    else:
        assert list(error) == ["message", "type", "param", "code"]
    return error


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

    allowed = {method for method, each, _ in PAGES + API if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", each), path)}
    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed | {"OPTIONS"} | ({"HEAD"} if "GET" in allowed else set())
    error = shaped(answer)
    assert "Not allowed to PUT on" in error["message"]
    assert error["type"] == "invalid_request_error"
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
    assert answer.status_code in (200, 400, 404, 503), "503: for a real model only"
    if answer.status_code != 200 and method != "HEAD":
        assert shaped(answer).get("code") != "unknown_url"


def test_the_home_page_lists_the_routes(http):
    listed = http.get("/").json()["endpoints"]

    assert set(listed) == {f"{method} {path.replace(':.+}', '}')}" for method, path, _ in API + PAGES} - {
        "GET /",
        "GET /v1",
    }


def test_a_post_tells_what_is_left_of_the_allowance(http):
    ask = {"model": "x", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    first = http.post("/v1/chat/completions", json=ask).headers
    stream = http.post("/v1/chat/completions", json=ask | {"stream": True}).headers
    wrong = http.post("/v1/embeddings", json={}).headers

    for headers in (first, stream, wrong):
        assert headers["openai-version"] == "2020-10-01"
        assert headers["openai-organization"]
        assert int(headers["openai-processing-ms"]) >= 0
        for kind in ("requests", "tokens"):
            assert 0 < int(headers[f"x-ratelimit-remaining-{kind}"]) < int(headers[f"x-ratelimit-limit-{kind}"])
            assert re.fullmatch(r"(\d+m)?\d+(\.\d+)?(ms|s)", headers[f"x-ratelimit-reset-{kind}"])


def test_a_page_of_another_origin_may_read_every_header_of_openais(http):
    answer = http.post("/v1/embeddings", headers={"Origin": "https://app.example"}, json={"model": "a", "input": "a"})

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    told = {name for name in answer.headers if name.startswith(("x-", "openai-"))}
    assert len(told) == 10
    assert told <= set(exposed)


def test_only_posts_count_and_pages_have_no_limits(http):
    headers = http.get("/v1/models").headers

    assert "x-ratelimit-limit-requests" not in headers
    assert headers["openai-version"] == "2020-10-01"


def test_a_preflight_allows_every_method_of_the_map(http):
    allowed = http.options("/v1/files/x").headers["access-control-allow-methods"].split(", ")

    assert {method for method, _ in ROUTES} <= set(allowed)
