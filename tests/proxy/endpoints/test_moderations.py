"""`POST /v1/moderations` over HTTP: texts, images, models, and errors in OpenAI's words."""

import httpx
import pytest

CATEGORIES = {
    *("harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm"),
    *("self-harm/intent", "self-harm/instructions", "sexual", "sexual/minors", "violence", "violence/graphic"),
}
SEE_IMAGES = {name for name in CATEGORIES if name.startswith(("self-harm", "violence"))} | {"sexual"}


@pytest.fixture
def moderate(http):
    def ask(value, **fields):
        return http.post("/v1/moderations", json={"input": value, **fields})

    return ask


def text(value):
    return {"type": "text", "text": value}


def image(url):
    return {"type": "image_url", "image_url": {"url": url}}


def test_the_answer_has_openais_fields(moderate):
    body = moderate("I want to kill them.").json()

    assert list(body) == ["id", "model", "results"]
    assert body["id"].startswith("modr-")
    assert body["model"] == "omni-moderation-latest"
    (result,) = body["results"]
    assert list(result) == ["flagged", "categories", "category_scores", "category_applied_input_types"]
    assert set(result["categories"]) == set(result["category_scores"]) == CATEGORIES
    assert set(result["category_applied_input_types"]) == CATEGORIES
    assert result["flagged"] is True


def test_a_category_is_flagged_where_its_score_is_at_least_a_half(moderate):
    for result in moderate(["I want to kill them.", "a knife", "Sample text goes here."]).json()["results"]:
        assert result["categories"] == {name: score >= 0.5 for name, score in result["category_scores"].items()}
        assert result["flagged"] == any(result["categories"].values())


def test_each_text_of_an_array_has_its_own_result(moderate):
    one, other = moderate(["porn", "flowers"]).json()["results"]

    assert (one["flagged"], other["flagged"]) == (True, False)
    assert other == moderate("flowers").json()["results"][0]


def test_the_same_request_gives_the_same_bytes_and_another_another_id(moderate):
    assert moderate("a").content == moderate("a").content
    assert len({moderate(value).json()["id"] for value in ("a", "b", ["a", "b"], ["ab"])}) == 4


def test_parts_are_one_input_and_some_categories_look_at_images(moderate):
    (result,) = moderate([text("flowers"), image("https://example.com/a.png")]).json()["results"]

    for name, kinds in result["category_applied_input_types"].items():
        assert kinds == (["text", "image"] if name in SEE_IMAGES else ["text"])
    assert not result["flagged"]


def test_of_an_image_the_words_of_its_address_are_seen(moderate):
    (result,) = moderate([image("https://example.com/blood%20everywhere/i_will-hurt_you.png")]).json()["results"]

    assert {name for name, flag in result["categories"].items() if flag} == {"violence", "violence/graphic"}
    for name, kinds in result["category_applied_input_types"].items():
        assert kinds == (["image"] if name in SEE_IMAGES else [])
        assert kinds or result["category_scores"][name] == 0


def test_an_image_in_the_request_is_not_looked_at(moderate):
    (result,) = moderate([image("data:image/png;base64,/porn/+gore+/")]).json()["results"]

    assert not result["flagged"]


def test_the_old_models_know_texts_only_and_nothing_illicit(moderate):
    body = moderate("how to make a bomb", model="text-moderation-latest").json()

    assert body["model"] == "text-moderation-latest"
    assert body["results"][0]["categories"]["illicit"] is None
    assert body["results"][0]["flagged"] is False
    refused = moderate([image("https://example.com/a.png")], model="text-moderation-stable")
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "input[0].type")


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "input", "missing_required_parameter"),
        ({"input": None}, "input", "invalid_type"),
        ({"input": []}, "input", "empty_array"),
        ({"input": [1]}, "input[0]", "invalid_type"),
        ({"input": ["a", text("b")]}, "input", "invalid_type"),
        ({"input": [{"type": "text"}]}, "input[0].text", "missing_required_parameter"),
        ({"input": [{"type": "image_url"}]}, "input[0].image_url", "missing_required_parameter"),
        ({"input": [{"type": "sound"}]}, "input[0].type", "invalid_value"),
        ({"input": [image("a.png")]}, "input[0].image_url.url", "invalid_url"),
        ({"input": "a" * 1_000_001}, "input", "string_above_max_length"),
        ({"input": "a", "model": ""}, "model", "empty_string"),
        ({"input": "a", "threshold": 1}, "threshold", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(http, fields, param, code):
    answer = http.post("/v1/moderations", json=fields)

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_a_million_characters_are_read(moderate):
    assert moderate("kill the light and go home " * 37_000 + "I want to kill them").json()["results"][0]["flagged"]


def test_strict_models_refuses_names_that_are_not_listed(start_proxy):
    proxy = start_proxy("--strict-models")

    def ask(**fields):
        return httpx.post(f"{proxy.v1}/moderations", json={"input": "a", **fields}).status_code

    assert (ask(), ask(model="gpt-sim-1"), ask(model="omni-moderation-latest")) == (200, 200, 404)


def test_the_real_model_is_asked_by_its_name(start_proxy, start_upstream):
    llama = start_upstream("normal")
    proxy = start_proxy("--llama-url", llama.url)

    httpx.post(f"{proxy.v1}/moderations", json={"model": "tiny", "input": "a"})
    (seen,) = httpx.get(f"{llama.url}/seen").json()
    assert seen["path"] == "/v1/moderations"
