"""`POST /v1/completions` over HTTP: prompts of every kind, plain and streamed alike, and errors in OpenAI's words."""

import asyncio
import json
import math

import httpx
import pytest

from proxy.sim.tokens import encode


@pytest.fixture
def complete(http):
    def ask(prompt, **fields):
        return http.post("/v1/completions", json={"model": "gpt-3.5-turbo-instruct", "prompt": prompt, **fields})

    return ask


def events_of(answer):
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, last, rest = answer.text.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def texts(answer):
    return [choice["text"] for choice in answer.json()["choices"]]


def test_the_answer_has_openais_fields(complete):
    body = complete("Once upon a time").json()

    assert list(body) == ["id", "object", "created", "model", "choices", "usage", "system_fingerprint"]
    assert body["id"].startswith("cmpl-")
    assert (body["object"], body["model"]) == ("text_completion", "gpt-3.5-turbo-instruct")
    (choice,) = body["choices"]
    assert list(choice) == ["text", "index", "logprobs", "finish_reason"]
    assert (choice["index"], choice["logprobs"], choice["finish_reason"]) == (0, None, "length")


def test_sixteen_tokens_are_written_unless_told(complete):
    assert complete("Once upon a time").json()["usage"]["completion_tokens"] == 16
    assert complete("Once upon a time", max_tokens=40).json()["usage"]["completion_tokens"] == 40


def test_a_smaller_limit_gives_the_beginning_of_the_text(complete):
    (whole,), (beginning,) = texts(complete("The sea is", max_tokens=500)), texts(complete("The sea is", max_tokens=9))

    assert whole.startswith(beginning)
    assert len(beginning) < len(whole)
    assert complete("The sea is", max_tokens=500).json()["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("prompt", "beginning"), [("The sea", " "), ("The sea ", ""), ("What is the sea?", "\n\n"), ("", "")]
)
def test_the_text_goes_on_where_the_prompt_ends(complete, prompt, beginning):
    (text,) = texts(complete(prompt))

    assert text.removeprefix(beginning)[0].isalpha()
    assert text.startswith(beginning)


def test_the_same_request_gives_the_same_bytes_and_each_field_of_it_counts(complete):
    def ask(**fields):
        body = complete(**({"prompt": "Bees make", "max_tokens": 30} | fields)).json()
        return body["id"], body["choices"][0]["text"]

    assert ask() == ask() == ask(user="me", temperature=0, seed=0)
    others = [ask(seed=1), ask(suffix="from flowers."), ask(prompt="Bees made")]
    assert len({text for _, text in [ask(), *others]}) == 4
    assert len({name for name, _ in [ask(), *others, ask(n=2), ask(max_tokens=31), ask(stop="."), ask(echo=True)]}) == 8


def test_prompts_are_answered_in_order_each_as_it_would_be_alone(complete):
    body = complete(["Bees", "The sea", "Bees"], n=2).json()

    assert [choice["index"] for choice in body["choices"]] == list(range(6))
    one, other = texts(complete("Bees", n=2)), texts(complete("The sea", n=2))
    assert [choice["text"] for choice in body["choices"]] == one + other + one
    assert one[0] != one[1]
    assert (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"]) == (6, 96)


def test_token_arrays_are_read_as_the_text_that_they_spell(complete):
    spelled = encode("Bees make honey")

    assert texts(complete(spelled)) == texts(complete("Bees make honey"))
    batch = complete([[7, 8], spelled])
    assert texts(batch)[1] == texts(complete(spelled))[0] != texts(batch)[0]
    assert batch.json()["usage"]["prompt_tokens"] == 2 + len(spelled)
    assert texts(complete([*spelled, 199_999], echo=True, max_tokens=0)) == ["Bees make honey<|endoftext|>"]


def test_an_echo_is_the_prompt_before_the_text_and_no_token_of_the_answer(complete):
    plain, echoed = complete("Bees make").json(), complete("Bees make", echo=True).json()

    assert echoed["choices"][0]["text"] == "Bees make" + plain["choices"][0]["text"]
    assert echoed["usage"] == plain["usage"]
    assert texts(complete("Bees make", echo=True, max_tokens=0)) == ["Bees make"]
    assert texts(complete(encode("蜜蜂 🐝"), echo=True, max_tokens=0)) == ["蜜蜂 🐝"]
    assert texts(complete(encode("🐝")[:1], echo=True, max_tokens=0)) == ["\ufffd"]


def test_a_stop_ends_the_text_before_it(complete):
    (whole,) = texts(complete("Bees", max_tokens=200))
    word = whole.split()[5]

    for stop in (word, ["never said", word], [word, whole[-9:]]):
        answer = complete("Bees", max_tokens=200, stop=stop)
        assert texts(answer) == [whole[: whole.index(word)]]
        assert answer.json()["choices"][0]["finish_reason"] == "stop"


def test_the_usage_counts_all_candidates_of_which_the_best_are_shown(complete):
    body = complete("Bees", n=2, best_of=5).json()

    assert len(body["choices"]) == 2
    assert body["usage"]["completion_tokens"] == 5 * 16


def test_of_several_candidates_the_likeliest_are_shown(complete):
    def mean(choice):
        return sum(choice["logprobs"]["token_logprobs"]) / len(choice["logprobs"]["tokens"])

    every = complete("Bees", n=8, logprobs=0).json()["choices"]
    best = texts(complete("Bees", n=2, best_of=8))
    assert best == [choice["text"] for choice in sorted(every, key=mean, reverse=True)[:2]]


def test_logprobs_are_of_the_tokens_that_were_sent(complete):
    body = complete("Bees make", logprobs=3, max_tokens=30).json()

    told = body["choices"][0]["logprobs"]
    assert list(told) == ["tokens", "token_logprobs", "top_logprobs", "text_offset"]
    assert "".join(told["tokens"]) == body["choices"][0]["text"]
    assert len(told["tokens"]) == body["usage"]["completion_tokens"] == 30
    for token, logprob, top in zip(told["tokens"], told["token_logprobs"], told["top_logprobs"], strict=True):
        assert logprob <= 0
        assert len(top) == 3
        assert top[token] == max(top.values()) == logprob
        assert sum(math.exp(value) for value in top.values()) <= 1


def test_offsets_count_from_the_beginning_of_the_prompt(complete):
    told = complete("Bees make", logprobs=0).json()["choices"][0]["logprobs"]

    offset = len("Bees make")
    for token, start in zip(told["tokens"], told["text_offset"], strict=True):
        assert start == offset
        offset += len(token)


def test_an_echo_tells_of_the_prompts_tokens_too_but_for_the_first(complete):
    alone = complete("Bees make 🐝", logprobs=2).json()["choices"][0]
    choice = complete("Bees make 🐝", logprobs=2, echo=True).json()["choices"][0]

    told, prompt_tokens = choice["logprobs"], len(encode("Bees make 🐝"))
    assert told["token_logprobs"][0] is told["top_logprobs"][0] is None
    assert None not in told["token_logprobs"][1:]
    assert {name: values[prompt_tokens:] for name, values in told.items()} == alone["logprobs"]
    assert told["tokens"][:3] == ["Be", "es", " make"]
    assert told["tokens"][prompt_tokens - 1].startswith("bytes:\\x")
    assert told["text_offset"][:3] == [0, 2, 4]
    assert all(0 <= offset <= len(choice["text"]) for offset in told["text_offset"])


def test_a_prompt_is_scored_without_writing_anything(complete):
    scored = complete([encode("Bees make honey"), [7]], logprobs=1, echo=True, max_tokens=0).json()

    one, other = scored["choices"]
    assert "".join(one["logprobs"]["tokens"]) == one["text"] == "Bees make honey"
    assert other["logprobs"]["token_logprobs"] == [None]
    assert scored["usage"]["completion_tokens"] == 0
    (empty,) = complete("", logprobs=1, echo=True, max_tokens=0).json()["choices"]
    assert empty["logprobs"] == {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}


def test_a_long_prompt_is_scored_while_others_are_answered(simulator):
    async def ask_both():
        async with httpx.AsyncClient(base_url=simulator.v1, timeout=60) as client:
            fields = {"model": "a", "prompt": "word " * 50_000, "echo": True, "logprobs": 1, "max_tokens": 0}
            long = asyncio.ensure_future(client.post("/completions", json=fields))
            while not long.done():
                assert (await client.get("/models")).status_code == 200
            return (await long).json()

    body = asyncio.run(ask_both())
    assert len(body["choices"][0]["logprobs"]["tokens"]) == body["usage"]["prompt_tokens"] == 50_001


def test_banned_tokens_are_not_written_and_wanted_ones_alone(complete):
    (text,) = texts(complete("Bees", max_tokens=40))
    ids = encode(text)
    (other,) = texts(complete("Bees", max_tokens=40, logit_bias={str(each): -100 for each in ids[:5]}))
    assert not set(ids[:5]) & set(encode(other))

    (only,) = texts(complete("Bees", logit_bias={str(encode(" honey")[0]): 100}))
    assert only == " honey" * 16


STREAMED = [
    {"prompt": ["Bees make", "🐝"], "logprobs": 2, "n": 2, "max_tokens": 30},
    {"prompt": "Bees make 🐝", "logprobs": 0, "echo": True, "stop": "."},
    {"prompt": "Bees make"},
    {"prompt": "Bees make", "echo": True, "max_tokens": 100},
    {"prompt": ["Bees", "The sea is"], "n": 2, "stop": "."},
    {"prompt": [[7, 8], [9]], "echo": True},
    {"prompt": "Bees", "max_tokens": 0},
    {"prompt": "蜜蜂 🐝", "echo": True, "n": 12, "max_tokens": 50},
]


@pytest.mark.parametrize("fields", STREAMED)
def test_a_joined_stream_is_the_plain_answer(complete, fields):
    plain = complete(**fields).json()
    events = events_of(complete(**fields, stream=True))

    assert {(event["id"], event["object"], event["model"], event["system_fingerprint"]) for event in events} == {
        (plain["id"], "text_completion", plain["model"], plain["system_fingerprint"])
    }
    for choice in plain["choices"]:
        own = [each for event in events for each in event["choices"] if each["index"] == choice["index"]]
        assert "".join([each["text"] for each in own]) == choice["text"]
        assert [each["finish_reason"] for each in own] == [None] * (len(own) - 1) + [choice["finish_reason"]]
        assert own[-1]["text"] == ""
        told = [each["logprobs"] for each in own if each["logprobs"]]
        if choice["logprobs"] is not None:
            joined = {name: [value for part in told for value in part[name]] for name in choice["logprobs"]}
            assert joined == choice["logprobs"]
        else:
            assert not told
    assert all("usage" not in event for event in events)


@pytest.mark.parametrize("fields", STREAMED)
def test_the_usage_comes_last_where_it_is_asked_for(complete, fields):
    *events, last = events_of(complete(**fields, stream=True, stream_options={"include_usage": True}))

    assert all(event["usage"] is None and len(event["choices"]) == 1 for event in events)
    assert (last["choices"], last["usage"]) == ([], complete(**fields).json()["usage"])


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": 7}, "prompt", "invalid_type"),
        ({"prompt": []}, "prompt", "empty_array"),
        ({"prompt": ["a", 1]}, "prompt", "invalid_type"),
        ({"prompt": [[1], []]}, "prompt[1]", "empty_array"),
        ({"prompt": [[1], ["a"]]}, "prompt[1][0]", "invalid_type"),
        ({"prompt": [-1]}, "prompt[0]", "integer_below_min_value"),
        ({"prompt": [[7], [199_998]]}, "prompt[1]", "invalid_value"),
        ({"prompt": [200_019]}, "prompt[0]", "integer_above_max_value"),
        ({"prompt": ["a"] * 2049}, "prompt", "array_above_max_length"),
        ({"prompt": ["a"] * 600, "n": 4}, "prompt", None),
        ({"prompt": "a", "max_tokens": -1}, "max_tokens", "integer_below_min_value"),
        ({"prompt": "a", "max_tokens": 128_000}, "prompt", "context_length_exceeded"),
        ({"prompt": "word " * 128_000}, "prompt", "context_length_exceeded"),
        ({"prompt": "word " * 100_000, "echo": True, "n": 128}, "echo", None),
        ({"prompt": "a", "n": 0}, "n", "integer_below_min_value"),
        ({"prompt": "a", "n": 129}, "n", "integer_above_max_value"),
        ({"prompt": "a", "best_of": 21}, "best_of", "integer_above_max_value"),
        ({"prompt": "a", "n": 3, "best_of": 2}, "best_of", None),
        ({"prompt": "a", "best_of": 2, "stream": True}, "best_of", None),
        ({"prompt": "a", "logprobs": 6}, "logprobs", "integer_above_max_value"),
        ({"prompt": "a", "logprobs": True}, "logprobs", "invalid_type"),
        ({"prompt": "word " * 100_000, "echo": True, "logprobs": 0, "n": 2}, "logprobs", None),
        ({"prompt": "a", "stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"prompt": "a", "temperature": 2.1}, "temperature", "decimal_above_max_value"),
        ({"prompt": "a", "stream_options": {"include_usage": True}}, "stream_options", None),
        ({"prompt": "a", "logit_bias": {"x": 1}}, "logit_bias", None),
        ({"prompt": "a", "logit_bias": {"50256": 101}}, "logit_bias.50256", "decimal_above_max_value"),
        ({"prompt": "a", "echo": "yes"}, "echo", "invalid_type"),
        ({"prompt": "a", "messages": []}, "messages", "unknown_parameter"),
        ({}, "prompt", "missing_required_parameter"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(http, fields, param, code):
    answer = http.post("/v1/completions", json={"model": "gpt-3.5-turbo-instruct", **fields})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"model":"a","prompt":"\\ud800"}', b"[" * 10_000]
)
def test_broken_bodies_are_a_400(http, body):
    assert http.post("/v1/completions", content=body).status_code == 400


def test_a_lenient_server_takes_unknown_fields_out(start_proxy):
    proxy = start_proxy("--lenient")

    body = {"model": "a", "prompt": "Bees", "messages": [], "stream_options": {"new": 1}, "stream": True}
    assert httpx.post(f"{proxy.v1}/completions", json=body).status_code == 200
    body["prompt"] = 7
    assert httpx.post(f"{proxy.v1}/completions", json=body).json()["error"]["param"] == "prompt"


def test_the_real_model_is_asked_by_its_name_with_the_bytes_as_they_are(start_proxy, start_upstream):
    llama = start_upstream("normal")
    proxy = start_proxy("--llama-url", llama.url)
    body = b'{ "model":"tiny","prompt":"<|im_start|>user\\n","unknown_to_openai": 1.50 }'

    assert httpx.post(f"{proxy.v1}/completions", content=body).status_code == 200
    (seen,) = httpx.get(f"{llama.url}/seen").json()
    assert (seen["path"], seen["body"]) == ("/v1/completions", body.decode())


def test_strict_models_refuses_other_names(start_proxy):
    proxy = start_proxy("--strict-models")

    def ask(model):
        return httpx.post(f"{proxy.v1}/completions", json={"model": model, "prompt": "a"}).status_code

    assert (ask("gpt-sim-1"), ask("gpt-3.5-turbo-instruct")) == (200, 404)
