"""A run's journal keeps the newest exchanges within its bounds, and shows them without secrets."""

import json

import pytest
from yarl import URL

from proxy.runs import view
from proxy.runs.journal import MOST_BYTES, MOST_ENTRIES, MOST_OF_ONE, Journal
from proxy.runs.runs import MOST_JOURNAL_BYTES, TRIM_EVERY, Runs
from proxy.runs.whole import whole

MODELS = URL("/v1/models")


class Clock:
    def __init__(self):
        self.time = 100.0

    def __call__(self):
        return self.time


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(clock):
    return Journal(lambda: 1_700_000_000.0, clock)


def exchange(journal, body=b'{"model": "m"}', answer=b'{"usage": {"total_tokens": 3}}', headers=None):
    entry = journal.begin("POST", URL("/v1/chat/completions?api-key=sk-live-1&x=2"), headers or {})
    entry.asked(body)
    entry.status = 200
    entry.sent(answer)
    journal.finish(entry, here=True)
    return entry


def test_entries_are_numbered_and_the_newest_are_kept(journal):
    for _ in range(MOST_ENTRIES + 5):
        exchange(journal)

    assert next(iter(journal)).number == 6
    assert len(list(journal)) == MOST_ENTRIES
    assert journal.begun == MOST_ENTRIES + 5


def test_a_million_entries_stay_within_the_bounds(journal):
    for _ in range(1_000_000):
        journal.finish(journal.begin("GET", MODELS, {}), here=True)

    assert len(list(journal)) == MOST_ENTRIES
    assert journal.bytes <= MOST_BYTES


def test_large_bodies_are_cut_and_old_ones_make_room(journal):
    for _ in range(100):
        exchange(journal, body=b"x" * MOST_OF_ONE * 2, answer=b"y" * MOST_OF_ONE * 2)

    kept = list(journal)
    assert journal.bytes <= MOST_BYTES
    assert 10 < len(kept) < 20
    assert len(kept[0].body) == MOST_OF_ONE
    shown = whole(kept[0])
    assert (shown["request"]["bytes"], shown["request"]["truncated"]) == (2 * MOST_OF_ONE, True)
    assert (shown["answer"]["bytes"], shown["answer"]["truncated"]) == (2 * MOST_OF_ONE, True)


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ({"model": "m", "input": "x" * 900_000}, {"model": "m"}),
        ({"model": "m", "messages": [{"content": "x" * 20_000}] * 60}, {"model": "m"}),
        ({"model": "m", "messages": [{"content": "x"}] * 90_000, "stream": True}, {"model": "m", "stream": True}),
        ({"model": "m", "messages": [{"content": f"{n}" * 100} for n in range(5_000)]}, {"model": "m"}),
        ({"model": "m", "input": "\u6587" * 300_000}, {"model": "m"}),
    ],
)
def test_a_large_request_keeps_what_it_names(journal, document, kept):
    entry = exchange(journal, body=json.dumps(document).encode())

    assert len(entry.body) <= MOST_OF_ONE
    assert entry.is_abridged
    assert json.loads(entry.body).items() >= kept.items()


@pytest.mark.parametrize("body", [b"[" * 400_000, b'{"model": "\xff' + b"x" * 400_000, b'"x' * 200_000])
def test_of_what_is_no_json_the_beginning_is_kept(journal, body):
    assert exchange(journal, body=body).body == body[:MOST_OF_ONE]


def test_an_exchange_that_ends_after_it_had_to_go_changes_nothing(journal):
    first = journal.begin("POST", MODELS, {})
    for _ in range(MOST_ENTRIES):
        exchange(journal)
    before = journal.bytes
    journal.finish(first, here=True)

    assert journal.bytes == before


def test_pieces_have_their_offsets(journal, clock):
    entry = journal.begin("POST", MODELS, {})
    entry.answer_headers = {"Content-Type": "text/event-stream; charset=utf-8"}
    clock.time += 0.25
    entry.sent(b"data: 1\n\ndata")
    clock.time += 0.25
    entry.sent(b": 2\n\n")
    entry.sent(b"data: [DO")
    entry.end = "broken"
    journal.finish(entry, here=False)

    shown = whole(entry)
    assert shown["answer"]["events"] == [
        {"offset_ms": 250.0, "text": "data: 1"},
        {"offset_ms": 500.0, "text": "data: 2"},
        {"offset_ms": 500.0, "text": "data: [DO"},
    ]
    assert shown["answer"]["body"] is None
    assert (shown["end"], shown["ms"]) == ("broken", 500.0)


def test_usage_is_found_in_a_stream_too(journal):
    entry = journal.begin("POST", MODELS, {})
    entry.answer_headers = {"Content-Type": "text/event-stream"}
    entry.sent(b'data: {"usage": null}\n\ndata: {"usage": {"total_tokens": 9}}\n\ndata: [DONE]\n\n')

    assert view.summary(entry)["usage"] == {"total_tokens": 9}


@pytest.mark.parametrize("name", ["Authorization", "x-api-key", "api-key", "Cookie", "X-Auth-Token", "x-password"])
def test_secrets_are_not_shown(journal, name):
    entry = exchange(journal, headers={name: "sk-live-1", "User-Agent": "me"})

    shown = whole(entry)
    assert "sk-live-1" not in str(shown)
    assert shown["request"]["headers"]["user-agent"] == "me"
    assert shown["query"].endswith("&x=2")


def test_a_key_in_a_text_is_not_shown_and_what_is_no_secret_is(journal):
    key = "sk-abcdefghijklmnopqrstuvwx"
    asked = {"messages": [{"content": f"It is\n{key}."}], "tools": [{"authorization": "mine"}], "n": 1}
    said = {"choices": [{"message": {"content": f"Is it {key}?"}, "logprobs": {"content": [{"token": "Is"}]}}]}
    shown = whole(exchange(journal, body=json.dumps(asked).encode(), answer=json.dumps(said).encode()))

    assert shown["request"]["body"] == {
        "messages": [{"content": "It is\n[redacted]."}],
        "tools": [{"authorization": "[redacted]"}],
        "n": 1,
    }
    assert shown["answer"]["body"]["choices"][0] == {
        "message": {"content": "Is it [redacted]?"},
        "logprobs": {"content": [{"token": "Is"}]},
    }


def test_a_key_in_an_event_is_not_shown_nor_is_a_limit_of_tokens_hidden(journal):
    entry = journal.begin("POST", MODELS, {})
    entry.answer_headers = {"Content-Type": "text/event-stream", "x-ratelimit-limit-tokens": "150000"}
    entry.sent(b'data: {"a": "hf_abcdefghijklmnopqrstuv"}\n\n')
    journal.finish(entry, here=True)

    shown = whole(entry)["answer"]
    assert shown["events"][0]["text"] == 'data: {"a": "[redacted]"}'
    assert shown["headers"]["x-ratelimit-limit-tokens"] == "150000"


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"[" * 5000, b"[" * 700 + b"]" * 700, b"{", b"null"])
def test_any_body_can_be_shown(journal, body):
    assert whole(exchange(journal, body=body, answer=body))["model"] is None


def test_many_small_runs_stay_within_one_bound_as_they_come(clock):
    runs = Runs(0, lambda: 0.0, clock)
    for number in range(500):
        for _ in range(3):
            exchange(runs.of(f"run-{number}").journal, body=b"x" * MOST_OF_ONE)
            runs.ended()

    most_between_two_looks = TRIM_EVERY * MOST_OF_ONE * 2
    assert sum(run.journal.bytes for run in runs.all()) <= MOST_JOURNAL_BYTES + most_between_two_looks


def test_all_journals_together_stay_within_one_bound(clock):
    runs = Runs(0, lambda: 0.0, clock)
    for number in range(40):
        journal = runs.of(f"run-{number}").journal
        for _ in range(20):
            exchange(journal, body=b"x" * MOST_OF_ONE, answer=b"")
    small = runs.of("small").journal
    exchange(small)

    runs.trim()

    assert sum(run.journal.bytes for run in runs.all()) <= MOST_JOURNAL_BYTES
    assert len(list(small)) == 1, "the largest give first"
