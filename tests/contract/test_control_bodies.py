"""Whatever is posted to the control surface, nobody sees a traceback: it is taken, or it is a 400 that says why."""

import pytest

from proxy.control.routes import ROUTES

POSTS = [path for method, path, _ in ROUTES if method == "POST"]
NESTED = {"objects": b'{"from":' * 5_000, "lists": b'{"from":' + b"[" * 3_000 + b"]" * 3_000 + b"}"}
ODD = {
    "not a number": b'{"from": NaN, "seed": NaN, "now": NaN, "wait_s": NaN}',
    "too large a number": b'{"now": 1e999, "seed": 1e999, "ttft": 1e999}',
    "half a character": b'{"from": "\\ud800", "fault": "\\ud800"}',
    "not UTF-8": b'{"from": "\xff", "fault": "\xff"}',
    "another encoding": '{"from": null}'.encode("utf-16"),
    "nothing": b"",
    "blanks": b" \n",
    "half an object": b'{"from":',
    "a number": b"7",
    "a text": b'"x"',
    "null": b"null",
    "a list": b"[[]]",
    "wrong types": b'{"from": 7, "fault": 7, "seed": "x", "rules": 7, "assertions": 7, "limits": 7, "ttft": []}',
}


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", ODD)
def test_a_body_that_makes_no_sense_is_a_400(run, path, body):
    answer = run.post(path, content=ODD[body])

    needs_none = path == "/_sim/recording" and not ODD[body].strip()
    assert answer.status_code == (201 if needs_none else 400)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("body", NESTED)
def test_a_body_that_is_nested_too_deeply_is_told_so(run, path, body):
    answer = run.post(path, content=NESTED[body])

    assert answer.status_code == 400
    assert "nested" in answer.json()["error"]["message"]
