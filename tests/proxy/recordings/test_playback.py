"""Recorded answers go out at once, as they came, or faster: by a clock that the test has."""

import pytest

from proxy.keys import Times
from proxy.recordings.playback import body_of, played_back
from proxy.scenarios.format import Replay

STREAM = Replay(
    content_type="text/event-stream",
    events=[[100, "data: 1"], [100, "data: 2"], [400, "response.done", "{}"], [1000, ": bye\ndata: 4"]],
)
BYTES = b"data: 1\n\ndata: 2\n\nevent: response.done\ndata: {}\n\n: bye\ndata: 4\n\n"


class Clock:
    """A time that passes where somebody sleeps."""

    def __init__(self):
        self.now = 5.0
        self.times = Times(now=lambda: 0.0, clock=lambda: self.now, sleep=self.sleep)

    async def sleep(self, seconds):
        self.now += seconds


async def test_at_once_it_is_one_body():
    answer = await played_back(STREAM, 0, Clock().times)

    assert answer.body == BYTES == body_of(STREAM)
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"


@pytest.mark.parametrize("speed", [0.5, 1, 4])
async def test_at_a_speed_each_event_is_at_its_time(speed):
    clock = Clock()
    answer = await played_back(STREAM, speed, clock.times)
    assert not isinstance(answer.body, bytes)
    seen = [(clock.now, piece) async for piece in answer.body]

    assert [round((at - 5.0) * speed, 6) for at, _ in seen] == [0.1, 0.1, 0.4, 1.0]
    assert b"".join([piece for _, piece in seen]) == BYTES


async def test_a_body_takes_its_time_too():
    clock = Clock()
    answer = await played_back(Replay(body="{}", ms=3000, status=404), 2, clock.times)

    assert (clock.now, answer.body, answer.status) == (6.5, b"{}", 404)
    assert (await played_back(Replay(base64="//4A"), 1, clock.times)).body == b"\xff\xfe\x00"
    assert clock.now == 6.5
