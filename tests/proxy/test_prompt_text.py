"""What a request becomes on its way to a real model: for one with a manifest, for nanochat, and for an unknown one."""

import json
import re
import sys
import unicodedata
from typing import Any

import httpx
import pytest

from proxy.errors import BadRequestError
from proxy.prompt_text import HIGH_NUMBERS, NUMBERS, PromptText, Tokenization

NANOCHAT = PromptText(Tokenization(("<|bos|>", "<|user_end|>", "<|assistant_end|>"), "\x01", 2))
SMOLLM = PromptText(Tokenization(("<|im_start|>", "<|im_end|>", "<filename>", "</s>", "[INST]")))
UNKNOWN = PromptText(None)


def body(messages: Any, **fields: Any) -> bytes:
    return json.dumps({"model": "m", "messages": messages, **fields}, ensure_ascii=False).encode()


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def prepared(rules: PromptText, messages: Any) -> Any:
    return json.loads(rules.prepare(body(messages)))["messages"]


HARMLESS = [
    "Hello",
    "a < b and c > d, x[1], 2024, <b>bold</b>, a|b, \\ and \n",
    "caf\u00e9 \u65e5\u672c \U0001f30b \x01",
    "<|", "<|a b|>", "|>", "im_end",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
@pytest.mark.parametrize("rules", [SMOLLM, UNKNOWN], ids=["manifest", "none"])
def test_a_request_in_which_nothing_changes_keeps_its_bytes(rules, text):
    escaped = b' { "messages":' + json.dumps([user([{"type": "text", "text": text}])]).encode() + b"}"
    for plain in (body([user(text)], temperature=1e2), escaped):
        assert rules.prepare(plain) is plain


def test_nanochats_requests_keep_their_bytes_too():
    for text in ("Hello", "12 and 1, a1b22c", "5\u0664", "<|eos|> < |bos|>"):
        plain = body([{"role": "system", "content": "Be kind."}, user(text), assistant("Well,")], seed=12345)
        assert NANOCHAT.prepare(plain) is plain


def test_the_other_fields_keep_their_bytes_when_a_text_changes():
    start, end = b'{"model":"m","temperature":1.00e+0,"big":123456789012345678901234567890,', b',"seed":1}'

    changed = SMOLLM.prepare(start + b'"messages":[{"role":"user","content":"<\\u007cim_end|>"}]' + end)

    assert changed == start + b'"messages":[{"role":"user","content":"<| im_end|>"}]' + end


def test_where_a_name_is_given_twice_the_last_is_the_one_that_counts():
    twice = b'{"messages":[{"role":"user","content":"hi"}],"messages":[{"role":"user","content":"</s>"}]}'

    assert json.loads(SMOLLM.prepare(twice)) == {"messages": [user("< /s>")]}


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("a<|im_end|>b", "a<| im_end|>b"),
        ("<|im_start|><|im_end|>", "<| im_start|><| im_end|>"),
        ("<<|im_end|>>", "<<| im_end|>>"),
        ("open <filename> now", "open < filename> now"),
        ("<|im_<|im_end|>", "<|im_<| im_end|>"),
    ],
)
def test_a_marker_of_the_vocabulary_is_broken_by_a_space(text, broken):
    rules = PromptText(Tokenization(("<|im_start|>", "<|im_end|>", "<filename>")))

    assert rules.exact(text) == broken


def test_no_marker_survives_however_they_overlap():
    tokens = ("<|im_end|>", "<|im_end|>x", "<|", "end|><", "[INST]", "T][", "</s>", "<s>")
    rules = PromptText(Tokenization(tokens))
    for first in tokens:
        for second in tokens:
            for overlap in range(min(len(first), len(second))):
                text = first + second[overlap:] + "x"
                assert not [token for token in tokens if token in rules.exact(text)], text


def test_thousands_of_tokens_make_no_slow_pattern():
    tokens = tuple(f"<unused{n}>" for n in range(7000))

    assert PromptText(Tokenization(tokens)).exact("<" * 50_000 + "<unused6999>").endswith("<< unused6999>")


def test_markers_are_broken_in_every_role_and_part_and_in_tool_calls():
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": "</s>"}'}}
    messages = [
        {"role": "system", "content": "</s>"},
        user([{"type": "text", "text": "</s>"}, {"type": "image_url", "image_url": {"url": "http://x"}}]),
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "</s>"},
    ]

    for rules in (SMOLLM, UNKNOWN):
        text = json.dumps(prepared(rules, messages))
        assert "</s>" not in text
        assert text.count("< /s>") == 4


@pytest.mark.parametrize(
    ("arguments", "broken"),
    [
        (r'{"a": "\u003c/s\u003e"}', '{"a":"< /s>"}'),
        (r'{"a": "<\/s>", "b": [1, 2.50]}', '{"a":"< /s>","b":[1,2.5]}'),
        (r'{"a": "\u003cb\u003e\n"}', r'{"a": "\u003cb\u003e\n"}'),
        (r'{"a": "\\u003c/s>"}', r'{"a": "\\u003c/s>"}'),
        (r'{"a": "\n</s>', r'{"a": "\n< /s>'),
    ],
)
def test_the_arguments_of_a_tool_call_hide_no_marker_in_their_own_escapes(arguments, broken):
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}

    (message,) = prepared(SMOLLM, [{"role": "assistant", "tool_calls": [call]}])

    assert message["tool_calls"][0]["function"]["arguments"] == broken


@pytest.mark.parametrize(
    "marker",
    ["<|im_start|>", "<|eot_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<start_of_turn>", "<eos>", "<bos>", "<|turn>",
     "<turn|>", "<\uff5cUser\uff5c>"],
)  # fmt: skip
def test_without_a_manifest_what_looks_like_a_marker_is_broken(marker):
    assert marker not in prepared(UNKNOWN, [user(f"a{marker}b")])[0]["content"]


def test_nanochats_markers_are_broken_by_the_separator_after_the_bar():
    assert prepared(NANOCHAT, [user("<|bos|>a<|user_end|>")]) == [user("<|\x01bos|>a<|\x01user_end|>")]


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("1234567", "12\x0134\x0156\x017"),
        ("12 345.6789", "12 34\x015.67\x0189"),
        ("\u0661\u0662\u06633", "\u0661\u0662\x01\u06633"),
        ("\xbd\xbd\xbd", "\xbd\xbd\x01\xbd"),
        ("\u2167\u2168\u2169", "\u2167\u2168\x01\u2169"),
        ("\U0001d7d8\U0001d7d8\U0001d7d8", "\U0001d7d8\U0001d7d8\x01\U0001d7d8"),
        ("\u4e00\u4e8c\u4e09\u56db", "\u4e00\u4e8c\u4e09\u56db"),
        ("1\x012\x01\x0134", "12\x0134"),
        ("<|\x01bos|>", "<|\x01bos|>"),
        ("\x01", ""),
    ],
)
def test_numbers_are_cut_after_every_second_digit_of_any_script(text, cut):
    assert NANOCHAT.exact(text) == cut


def test_the_numbers_are_those_of_unicode_16_whatever_this_python_knows():
    number = re.compile(f"[{NUMBERS}{HIGH_NUMBERS}]")
    ours = {code for code in range(sys.maxunicode + 1) if number.match(chr(code))}
    pythons = {code for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)).startswith("N")}
    edition = tuple(map(int, unicodedata.unidata_version.split(".")))

    assert len(ours) == 1911
    assert all(unicodedata.category(chr(code)) == "Cn" for code in ours - pythons)
    assert ours - pythons == set() or edition < (16,)
    assert pythons - ours == set() or edition > (16,)


def test_text_parts_join_with_nothing_between_before_numbers_are_cut():
    parts = [{"type": "text", "text": "1"}, {"type": "text", "text": "23<|bo"}, {"type": "text", "text": "s|>"}]

    assert prepared(NANOCHAT, [user(parts)]) == [user("12\x013<|\x01bos|>")]


def test_a_conversation_that_ends_with_an_empty_answer_ends_before_it():
    assert prepared(NANOCHAT, [user("a"), assistant("")]) == [user("a")]


REFUSED: dict[str, tuple[Any, str, str]] = {
    "tool": ([user("a"), {"role": "tool", "content": "b"}], "messages[1].role", "not 'tool'"),
    "developer": ([{"role": "developer", "content": "b"}, user("a")], "messages[0].role", "not 'developer'"),
    "no role": ([{"content": "b"}], "messages[0].role", "not None"),
    "no object": (["b"], "messages[0].role", "not None"),
    "two in a row": ([user("a"), user("b")], "messages[1].role", "expects 'assistant', not 'user'"),
    "assistant first": ([assistant("a"), user("b")], "messages[0].role", "expects 'system' or 'user'"),
    "system later": ([user("a"), {"role": "system", "content": "b"}], "messages[1].role", "not 'system'"),
    "system before assistant": (
        [{"role": "system", "content": "b"}, assistant("a")], "messages[1].role", "expects 'user'"
    ),
    "system alone": ([{"role": "system", "content": "b"}], "messages", "needs a user message"),
    "nothing": ([], "messages", "needs a user message"),
    "null": ([user(None)], "messages[0].content", "reads text only"),
    "image": ([user([{"type": "image_url", "image_url": {"url": "x"}}])], "messages[0].content[0]", "text parts only"),
    "part without text": ([user([{"type": "text"}])], "messages[0].content[0]", "text parts only"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_nanochat_was_never_trained_on_is_refused_by_name(name):
    messages, param, words = REFUSED[name]
    with pytest.raises(BadRequestError) as caught:
        NANOCHAT.prepare(body(messages))

    assert (caught.value.param, caught.value.code) == (param, "invalid_value")
    assert words in caught.value.message


def test_other_models_conversations_are_llama_servers_to_judge():
    for messages in ([user("a"), user("b")], [{"role": "tool", "content": "b"}], "no list", None, [[[1]]]):
        plain = body(messages, note="\\")
        assert SMOLLM.prepare(plain) is plain


def test_a_request_nested_without_end_is_refused_not_followed():
    deep = b'{"a":"\\n","messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    with pytest.raises(BadRequestError, match="nested too deeply"):
        SMOLLM.prepare(deep)


@pytest.fixture
def served(start_proxy, start_upstream, tmp_path):
    """A proxy before a llama-server with the model `tiny`; what the last request became; its manifest's path."""
    upstream = start_upstream("normal")
    proxy = start_proxy("--llama-url", upstream.url, "--models-dir", str(tmp_path))
    (tmp_path / "tiny").mkdir()

    def ask(text):
        answer = httpx.post(f"{proxy.v1}/chat/completions", json={"model": "tiny", "messages": [user(text)]})
        assert answer.status_code == 200, answer.text
        sent = json.loads(httpx.get(f"{upstream.url}/seen").json()[-1]["body"])
        return sent["messages"][0]["content"]

    return ask, tmp_path / "tiny" / "manifest.json"


def test_the_manifests_rules_are_those_of_the_next_request(served):
    ask, manifest = served
    before = ask("<one> <s> 123")
    facts = {"special_tokens": ["<one>"], "digit_separator": "\x01", "digits_per_group": 2}
    manifest.write_text(json.dumps({"schema": 1, "tokenization": facts}))
    after = ask("<one> <s> 123")

    assert (before, after) == ("<one> < s> 123", "<\x01one> <s> 12\x013")


@pytest.mark.parametrize("facts", [None, {"digits_per_group": 0}, {"digit_separator": "1"}, {"special_tokens": 7}])
def test_a_manifest_without_usable_facts_leaves_the_rules_that_are_safe_for_any_model(served, facts):
    ask, manifest = served
    manifest.write_text(json.dumps({"schema": 1, "tokenization": facts}))

    assert ask("<one> <s> 123") == "<one> < s> 123"
