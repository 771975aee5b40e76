"""How batches run: their states, what goes into which file, waiting, cancelling, the end of the window."""

import asyncio
import json
from collections import Counter

import pytest

from proxy import batches
from proxy.batches import BOUNDS, WINDOW_SECONDS, Batch, Batches, NotYetError, Tasks
from proxy.files import BOUNDS as FILES
from proxy.files import Files
from proxy.store import Part, Store

CHAT = "/v1/chat/completions"
USAGE = {"usage": {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}}


class Times:
    """Time that passes when somebody waits."""

    def __init__(self):
        self.seconds = 1000.0

    def now(self):
        return self.seconds

    async def sleep(self, seconds):
        self.seconds += seconds
        await asyncio.sleep(0)


def batches_of(files, ask, now, sleep, tasks):
    kept: Part[Batch] = Store[Batch](BOUNDS, now).part("")
    return Batches(0, files, ask, now=now, sleep=sleep, kept=kept, tasks=tasks)


@pytest.fixture
def times():
    return Times()


@pytest.fixture
def files(times):
    return Files(0, times.now, Store(FILES, times.now).part(""))


@pytest.fixture
def tasks():
    return Tasks()


@pytest.fixture
async def start(times, files, tasks):
    """Start a batch of bodies with a function that answers them."""

    def begin(ask, bodies, *, lenient=False, endpoint=CHAT):
        lines = [
            json.dumps({"custom_id": f"r{number}", "method": "POST", "url": CHAT, "body": body})
            for number, body in enumerate(bodies)
        ]
        file = files.add("in.jsonl", "batch", "\n".join(lines).encode())
        made = batches_of(files, ask, times.now, times.sleep, tasks)
        batch = made.create(
            endpoint, file, metadata=None, headers={"Authorization": "k"}, output_seconds=3600, one_model=not lenient
        )
        return made, batch

    yield begin
    await tasks.close()


async def ended(batch):
    while batch.status not in ("completed", "failed", "cancelled", "expired"):
        await asyncio.sleep(0)


def written(files, name):
    return [] if name is None else [json.loads(line) for line in files.get(name).data.splitlines()]


async def test_answers_and_errors_go_into_two_files_in_the_order_of_the_requests(start, files):
    async def ask(endpoint, body, headers):
        number = json.loads(body)["n"]
        for _ in range(10 - number):  # the later ones are done first
            await asyncio.sleep(0)
        return (
            (400, b'{"error": {"code":\n "no"}}')
            if number % 3 == 2
            else (200, json.dumps(USAGE | {"n": number}).encode())
        )

    _, batch = start(ask, [{"model": "m", "n": number} for number in range(9)])
    assert (batch.status, batch.total) == ("validating", 0)
    await ended(batch)

    assert (batch.status, batch.model, batch.total, batch.completed, batch.failed) == ("completed", "m", 9, 6, 3)
    assert list(batch.at) == ["created_at", "expires_at", "in_progress_at", "finalizing_at", "completed_at"]
    outputs, errors = written(files, batch.output_file_id), written(files, batch.error_file_id)
    assert [line["custom_id"] for line in outputs] == ["r0", "r1", "r3", "r4", "r6", "r7"]
    assert [line["response"]["body"]["n"] for line in outputs] == [0, 1, 3, 4, 6, 7]
    assert [line["custom_id"] for line in errors] == ["r2", "r5", "r8"]
    assert {line["response"]["status_code"] for line in errors} == {400}
    assert {line["error"] for line in (*outputs, *errors)} == {None}
    assert len({line["id"] for line in (*outputs, *errors)}) == 9
    assert (batch.usage.input_tokens, batch.usage.output_tokens, batch.usage.cached_tokens) == (18, 12, 6)
    assert files.get(batch.output_file_id).expires_at == batch.at["completed_at"] + 3600


async def test_a_file_that_would_be_empty_is_not_there(start):
    async def ask(*_):
        return 200, b"{}"

    _, batch = start(ask, [{}])
    await ended(batch)

    assert (batch.completed, batch.error_file_id, batch.model) == (1, None, None)
    assert batch.output_file_id is not None


async def test_at_most_four_lines_are_under_way_with_the_headers_of_the_request(start):
    under_way, most, seen = 0, 0, []

    async def ask(endpoint, body, headers):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        seen.append((endpoint, body, headers))
        await asyncio.sleep(0)
        under_way -= 1
        return 200, b"{}"

    _, batch = start(ask, [{"a": 1}] * 20)
    await ended(batch)

    assert most == 4
    assert seen == [(CHAT, b'{"a": 1}', {"Authorization": "k"})] * 20


async def test_a_line_that_comes_too_early_is_asked_again_after_the_wait(start, times):
    asked: Counter[bytes] = Counter()

    async def ask(endpoint, body, headers):
        asked[body] += 1
        if asked[body] < 4:
            raise NotYetError(7)
        return 200, b"{}"

    _, batch = start(ask, [{"n": 1}, {"n": 2}])
    await ended(batch)

    assert (batch.status, batch.completed, set(asked.values())) == ("completed", 2, {4})
    assert times.seconds >= 1021


async def test_what_is_not_run_within_a_day_expires(start, files):
    async def ask(endpoint, body, headers):
        if json.loads(body)["n"] > 1:
            raise NotYetError(3600)
        return 200, b"{}"

    _, batch = start(ask, [{"n": number} for number in range(6)])
    await ended(batch)

    assert (batch.status, batch.completed, batch.failed) == ("expired", 2, 4)
    assert batch.at["expired_at"] >= batch.at["created_at"] + WINDOW_SECONDS
    errors = written(files, batch.error_file_id)
    assert {(line["response"], line["error"]["code"]) for line in errors} == {(None, "batch_expired")}
    assert len(written(files, batch.output_file_id)) == 2


async def test_a_cancelled_batch_keeps_what_is_done(start, files):
    reached, never = asyncio.Event(), asyncio.Event()

    async def ask(endpoint, body, headers):
        if json.loads(body)["n"] < 2:
            return 200, b"{}"
        reached.set()
        await never.wait()
        raise AssertionError

    all_of_them, batch = start(ask, [{"n": number} for number in range(9)])
    await reached.wait()
    assert all_of_them.cancel(batch)
    assert batch.status == "cancelling"
    await ended(batch)

    assert (batch.status, batch.completed, batch.failed) == ("cancelled", 2, 0)
    assert [line["custom_id"] for line in written(files, batch.output_file_id)] == ["r0", "r1"]
    assert {"cancelling_at", "cancelled_at"} <= set(batch.at)
    assert all_of_them.cancel(batch), "again is no mistake"


async def test_a_batch_is_cancelled_before_it_begins_and_not_after_its_end(start):
    async def ask(*_):
        return 200, b"{}"

    all_of_them, batch = start(ask, [{}])
    assert all_of_them.cancel(batch)
    await ended(batch)
    assert (batch.status, batch.total) == ("cancelled", 0)

    all_of_them, batch = start(ask, [{}])
    await ended(batch)
    assert not all_of_them.cancel(batch)


async def test_a_defect_ends_the_batch_and_is_logged(start, caplog):
    async def ask(*_):
        raise ZeroDivisionError

    _, batch = start(ask, [{}, {}])
    await ended(batch)

    assert batch.status == "failed"
    assert [error.code for error in batch.errors] == ["internal_error"]
    assert "ZeroDivisionError" in caplog.text


async def test_an_input_file_that_went_before_the_batch_began(start, files):
    async def ask(*_):
        return 200, b"{}"

    _, batch = start(ask, [{}])
    files.pop(batch.input_file_id)
    await ended(batch)

    assert (batch.status, [error.code for error in batch.errors]) == ("failed", ["file_not_found"])


async def test_outputs_have_a_bound(start, files, monkeypatch):
    monkeypatch.setattr(batches, "MOST_OUTPUT_BYTES", 1000)

    async def ask(*_):
        return 200, b'"%b"' % (b"x" * 600)

    _, batch = start(ask, [{}] * 20)
    await ended(batch)

    assert batch.status == "completed"
    assert batch.completed <= 5
    assert {line["error"]["code"] for line in written(files, batch.error_file_id)} == {"output_too_large"}


async def test_closing_stops_what_runs(start, tasks):
    reached, ends = asyncio.Event(), []

    async def ask(*_):
        try:
            reached.set()
            await asyncio.Event().wait()
        finally:
            ends.append(1)

    _, batch = start(ask, [{}] * 9)
    await reached.wait()
    await tasks.close()

    assert batch.status == "in_progress"
    assert len(ends) == 4


async def test_who_forgets_batches_ends_them(start):
    reached = asyncio.Event()

    async def ask(*_):
        reached.set()
        await asyncio.Event().wait()

    all_of_them, batch = start(ask, [{}] * 9)
    await reached.wait()
    all_of_them.clear()
    await ended(batch)

    assert (all_of_them.all(), batch.status) == ([], "cancelled")


async def test_the_same_batch_on_a_fresh_server_has_the_same_ids(start, files):
    async def ask(*_):
        return 200, b"{}"

    all_of_them, one = start(ask, [{}])
    _, two = start(ask, [{}])
    await ended(one)
    await ended(two)

    assert one.input_file_id != two.input_file_id
    again = all_of_them.create(
        CHAT, files.get(one.input_file_id), metadata=None, headers={}, output_seconds=None, one_model=True
    )
    await ended(again)
    assert len({one.id, two.id, again.id}) == 3
    fresh, same = start(ask, [{}]), None
    assert fresh[0].all() == [fresh[1]]
    fresh[0].cancel(fresh[1])
    await ended(fresh[1])
    same = batches_of(files, ask, lambda: 0, asyncio.sleep, Tasks())
    repeated = same.create(
        CHAT, files.get(one.input_file_id), metadata=None, headers={}, output_seconds=None, one_model=True
    )
    await ended(repeated)
    assert repeated.id == one.id
    assert files.get(repeated.output_file_id).data == files.get(one.output_file_id).data
