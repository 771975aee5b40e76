"""What a request asks of limits, by its path, headers and body."""

import json

import pytest

from proxy.limits.ask import estimate, is_metered, read

CHAT = "/v1/chat/completions"


def ask(body, path=CHAT, **headers):
    return read(path, headers, json.dumps(body).encode())


def test_a_chat_takes_its_prompt_and_all_answers_it_may_get():
    assert ask({"messages": [{"role": "user", "content": "x" * 41}], "max_tokens": 100}).tokens == 11 + 100
    assert ask({"messages": [], "max_completion_tokens": 50, "n": 3}).tokens == 150
    assert ask({"input": "12345678", "max_output_tokens": 5}, "/v1/responses").tokens == 7
    assert ask({"prompt": "abcd"}, "/completions/").tokens == 1 + 16


def test_what_generates_nothing_takes_its_input():
    assert ask({"input": ["abcd", "efgh"]}, "/v1/embeddings").tokens == 2
    assert ask({"input": [[1, 2, 3], [4]]}, "/v1/embeddings").tokens == 4


def test_pictures_are_not_read_as_text():
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 4000}}

    assert estimate([{"role": "user", "content": [part, {"type": "text", "text": "what?"}]}]) == 2


def test_deep_nesting_is_read():
    deep: object = "a" * 4
    for _ in range(900):
        deep = [deep]

    assert estimate(deep) == 1


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b'{"model": 5, "n": "x", "max_tokens": -1}'])
def test_what_is_wrong_counts_as_missing(body):
    asked = read(CHAT, {}, body)

    assert (asked.model, asked.organization, asked.key, asked.tokens) == ("", "simulator", "", 16)


def test_who_asks_is_in_the_headers():
    asked = ask({"model": "m"}, Authorization="Bearer sk-1", **{"openai-organization": "org-9"})

    assert asked.who(("key", "organization", "model")) == ("sk-1", "org-9", "m")
    assert ask({}, **{"x-api-key": "sk-2"}).key == "sk-2"


def test_images_are_counted_in_json_and_in_forms():
    form = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-image-1\r\n'
        b'--b\r\nContent-Disposition: form-data; name="n"\r\nContent-Type: text/plain\r\n\r\n3\r\n--b--\r\n'
    )
    asked = read("/v1/images/edits", {}, form)

    assert ask({"prompt": "a", "n": 2}, "/v1/images/generations").images == 2
    assert (asked.model, asked.images) == ("gpt-image-1", 3)
    assert ask({"n": 2}).images == 0


def test_only_requests_to_models_are_metered():
    assert is_metered("POST", "/v1/chat/completions/")
    assert is_metered("POST", "/embeddings")
    assert not is_metered("GET", "/v1/chat/completions")
    assert not is_metered("POST", "/v1/files")
