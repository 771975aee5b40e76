"""Answers become the same whenever they are recorded, in their own bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recordings.steady import CREATED, Steady

STEADY = Steady("key 1")
INNER = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_ids_times_and_measurements_change_and_every_other_byte_stays():
    body = (
        b'{ "id" : "chatcmpl-abc" ,\n"created":1790000000, "model": "m", "system_fingerprint": "b1-2",'
        b'"choices": [{"id": "call_1", "created": 5, "text": "\\"id\\": \\"chatcmpl-abc\\", {\\u00e9}"}],'
        b' "usage": {"total_tokens": 1.50}, "timings": {"a": [1, {"b": 2}]}\n}'
    )
    changed = STEADY.document(body)

    name = json.loads(changed)["id"]
    assert name.startswith("chatcmpl-")
    assert len(name) == 33
    assert (
        changed
        == (
            f'{{ "id" : "{name}" ,\n"created":{CREATED}, "model": "m", "system_fingerprint": "fp_recorded",'
            '"choices": [{"id": "call_1", "created": 5, "text": "\\"id\\": \\"chatcmpl-abc\\", {\\u00e9}"}],'
            ' "usage": {"total_tokens": 1.50}\n}'
        ).encode()
    )


def test_ids_are_the_same_for_the_same_key_and_others_for_another():
    body = b'{"id": "cmpl-1"}'

    assert STEADY.document(body) == STEADY.document(b'{"id": "cmpl-2"}')
    assert STEADY.document(body) != Steady("key 2").document(body)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ('{"id": "resp_1", "created_at": 9}', f'{{"id": "resp_1", "created_at": {CREATED}}}'),
        (
            '{"response": {"id": "resp_1", "created_at": 9}}',
            f'{{"response": {{"id": "resp_1", "created_at": {CREATED}}}}}',
        ),
        ('{"item_id": "msg_1", "obfuscation": "xx"}', '{"item_id": "msg_1"}'),
        ('{"error": {"message": "no"}, "request_id": "req_1"}', '{"error": {"message": "no"}}'),
        ('{"created": null, "system_fingerprint": null}', '{"created": null, "system_fingerprint": null}'),
    ],
)
def test_what_later_requests_name_again_stays(given, wanted):
    assert STEADY.document(given.encode()) == wanted.encode()


@pytest.mark.parametrize(
    "body", [b"", b"[1]", b"{", b'{"id": "chatcmpl-1"', b"\xff\xfe", b'"text"', b"{" * 5000, b'{"a":' * 100_000]
)
def test_what_is_no_json_object_stays_as_it_is(body):
    assert STEADY.document(body) == body


def test_of_an_event_the_data_is_changed_whatever_is_around_it():
    event = b': ping\r\nevent: x\r\ndata: {"id": "chatcmpl-1", "timings": {}}\r\n\r\n'
    changed = STEADY.event(event)

    assert changed.startswith(b': ping\r\nevent: x\r\ndata: {"id": "chatcmpl-')
    assert changed.endswith(b'"}\r\n\r\n')
    assert STEADY.event(b"data: [DONE]\n\n") == b"data: [DONE]\n\n"


@given(st.dictionaries(st.text() | st.sampled_from(["id", "created", "timings", "message", "response"]), INNER))
def test_whatever_the_document_it_stays_json_and_the_rest_of_it_the_same(document):
    changed = json.loads(STEADY.document(json.dumps(document).encode()))

    special = {
        "id",
        "created",
        "created_at",
        "completed_at",
        "timings",
        "obfuscation",
        "request_id",
        "message",
        "response",
    }
    special.add("system_fingerprint")
    assert {name: value for name, value in changed.items() if name not in special} == {
        name: value for name, value in document.items() if name not in special
    }
    assert STEADY.document(json.dumps(changed).encode()) == json.dumps(changed).encode()
