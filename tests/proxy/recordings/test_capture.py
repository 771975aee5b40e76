"""What goes out is what is noted, and only what is whole is noted."""

import zlib

import pytest

from proxy.errors import UnreachableError
from proxy.recordings.capture import LARGEST, Sink, captured, is_worth_it
from proxy.recordings.playback import body_of
from proxy.recordings.question import Question
from proxy.recordings.steady import Steady
from proxy.recordings.tape import Tape
from proxy.relay import Answer
from proxy.scenarios.load import load

STREAM = {"Content-Type": "text/event-stream"}


@pytest.fixture
def tape():
    return Tape(lambda: 10**9)


async def pieces(*given):
    for piece in given:
        yield piece


async def sent(tape, answer, most=LARGEST):
    """The bytes that go out, and their headers."""
    times = iter(range(0, 1000, 10))
    slot = tape.begin(Question.of("chat", {"messages": [{"role": "user", "content": "hello"}]}))
    out = await captured(answer, Sink(tape, slot, most=most), Steady(slot.key), lambda: next(times))
    body = out.body if isinstance(out.body, bytes) else b"".join([piece async for piece in out.body])
    return body, out.headers


def noted(tape):
    (placed,) = load([("r.yaml", tape.text())]).rules
    return placed.rule.sequence[0].replay


async def test_events_are_noted_whole_with_their_times_however_they_are_cut(tape):
    body, headers = await sent(
        tape, Answer(pieces(b"da", b"ta: 1\n", b"\ndata: 2\n\nevent: a.b\nda", b"ta: {}\n\n", b""), STREAM)
    )

    assert body == b"data: 1\n\ndata: 2\n\nevent: a.b\ndata: {}\n\n"
    assert noted(tape).events == [[0, "data: 1"], [0, "data: 2"], [10, "a.b", "{}"]]
    assert headers["Cache-Control"] == "no-cache, no-transform"


@pytest.mark.parametrize(
    "stream",
    [b"data: 1\n\nrest", b"data: 1\r\n\r\ndata: 2\r\n\r\n", b"data: 1\n\n\ndata: 2\n\n", b"\n\n", b": \xff\n\n", b""],
)
async def test_a_stream_of_any_other_form_is_kept_byte_for_byte(tape, stream):
    body, _ = await sent(tape, Answer(pieces(stream), STREAM))

    assert body == stream
    assert body_of(noted(tape)) == stream


@pytest.mark.parametrize("body", [b"", b"\xff\x00", "\u2028 \x85 \ufeff \x00 \r\n \t".encode(), b"{}\n", b" x "])
@pytest.mark.parametrize("kind", ["", "text/plain", "text/pl\xe4in", "x" * 300])
async def test_any_body_of_any_kind_is_kept(tape, body, kind):
    out, headers = await sent(tape, Answer(body, {"Content-Type": kind} if kind else {}))

    assert out == body == body_of(noted(tape))
    assert headers["Content-Type"] == noted(tape).content_type
    assert noted(tape).content_type == (kind if kind == "text/plain" else "application/octet-stream")


async def test_what_is_packed_is_unpacked(tape):
    packing = zlib.compressobj(wbits=31)
    packed = packing.compress(b"data: 1\n\n") + packing.flush(zlib.Z_SYNC_FLUSH) + packing.compress(b"data: 2\n\n")
    packed += packing.flush()
    body, headers = await sent(tape, Answer(pieces(packed[:9], packed[9:]), STREAM | {"content-encoding": "gzip"}))

    assert body == b"data: 1\n\ndata: 2\n\n"
    assert "content-encoding" not in {name.lower() for name in headers}
    with pytest.raises(UnreachableError, match="packed"):
        await sent(tape, Answer(b"br?", {"Content-Type": "application/json", "Content-Encoding": "br"}))


async def test_a_stream_that_is_not_read_to_its_end_or_is_too_long_is_not_noted(tape):
    slot = tape.begin(Question.of("chat", {}))
    left = await captured(
        Answer(pieces(b"data: 1\n\n", b"data: 2\n\n"), STREAM), Sink(tape, slot), Steady(""), lambda: 0
    )
    assert not isinstance(left.body, bytes)
    assert await anext(aiter(left.body)) == b"data: 1\n\n"
    await left.body.aclose()
    body, _ = await sent(tape, Answer(pieces(*[b"data: 1\n\n"] * 9), STREAM), 20)

    assert body == b"data: 1\n\n" * 9
    assert "rules: []" in tape.text()
    assert tape.skipped == {"a stream was left before its end": 1, "it has more than 20 bytes": 1}


def test_only_what_will_be_the_same_tomorrow_is_worth_it():
    assert [status for status in (200, 201, 400, 404, 409, 422) if not is_worth_it(status)] == []
    assert [status for status in (100, 301, 401, 403, 408, 429, 500, 529) if is_worth_it(status)] == []
