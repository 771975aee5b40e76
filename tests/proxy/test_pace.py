"""Pacing, with a clock that only moves when somebody sleeps."""

from proxy.pace import on_schedule


class Time:
    """A clock and a sleep that belong together; each sleep overshoots by `late` seconds."""

    def __init__(self, late=0.0):
        self.now, self.late, self.slept = 100.0, late, []

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(round(seconds, 6))
        self.now += seconds + self.late


async def arrivals(events, time):
    return [(event, round(time.now - 100.0, 6)) async for event in on_schedule(events, time.clock, time.sleep)]


async def test_each_event_goes_out_at_its_time():
    time = Time()

    assert await arrivals([(0, b"a"), (0.5, b"b"), (0.75, b"c")], time) == [(b"a", 0), (b"b", 0.5), (b"c", 0.75)]


async def test_being_late_does_not_add_up():
    time = Time(late=0.1)

    await arrivals([(float(second), b"x") for second in range(1, 11)], time)

    assert round(time.now - 100.0, 6) == 10.1


async def test_what_is_due_already_is_not_waited_for():
    time = Time(late=5.0)

    assert await arrivals([(1, b"a"), (2, b"b"), (3, b"c")], time) == [(b"a", 6), (b"b", 6), (b"c", 6)]
    assert time.slept == [1]
