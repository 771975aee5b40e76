"""What looks like a secret goes, and what does not stays."""

import json

import pytest

from proxy.runs.redaction import names_a_secret, redacted, secrets_of


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefghijklmnopqrstuvwx",
        "sk-proj-Abc_123-abcdefghijklmnop",
        "sk-ant-api03-abcdefghijklmnop",
        "sk_live_abcdefghijklmnop1234",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_abcdefghijklmnopqrstuv",
        "hf_abcdefghijklmnopqrstuv",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "xoxb-1234567890-abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefghij",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_key_goes_wherever_it_stands(secret):
    assert redacted(f"use {secret}, please") == "use [redacted], please"
    assert redacted(redacted(f"use {secret}")) == "use [redacted]"
    body = json.dumps({"text": f'"{secret}"', "n": [secret], "line": f"it is\n{secret}"})
    if "\n" not in secret:
        hidden = {"text": '"[redacted]"', "n": ["[redacted]"], "line": "it is\n[redacted]"}
        assert json.loads(redacted(body)) == hidden


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"),
        ("password = hunter22, ok", "password = [redacted], ok"),
        ('{"api_key": "abc123def"}', '{"api_key": "[redacted]"}'),
        (r"{\"api-key\": \"abc123def\"}", r"{\"api-key\": \"[redacted]\"}"),
        ("my own-key-here", "my [redacted]"),
    ],
)
def test_what_stands_behind_its_name_goes_and_what_is_known(text, wanted):
    assert redacted(text, ("own-key-here",)) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "The secret: everything is a matter of taste",
        "risk-averse-investors-prefer-bonds",
        "call_abcdefghijklmnopqrstuvwx and resp_0123456789abcdefghij",
        "a bearer of bad news",
        "The token: 12",
        '{"secret": 1000.25}',
    ],
)
def test_what_people_write_stays(text):
    assert redacted(text) == text


def test_names_and_headers_of_secrets_are_known():
    assert [
        name for name in ("api_key", "X-Api-Key", "Authorization", "auth_token", "token") if not names_a_secret(name)
    ] == []
    assert [name for name in ("max_tokens", "model", "tokens", "key") if names_a_secret(name)] == []
    headers = {"Authorization": "Bearer abcdefgh12", "x-api-key": "anything", "Host": "abcdefghij1"}
    assert secrets_of(headers) == ("abcdefgh12",)
