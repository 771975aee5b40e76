"""Odd HTTP: methods, paths, headers, forms, and bytes that are no HTTP. The server answers, or closes, and lives on."""

import gzip
import socket

import httpx
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import running
from tests.contract.fuzzing import MOST_MEMORY, PATHS, SECONDS, holds, tries

NAMES = st.text(st.sampled_from("abcXYZ09-_.~!$&'()*+,;=:@%/ \\\"<>{}|^`é\0\n"), max_size=30)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FOO"])
TYPES = st.sampled_from(
    [
        "",
        "application/json",
        "text/plain",
        "application/json; charset=utf-16",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=x",
        "application/x-www-form-urlencoded",
        "\xff",
        "a/b/c",
        "application/json;" * 100,
    ]
)
BODY = b'{"model":"gpt-sim-1","messages":[{"role":"user","content":"Hello"}]}'


@pytest.fixture(scope="module")
def server():
    with running.proxy() as proxy:
        yield proxy
        assert httpx.get(proxy.url + "/health", timeout=SECONDS).status_code == 200
        assert psutil.Process(proxy.process.pid).memory_info().rss < MOST_MEMORY


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
        yield client


def test_any_method_at_any_path(client):
    known = st.sampled_from(
        [*PATHS, "/v1/models", "/v1/models/x", "/health", "/", "/v1", "/ready", "/v1/files", "/v1/batches"]
    )

    @tries(150)
    @given(METHODS, st.one_of(NAMES.map(lambda name: "/" + name), known, st.tuples(known, NAMES).map("/".join)), NAMES)
    def run(method, path, query):
        url = httpx.URL(client.base_url).copy_with(raw_path=(_target(path) + (b"?" + _target(query) if query else b"")))
        holds(client.send(client.build_request(method, url, content=BODY)))

    run()


def _target(text):
    """A path as it may stand in a request line."""
    return b"".join(bytes([each]) if 33 <= each < 127 else b"%%%02X" % each for each in text.encode())


def test_any_query_at_the_lists(client):
    values = st.one_of(
        NAMES, st.sampled_from(["-1", "0", "1", "99999999999999999999", "null", "true", "1.5", "desc", "asc"])
    )
    names = st.sampled_from(
        ["limit", "after", "before", "order", "purpose", "model", "metadata[a]", "metadata", "include[]", "stream"]
    )

    @tries(60)
    @given(
        st.sampled_from(
            ["/v1/files", "/v1/batches", "/v1/chat/completions", "/v1/models", "/v1/responses/x/input_items"]
        ),
        st.lists(st.tuples(names, values), max_size=4),
    )
    def run(path, query):
        holds(client.get(path, params=query))

    run()


@pytest.mark.parametrize("path", PATHS)
def test_any_content_type(client, path):
    @tries(10)
    @given(TYPES, st.sampled_from([BODY, b"--x--", b"--x\r\n\r\n\r\n--x--\r\n", b"a=b", b""]))
    def run(content_type, body):
        headers = {"content-type": content_type.encode("latin-1")}
        holds(client.post(path.replace("{", "").replace("}", ""), content=body, headers=headers))

    run()


@pytest.mark.parametrize("path", PATHS)
def test_any_form(client, path):
    field = st.sampled_from(
        [
            "file",
            "image",
            "image[]",
            "mask",
            "purpose",
            "model",
            "prompt",
            "n",
            "size",
            "data",
            "expires_after[anchor]",
            "",
            "\r\n",
        ]
    )
    part = st.tuples(
        field,
        NAMES,
        st.binary(max_size=50) | st.sampled_from([b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WAVE", b"{}\n"]),
        st.booleans(),
    )

    @tries(10)
    @given(st.lists(part, max_size=4), st.integers(0, 40))
    def run(parts, cut):
        body = b""
        for name, filename, content, is_file in parts:
            disposition = f'form-data; name="{name}"' + (f'; filename="{filename}"' if is_file else "")
            body += b"--x\r\nContent-Disposition: " + disposition.encode() + b"\r\n\r\n" + content + b"\r\n"
        body = (body + b"--x--\r\n")[: -cut or None]
        headers = {"content-type": "multipart/form-data; boundary=x"}
        holds(client.post(path.replace("{", "").replace("}", ""), content=body, headers=headers))

    run()


def test_any_encoding_of_the_body(client):
    @tries(40)
    @given(
        st.sampled_from(["gzip", "deflate", "br", "zstd", "identity", "x", "gzip, gzip", ""]),
        st.one_of(
            st.just(gzip.compress(BODY)), st.just(BODY), st.binary(max_size=50), st.just(gzip.compress(BODY)[:-3])
        ),
    )
    def run(encoding, body):
        holds(client.post("/v1/chat/completions", content=body, headers={"content-encoding": encoding}))

    run()


def test_a_small_body_that_unpacks_to_a_gigabyte(client):
    bomb = gzip.compress(gzip.compress(bytes(2**24)) * 64)
    for body in (gzip.compress(bytes(2**24)) * 64, bomb):
        answer = client.post("/v1/chat/completions", content=body, headers={"content-encoding": "gzip"})
        holds(answer)
        assert answer.status_code in (400, 413)


def said(server, data, half_close=True):
    """What the server sends until it closes."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        heard = b""
        try:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while more := connection.recv(65536):
                heard += more
        except (ConnectionResetError, BrokenPipeError):
            pass  # it did not want to hear the rest
        return heard


LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"POST /v1/chat/completions HTTP/1.1",
        b"POST /v1/chat/completions HTTP/1.0",
        b"GET / HTTP/2.0",
        b"GET / HTTP/9.9",
        b"get / http/1.1",
        b"GET",
        b"",
        b"PRI * HTTP/2.0",
        b"GET http://other/ HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"CONNECT a:1 HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
    ]
)
HEADS = st.lists(
    st.sampled_from(
        [
            b"Host: x",
            b"Host: ",
            b"Content-Length: 5",
            b"Content-Length: -1",
            b"Content-Length: 99999999999999999999",
            b"Content-Length: 5, 6",
            b"Content-Length: +5",
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: x",
            b"Expect: 100-continue",
            b"Expect: x",
            b"Connection: close",
            b"Connection: upgrade",
            b"Upgrade: websocket",
            b"Content-Type: application/json",
            b"x",
            b": x",
            b"A B: c",
            b"X: " + b"y" * 10_000,
            b"X: \xff\xfe",
            b"X: a\0b",
            b" folded: x",
        ]
    ),
    max_size=6,
)
BODIES = st.one_of(
    st.sampled_from(
        [
            b"",
            b"{}",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"zz\r\n",
            b"ffffffffffffffff\r\n",
            b"-1\r\n\r\n",
            b"5;x=y\r\nhello\r\n0\r\nX: y\r\n\r\n",
            BODY,
        ]
    ),
    st.binary(max_size=60),
)


def test_requests_that_are_nearly_http(server):
    @tries(120)
    @given(LINES, HEADS, BODIES)
    def run(line, heads, body):
        heard = said(server, b"\r\n".join([line, *heads, b"", body]))
        assert heard == b"" or heard.startswith(b"HTTP/"), heard[:200]
        assert b"HTTP/1.1 5" not in heard, heard
        assert b"HTTP/1.0 5" not in heard, heard
        assert b"Traceback" not in heard

    run()


def test_bytes_that_are_no_http(server):
    @tries(80)
    @given(st.binary(min_size=1, max_size=300))
    def run(data):
        heard = said(server, data)
        assert heard == b"" or heard.startswith(b"HTTP/"), heard[:200]
        assert b" 500 " not in heard.partition(b"\r\n")[0]

    run()


@pytest.mark.parametrize(
    "data",
    [
        b"A" * 1_000_000,
        b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000,
        b"\x16\x03\x01\x02\x00\x01",
        b"\0" * 100_000,
    ],
    ids=["letters", "a long path", "100,000 headers", "TLS", "zeros"],
)
def test_too_much_that_is_no_http(server, data):
    heard = said(server, data)
    assert heard == b"" or heard.startswith((b"HTTP/1.0 4", b"HTTP/1.1 4")), heard[:200]


def test_half_a_request_on_many_connections(server):
    host, port = server.url.removeprefix("http://").split(":")
    waiting = [socket.create_connection((host, int(port)), timeout=SECONDS) for _ in range(200)]
    try:
        for connection in waiting:
            connection.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert httpx.post(server.v1 + "/chat/completions", content=BODY, timeout=SECONDS).status_code == 200
    finally:
        for connection in waiting:
            connection.close()
