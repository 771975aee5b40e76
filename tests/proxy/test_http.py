"""HTTP's own details, over raw sockets: versions, connections, bodies in every wrapping, and what is no HTTP at all."""

import gzip
import json
import socket
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from proxy.endpoints.arriving import UPLOAD_BYTES

CHAT = "/v1/chat/completions"
ASK = {"model": "gpt-sim-1", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 3}
PLAIN = json.dumps(ASK).encode()
STREAM = json.dumps(ASK | {"stream": True}).encode()
PACED = json.dumps(ASK | {"stream": True, "stream_options": {"delay_min_ms": 1, "delay_max_ms": 1}}).encode()
JSON = "Content-Type: application/json"


@dataclass
class Answer:
    version: str
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self):
        error = json.loads(self.body)["error"]
        assert list(error) == ["message", "type", "param", "code"]
        return error


class Connection:
    """One connection: what is written goes out as it is, and answers are read one by one."""

    def __init__(self, sock):
        self._socket = sock
        self._reader = sock.makefile("rb")

    def write(self, data):
        self._socket.sendall(data)

    def answer(self, *, to_head=False):
        version, status, _ = self._reader.readline().decode().split(" ", 2)
        lines = iter(self._reader.readline, b"\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.decode().partition(":") for line in lines)}
        return Answer(
            version, int(status), headers, b"" if to_head or status in ("100", "204") else self._body(headers)
        )

    def is_closed(self):
        """Whether nothing comes any more; waits for it."""
        return self._reader.read(1) == b""

    def _body(self, headers):
        if "content-length" in headers:
            return self._reader.read(int(headers["content-length"]))
        if headers.get("transfer-encoding") != "chunked":
            return self._reader.read()
        body = b""
        while size := int(self._reader.readline(), 16):
            body += self._reader.read(size)
            self._reader.readline()
        self._reader.readline()
        return body


@contextmanager
def connected(proxy):
    with socket.create_connection(("127.0.0.1", urlsplit(proxy.url).port), timeout=30) as sock:
        yield Connection(sock)


@pytest.fixture
def connection(simulator):
    with connected(simulator) as connection:
        yield connection


def post(body, *headers, path=CHAT, version="1.1", length=None):
    head = [f"POST {path} HTTP/{version}", "Host: x", *headers]
    if length is None and not any(header.startswith("Transfer-Encoding") for header in headers):
        length = len(body)
    head += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*head, "", ""]).encode() + body


def get(path, *headers, method="GET", version="1.1"):
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""]).encode()


def assert_goes_on(connection):
    connection.write(get("/health"))
    assert connection.answer().status == 200


# Versions and connections


def test_a_connection_is_kept_for_the_next_request(connection):
    for _ in range(3):
        connection.write(post(PLAIN, JSON))
        assert connection.answer().status == 200


def test_a_client_that_says_close_is_obeyed(connection):
    connection.write(post(STREAM, JSON, "Connection: close"))

    answer = connection.answer()

    assert answer.headers["connection"] == "close"
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert connection.is_closed()


@pytest.mark.parametrize("body", [PLAIN, STREAM, PACED])
def test_http_1_0_is_answered_without_chunks_and_closed(connection, body):
    connection.write(post(body, JSON, version="1.0"))

    answer = connection.answer()

    assert (answer.version, answer.status) == ("HTTP/1.0", 200)
    assert "transfer-encoding" not in answer.headers
    assert answer.body.endswith(b"data: [DONE]\n\n" if body is not PLAIN else b"}")
    assert connection.is_closed()


@pytest.mark.parametrize("body", [PLAIN, STREAM])
def test_http_1_0_with_keep_alive_keeps_what_has_a_length(connection, body):
    connection.write(post(body, JSON, "Connection: keep-alive", version="1.0"))

    answer = connection.answer()

    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["connection"] == "keep-alive"
    assert_goes_on(connection)


def test_http_1_0_with_keep_alive_ends_a_stream_without_a_length_by_closing(connection):
    connection.write(post(PACED, JSON, "Connection: keep-alive", version="1.0"))

    answer = connection.answer()

    assert {"transfer-encoding", "content-length"}.isdisjoint(answer.headers)
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert connection.is_closed()


def test_pipelined_requests_are_answered_in_their_order(connection):
    asks = [post(json.dumps(ASK | {"model": f"m{number}"}).encode(), JSON) for number in range(20)]
    connection.write(b"".join([*asks[:10], get("/health"), post(PACED, JSON), get("/v1/nope"), *asks[10:]]))

    answers = [connection.answer() for _ in range(23)]

    models = [json.loads(answer.body).get("model") for answer in (*answers[:10], *answers[13:])]
    assert models == [f"m{number}" for number in range(20)]
    assert [answer.status for answer in answers[10:13]] == [200, 200, 404]
    assert answers[11].body.endswith(b"data: [DONE]\n\n")


def test_a_head_request_has_the_headers_and_no_body(connection):
    connection.write(get("/v1/models", method="HEAD"))
    head = connection.answer(to_head=True)
    connection.write(get("/v1/models"))
    whole = connection.answer()

    assert (head.status, head.headers["content-length"]) == (200, str(len(whole.body)))


def test_an_upgrade_is_not_taken_up(connection):
    connection.write(get("/v1/models", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAM"))

    assert connection.answer().status == 200


# Targets


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/v1/models?limit=1&x=%ff#y", 200),
        ("http://other.example/v1/models?x=1", 200),
        ("/v1/models/", 200),
        ("/v1/%6dodels", 200),
        ("/v1//models", 404),
        ("//v1/models", 404),
        ("/v1/models/%zz", 404),
        ("/v1/../v1/nope", 404),
        ("/" + "a" * 8000, 404),
    ],
)
def test_targets(connection, target, status):
    connection.write(get(target))

    answer = connection.answer()

    assert answer.status == status
    if status == 404:
        assert answer.error["code"] in ("unknown_url", "model_not_found")
    assert_goes_on(connection)


@pytest.mark.parametrize(
    ("method", "target", "status"), [("OPTIONS", "*", 204), ("CONNECT", "a:1", 404), ("TRACE", "/", 405)]
)
def test_odd_methods(connection, method, target, status):
    connection.write(get(target, method=method))

    assert connection.answer().status == status


def test_deletes_and_other_origins_pass_the_preflight(connection):
    asked = ["Origin: https://a.example", "Access-Control-Request-Method: DELETE"]
    connection.write(get("/v1/files/file-1", *asked, method="OPTIONS"))

    answer = connection.answer()

    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert "DELETE" in answer.headers["access-control-allow-methods"]


# Bodies


def chunked(body, size):
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nX-Trailer: 1\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_chunked_bodies_are_read(connection, size):
    connection.write(post(chunked(PLAIN, size), JSON, "Transfer-Encoding: chunked"))

    assert connection.answer().status == 200
    assert_goes_on(connection)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data, wbits=-15)),
        ("identity", bytes),
    ],
)
def test_compressed_bodies_are_unpacked(connection, name, pack):
    connection.write(post(pack(PLAIN), JSON, f"Content-Encoding: {name}"))

    assert connection.answer().status == 200
    assert_goes_on(connection)


@pytest.mark.parametrize("name", ["br", "zstd", "x-gzip", "compress", "gzip, gzip", "nonsense"])
def test_another_encoding_is_415_with_what_is_known(connection, name):
    connection.write(post(PLAIN, JSON, f"Content-Encoding: {name}"))

    answer = connection.answer()

    assert (answer.status, answer.error["code"]) == (415, "unsupported_content_encoding")
    assert answer.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize("length", [0, 5, 60])
def test_a_broken_gzip_body_is_400_and_no_traceback(simulator, connection, length):
    body = gzip.compress(PLAIN)[:length] if length else b"nonsense"
    connection.write(post(body, JSON, "Content-Encoding: gzip"))

    assert connection.answer().error["type"] == "invalid_request_error"
    with connected(simulator) as other:
        assert_goes_on(other)
    said = [simulator.lines.get() for _ in range(simulator.lines.qsize())]
    assert not [line for line in said if "Traceback" in line]


@pytest.mark.parametrize("cut", [1, 2, 10, 30])
@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data, wbits=-15)])
def test_a_packed_body_that_is_cut_off_is_400_also_when_it_comes_after_its_head(connection, pack, cut):
    head, empty_line, body = post(pack(PLAIN)[:cut], JSON, "Content-Encoding: deflate").partition(b"\r\n\r\n")
    connection.write(head + empty_line)
    connection.write(body)

    assert connection.answer().status == 400
    assert_goes_on(connection)


def test_gzip_in_several_members_is_one_body(connection):
    connection.write(post(gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:]), JSON, "Content-Encoding: gzip"))

    assert connection.answer().status == 200


def test_a_body_of_very_many_members_is_400_at_once(connection):
    connection.write(post(gzip.compress(b"", mtime=0) * 300_000, JSON, "Content-Encoding: gzip"))

    assert connection.answer().error["message"].endswith("its encoding is broken.")
    assert_goes_on(connection)


def test_a_bomb_is_413_before_it_fills_the_memory(connection):
    connection.write(post(gzip.compress(b" " * 200_000_000), JSON, "Content-Encoding: gzip"))

    answer = connection.answer()

    assert (answer.status, answer.error["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("headers", [[], ["Expect: 100-continue"], ["Content-Encoding: gzip"]])
def test_a_length_that_is_too_large_is_413_before_the_body_comes(connection, headers):
    connection.write(post(b"", JSON, *headers, length=10**10))

    assert connection.answer().status == 413


def test_a_chunked_body_that_grows_too_large_is_413(connection):
    connection.write(post(b"%x\r\n" % 10**8, JSON, "Transfer-Encoding: chunked") + b" " * (9 * 1024 * 1024))

    assert connection.answer().status == 413


def test_files_may_be_larger_than_json(connection):
    form = ["Content-Type: multipart/form-data; boundary=b"]
    purpose = b"--b\r\nContent-Disposition: form-data; name=purpose\r\n\r\nuser_data\r\n"
    file = b"--b\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n" + b"x" * 20_000_000
    body = purpose + file + b"\r\n--b--\r\n"
    connection.write(post(body, *form, path="/v1/files"))
    assert json.loads(connection.answer().body)["bytes"] == 20_000_000

    connection.write(post(b"", *form, path="/v1/files", length=UPLOAD_BYTES + 1))
    answer = connection.answer()
    assert (answer.status, str(UPLOAD_BYTES) in answer.error["message"]) == (413, True)


def test_expect_100_continue_is_answered_before_the_body_comes(connection):
    connection.write(post(b"", JSON, "Expect: 100-continue", length=len(PLAIN)))
    assert connection.answer().status == 100

    connection.write(PLAIN)
    assert connection.answer().status == 200
    assert_goes_on(connection)


def test_expect_of_http_1_0_is_nothing(connection):
    connection.write(post(PLAIN, JSON, "Expect: 100-continue", version="1.0"))

    assert connection.answer().status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([JSON, "Expect: the-unexpected"], 417),
        ([JSON, "Expect: 100-continue", "Content-Encoding: x"], 415),
        (["Content-Type: text/csv", "Expect: 100-continue"], 400),
    ],
)
def test_what_will_be_refused_is_refused_before_the_body_comes(connection, headers, status):
    connection.write(post(b"", *headers, length=10))

    answer = connection.answer()

    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert answer.error["type"] == "invalid_request_error"
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml; a=b"])
def test_another_content_type_is_refused_as_openai_does(connection, content_type):
    connection.write(post(PLAIN, f"Content-Type: {content_type}"))

    answer = connection.answer()

    assert (answer.status, answer.error["code"]) == (400, "unsupported_content_type")
    assert answer.error["message"].startswith(f"Unsupported content type: '{content_type.partition(';')[0]}'. This API")
    assert_goes_on(connection)


def test_a_body_without_a_content_type_is_read(connection):
    connection.write(post(PLAIN))

    assert connection.answer().status == 200


def test_a_lenient_server_reads_json_under_any_content_type(start_proxy):
    with connected(start_proxy("--lenient")) as connection:
        connection.write(post(PLAIN, "Content-Type: text/plain"))

        assert connection.answer().status == 200


@pytest.mark.parametrize("headers", [[], ["Content-Length: 0"], ["Transfer-Encoding: chunked"]])
def test_no_body_is_400(connection, headers):
    connection.write(
        get(CHAT, JSON, *headers, method="POST") + (b"0\r\n\r\n" if "chunked" in "".join(headers) else b"")
    )

    assert connection.answer().error["message"].startswith("We could not parse the JSON body of your request.")
    assert_goes_on(connection)


# What is no HTTP


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400),
        (b"HELLO\r\n\r\n", 400),
        (b"GET /health HTTP/3.0\r\nHost: x\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", 400),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nA: b\x00\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\nab", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (post(b"zz\r\nab\r\n", JSON, "Transfer-Encoding: chunked"), 400),
        (get("/" + "a" * 9000), 431),
        (get("/", "A: " + "a" * 9000), 431),
        (get("/", *["A: a"] * 5000), 431),
    ],
)
def test_what_is_no_http_gets_openais_error_and_a_closed_connection(simulator, data, status):
    with connected(simulator) as connection:
        connection.write(data)
        answer = connection.answer()

        assert (answer.status, answer.error["type"]) == (status, "invalid_request_error")
        assert answer.headers["x-request-id"].startswith("req_")
        assert connection.is_closed()
    with connected(simulator) as other:
        assert_goes_on(other)
