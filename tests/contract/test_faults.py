"""Faults on both kinds of model: what test_fault_table.py does not say of each, several at once, and wrong ones."""

import json
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from openai import OpenAI

from proxy.faults.table import FAULTS
from tests import running

QUESTION: Any = [{"role": "user", "content": "Grüße aus München! Tell me about naïve cafés."}]
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}


@dataclass
class Endpoint:
    """A proxy in front of a real model's stand-in, and a client that never tries again."""

    url: str
    model: str
    client: OpenAI

    def plain(self, fault, **fields):
        headers = {"x-sim-fault": fault} if fault else {}
        return self.client.chat.completions.create(model=self.model, messages=QUESTION, extra_headers=headers, **fields)

    def chunks(self, fault):
        return list(self.plain(fault, **STREAM))

    def raw(self, fault, **fields):
        ask = {"model": self.model, "messages": QUESTION, **fields}
        headers = {"x-sim-fault": fault} if fault else {}
        return httpx.post(f"{self.url}/v1/chat/completions", json=ask, headers=headers, timeout=20)


@pytest.fixture(scope="module")
def proxy():
    with running.upstream("complete") as upstream, running.proxy("--llama-url", upstream.url) as proxy:
        yield proxy


@pytest.fixture(params=["gpt-sim-1", "tiny"])
def endpoint(proxy, request):
    with OpenAI(base_url=proxy.v1, api_key="any", max_retries=0, timeout=20) as client:
        yield Endpoint(proxy.url, request.param, client)


def text_of(chunks: Any) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def whole(endpoint):
    return endpoint.plain("").choices[0].message.content


STATUSES = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    408: openai.APIStatusError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
    529: openai.InternalServerError,
}


@pytest.mark.parametrize("fields", [{}, STREAM], ids=["plain", "stream"])
@pytest.mark.parametrize("status", STATUSES)
def test_status(endpoint, status, fields):
    with pytest.raises(STATUSES[status]) as caught:
        endpoint.plain(f"status;status={status}", **fields)

    assert caught.value.status_code == status
    assert caught.value.message


def test_a_429_says_when_to_come_back(endpoint):
    with pytest.raises(openai.RateLimitError) as caught:
        endpoint.plain("status;status=429;retry_after=1.5")

    headers = caught.value.response.headers
    assert (headers["retry-after"], headers["retry-after-ms"]) == ("2", "1500")
    assert (headers["x-ratelimit-remaining-requests"], headers["x-ratelimit-reset-requests"]) == ("0", "1.5s")
    assert caught.value.code == "rate_limit_exceeded"


def test_a_quota_that_is_spent_says_nothing_of_coming_back(endpoint):
    with pytest.raises(openai.RateLimitError) as caught:
        endpoint.plain("status;status=429;code=insufficient_quota")

    assert caught.value.type == caught.value.code == "insufficient_quota"
    assert "retry-after" not in caught.value.response.headers


def test_the_sdk_tries_again_after_a_429(proxy):
    with (
        OpenAI(base_url=proxy.v1, api_key="any", max_retries=1) as client,
        pytest.raises(openai.RateLimitError) as caught,
    ):
        client.chat.completions.create(
            model="gpt-sim-1", messages=QUESTION, extra_headers={"x-sim-fault": "status;status=429;retry_after=0.01"}
        )

    assert caught.value.response.request.headers["x-stainless-retry-count"] == "1"


@pytest.mark.parametrize("fault", ["slow_start;seconds=60", "slow_events;seconds=60", "stall;after_events=0"])
@pytest.mark.parametrize("fields", [{}, STREAM], ids=["plain", "stream"])
def test_silence_meets_the_clients_time_out(endpoint, fault, fields):
    impatient = endpoint.client.with_options(timeout=0.5)

    with pytest.raises(openai.APITimeoutError):
        list(
            impatient.chat.completions.create(
                model=endpoint.model, messages=QUESTION, extra_headers={"x-sim-fault": fault}, **fields
            )
        )


def test_stall_comes_after_some_events(endpoint):
    impatient = endpoint.client.with_options(timeout=0.5)
    stream = impatient.chat.completions.create(
        model=endpoint.model, messages=QUESTION, extra_headers={"x-sim-fault": "stall;after_events=3"}, stream=True
    )

    assert [next(stream).object for _ in range(3)] == ["chat.completion.chunk"] * 3
    with pytest.raises(openai.APITimeoutError):
        next(stream)


@pytest.mark.parametrize("fault", ["cut;after_events=3", "cut;after_bytes=700", "reset;after_events=3"])
def test_a_stream_that_is_cut_breaks_off(endpoint, fault):
    stream = endpoint.plain(fault, stream=True)
    pieces = []

    with pytest.raises(openai.APIConnectionError):
        pieces.extend(stream)
    assert whole(endpoint).startswith(text_of(pieces))


@pytest.mark.parametrize("fault", ["cut", "cut;after_bytes=30", "reset"])
def test_a_plain_answer_that_is_cut_is_a_connection_error(endpoint, fault):
    with pytest.raises(openai.APIConnectionError):
        endpoint.plain(fault)


def test_crlf_and_comments_are_on_the_wire(endpoint):
    lines = endpoint.raw("crlf, comments;text=ping", stream=True).content.split(b"\n")

    assert lines[0] == b": ping"
    assert lines[2].startswith(b"data: {")
    assert lines[2].endswith(b"\r")


def test_duplicate_events(endpoint):
    twice = endpoint.chunks("duplicate_events")

    assert len(twice) == 2 * len(endpoint.chunks(""))
    assert len(text_of(twice)) == 2 * len(whole(endpoint))
    assert endpoint.raw("duplicate_events", stream=True).text.count("[DONE]") == 1


def test_reorder_events(endpoint):
    ordered = [chunk.choices for chunk in endpoint.chunks("")]  # not `created`, which may differ between the two
    swapped = [chunk.choices for chunk in endpoint.chunks("reorder_events;event=1")]

    assert [swapped[1], swapped[2]] == [ordered[2], ordered[1]]
    assert swapped[3:] == ordered[3:]


def test_no_done_is_taken_for_a_whole_answer_by_the_sdk(endpoint):
    assert "[DONE]" not in endpoint.raw("no_done", stream=True).text
    assert text_of(endpoint.chunks("no_done")) == whole(endpoint)


def test_error_event(endpoint):
    stream = endpoint.plain("error_event;after_events=3", stream=True)
    pieces = []
    with pytest.raises(openai.APIError, match="The server had an error") as caught:
        pieces.extend(stream)
    assert not isinstance(caught.value, openai.APIStatusError)
    assert len(pieces) == 3

    with pytest.raises(openai.InternalServerError):
        endpoint.plain("error_event")


def test_error_event_of_the_other_apis(endpoint):
    ask = {"model": "gpt-sim-1", "input": "Hello!", "stream": True}
    headers = {"x-sim-fault": "error_event;after_events=3"}
    events = httpx.post(f"{endpoint.url}/v1/responses", json=ask, headers=headers, timeout=20).text.split("\n\n")
    name, data = events[3].split("\n")

    assert name == "event: error"
    error = json.loads(data.removeprefix("data: "))
    assert (error["type"], error["sequence_number"]) == ("error", 3)
    assert "The server had an error" in error["message"]
    stream = endpoint.client.responses.create(
        model="gpt-sim-1", input="Hello!", stream=True, extra_headers={"x-sim-fault": "error_event"}
    )
    assert list(stream)[-1].type == "error", "which the SDK hands on as an event"


def test_content_type(endpoint):
    assert endpoint.raw("content_type").headers["content-type"] == "text/html; charset=utf-8"
    assert endpoint.raw('content_type;value="text/plain"', stream=True).headers["content-type"] == "text/plain"
    # The SDK looks at the body all the same.
    assert endpoint.plain("content_type").choices[0].message.content == whole(endpoint)


def test_gzip(endpoint):
    answer = endpoint.raw("gzip", stream=True)

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.text.endswith("data: [DONE]\n\n")
    assert text_of(endpoint.chunks("gzip")) == whole(endpoint)
    assert endpoint.plain("gzip").choices[0].message.content == whole(endpoint)


def test_gzip_is_one_piece_that_cannot_be_read_before_its_end(endpoint):
    ask = {"model": endpoint.model, "messages": QUESTION, "stream": True}
    with httpx.stream(
        "POST", f"{endpoint.url}/v1/chat/completions", json=ask, headers={"x-sim-fault": "gzip, slow_start;seconds=0"}
    ) as answer:
        packed = b"".join(answer.iter_raw())

    assert zlib.decompress(packed, wbits=31).endswith(b"data: [DONE]\n\n")


def test_content_filter(endpoint):
    choice = endpoint.plain("content_filter").choices[0]
    assert choice.finish_reason == "content_filter"
    assert len(choice.message.content) == len(whole(endpoint)) // 2

    chunks = endpoint.chunks("content_filter;after_events=3")
    assert [c.choices[0].finish_reason for c in chunks if c.choices] == [None, None, None, "content_filter"]
    assert whole(endpoint).startswith(text_of(chunks))


def test_faults_add_up(endpoint):
    chunks = endpoint.chunks("no_usage, duplicate_events, no_finish_reason")

    assert len(text_of(chunks)) == 2 * len(whole(endpoint))
    assert not any(chunk.usage for chunk in chunks)


@pytest.mark.parametrize(
    ("header", "ending"),
    [
        ("crlf, no_done", b'"usage"'),
        ("crlf, duplicate_events", b"data: [DONE]\r\n\r\n"),
        ("crlf, crlf, content_type", b"data: [DONE]\r\n\r\n"),
    ],
)
def test_events_with_crlf_are_events_to_other_faults(endpoint, header, ending):
    told = endpoint.raw(header, **STREAM).content

    assert ending in told.split(b"\r\n\r\n")[-2] + b"\r\n\r\n"
    assert b"\r\r" not in told
    assert told.count(b"[DONE]") == (0 if "no_done" in header else 1)


@pytest.mark.parametrize("fields", [{}, STREAM], ids=["plain", "stream"])
def test_what_is_compressed_stays_so_under_other_faults(endpoint, fields):
    for header in ("gzip, crlf, no_done", "gzip, slow_start;seconds=0", "gzip, gzip"):
        answer = endpoint.raw(header, **fields)
        assert answer.headers["content-encoding"] == "gzip"
        assert "choices" in answer.text
    with pytest.raises(httpx.RemoteProtocolError):
        endpoint.raw("gzip, cut;after_bytes=30", **fields)


def test_too_many_faults_at_once_are_refused(endpoint):
    endpoint.chunks(",".join(["crlf"] * 10))
    with pytest.raises(openai.BadRequestError, match="11 faults are too many for one answer: at most 10"):
        endpoint.chunks(",".join(["crlf"] * 11))


@pytest.mark.parametrize("path", ["/v1/models", "/v1/files", "/v1/batches", "/v1/chat/completions"])
def test_what_is_no_model_has_faults_too(endpoint, path):
    faulty = {"x-sim-fault": "truncated_json"}
    whole = httpx.get(endpoint.url + path).content

    assert httpx.get(endpoint.url + path, headers=faulty).content == whole[: len(whole) // 2]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(endpoint.url + path, headers={"x-sim-fault": "cut"})
    with httpx.Client(base_url=endpoint.url) as http:  # on one connection: an answer to HEAD has no body
        assert [http.head(path, headers=faulty).status_code, http.get(path).content] == [200, whole]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("cutt", "There is no fault 'cutt'. Did you mean 'cut'? The faults are: status, "),
        (
            "cut;after=3",
            "Invalid fault 'cut': Object contains unknown field `after`. Its settings: after_events, after_bytes",
        ),
        ("status;status=200", "Invalid fault 'status': Expected `int` >= 400 - at `$.status`. Its settings: status, "),
        ("slow_start;seconds=soon", "Invalid fault 'slow_start': Expected `float`, got `str` - at `$.seconds`"),
        ("crlf;x=1", "Its settings: none."),
        ("cut after 3", "Invalid 'x-sim-fault': 'cut after 3' was not understood. Expected faults, such as"),
    ],
)
def test_a_header_that_is_wrong_says_so(endpoint, header, message):
    with pytest.raises(openai.BadRequestError) as caught:
        endpoint.plain(header)

    assert message in caught.value.message
    assert caught.value.param == "x-sim-fault"


@pytest.mark.parametrize("fields", [{}, STREAM], ids=["plain", "stream"])
def test_the_server_lives_on_after_all_of_them(endpoint, fields):
    for name in FAULTS.keys() - {"stall", "slow_start", "slow_events"}:
        with suppress(httpx.TransportError):  # which is what some faults are
            endpoint.raw(name, **fields)

    assert whole(endpoint)


def test_an_error_in_a_stream_leaves_the_connection_for_the_next_request(endpoint):
    address = urlsplit(endpoint.url)
    connection = HTTPConnection(address.hostname or "", address.port, timeout=30)
    with closing(connection):
        body = json.dumps({"model": endpoint.model, "stream": True, "messages": QUESTION})
        headers = {"Content-Type": "application/json", "x-sim-fault": "error_event"}
        connection.request("POST", "/v1/chat/completions", body, headers)
        assert b'"error"' in connection.getresponse().read()
        used = connection.sock
        connection.request("GET", "/v1/models")
        assert connection.getresponse().read().startswith(b"{")
        assert connection.sock is used is not None
