"""The fields and tools of `POST /v1/responses`, each by its type, and the words for what is wrong with them."""

from typing import Any

import pytest

from tests.proxy.endpoints.responses_cases import CALL, CODE, WEATHER

HOSTED: list[dict[str, Any]] = [
    {"type": "web_search", "filters": {"allowed_domains": ["a.org"]}, "user_location": {"type": "approximate"}},
    {"type": "web_search_preview", "search_context_size": "low", "search_content_types": ["text"]},
    {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5, "ranking_options": {"ranker": "auto"}},
    {"type": "computer"},
    {"type": "computer_use_preview", "display_height": 768, "display_width": 1024, "environment": "browser"},
    {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"], "memory_limit": "4g"}},
    {"type": "code_interpreter", "container": "cntr_1"},
    {"type": "image_generation", "size": "1024x1024", "quality": "high", "partial_images": 2},
    {"type": "mcp", "server_label": "a", "server_url": "https://a.org", "require_approval": "never"},
    {"type": "mcp", "server_label": "a", "connector_id": "connector_gmail", "require_approval": {"never": {}}},
    {"type": "local_shell"},
    {"type": "shell", "environment": {"type": "local"}},
    {"type": "apply_patch"},
    {"type": "tool_search", "execution": "client"},
    {"type": "programmatic_tool_calling"},
]
LACKING = {
    "file_search": "vector_store_ids",
    "code_interpreter": "container",
    "mcp": "server_label",
    "computer_use_preview": "display_height",
}
MOVED = {
    "messages": "input",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "max_completion_tokens": "max_output_tokens",
    "functions": "tools",
}
OF_ANOTHER_TYPE: list[tuple[dict[str, Any], str, str]] = [
    ({"input": None}, "input", "expected a string, but got an object instead."),
    ({"input": {"a": 1}}, "input", "expected one of a string or array of input items, but got an object instead."),
    ({"input": [5]}, "input[0]", "expected an input item, but got an integer instead."),
    ({"tools": "x"}, "tools", "expected an array of tools, but got a string instead."),
    ({"metadata": "x"}, "metadata", "expected a metadata object, but got a string instead."),
    ({"truncation": {}}, "truncation", "expected one of 'auto' or 'disabled', but got an object instead."),
    ({"tool_choice": 7}, "tool_choice", "one of an object or 'none', 'auto', or 'required', but got an integer"),
    ({"reasoning": "low"}, "reasoning", "expected an object, but got a string instead."),
    ({"include": "x"}, "include", "expected an array of one of 'fil...lts', 'web...lts', 'web...ces', 'mes...url', "),
    ({"context_management": "x"}, "context_management", "expected an array of objects, but got a string instead."),
    ({"moderation": "x"}, "moderation", "expected an object, but got a string instead."),
    ({"prompt_cache_options": "x"}, "prompt_cache_options", "expected an object, but got a string instead."),
    ({"presence_penalty": "x"}, "presence_penalty", "expected a decimal, but got a string instead."),
    ({"frequency_penalty": "x"}, "frequency_penalty", "expected a decimal, but got a string instead."),
]
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"context_management": [{"type": "x"}]}, "context_management[0].type", "invalid_value"),
    ({"moderation": {}}, "moderation.model", "missing_required_parameter"),
    ({"prompt_cache_options": {"bogus": 1}}, "prompt_cache_options.bogus", "unknown_parameter"),
    ({"prompt_cache_options": {"ttl": "1h"}}, "prompt_cache_options.ttl", "invalid_value"),
    ({"background_options": {"completion_window": "x"}}, "background_options.completion_window", "invalid_value"),
    ({"image": {"context_compression": "x"}}, "image.context_compression", "invalid_value"),
    ({"access_programs": {"cyber": "x"}}, "access_programs.cyber", "invalid_value"),
    ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value"),
    ({"frequency_penalty": -3}, "frequency_penalty", "decimal_below_min_value"),
]
RIGHT: dict[str, Any] = {
    "context_management": [{"type": "compaction", "compact_threshold": 1000}],
    "moderation": {"model": "omni-moderation-latest", "policy": {"input": {"mode": "score"}}},
    "prompt_cache_options": {"mode": "explicit", "ttl": "30m"},
    "background_options": {"completion_window": "soonest"},
    "image": {"context_compression": "auto"},
    "access_programs": {"cyber": "standard"},
}


@pytest.fixture
def ask(http):
    def ask(**fields):
        return http.post("/v1/responses", json={"model": "gpt-sim-1", "input": "Hi", **fields})

    return ask


def refused(answer, param, code):
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code), error
    return error["message"]


@pytest.mark.parametrize("tool", HOSTED)
def test_a_tool_of_openais_is_accepted_as_the_sdk_describes_it(ask, tool):
    assert ask(tools=[tool]).json()["tools"] == [tool]


@pytest.mark.parametrize("kind", LACKING)
def test_a_tool_of_openais_without_what_it_needs_is_refused(ask, kind):
    told = refused(ask(tools=[{"type": kind}]), f"tools[0].{LACKING[kind]}", "missing_required_parameter")

    assert told == f"Missing required parameter: 'tools[0].{LACKING[kind]}'."


@pytest.mark.parametrize("tool", HOSTED)
def test_a_field_that_a_tool_of_openais_does_not_have_is_refused(ask, tool):
    assert refused(ask(tools=[tool | {"bogus": 1}]), "tools[0].bogus", "unknown_parameter")


@pytest.mark.parametrize("name", MOVED)
def test_a_field_of_chats_is_told_where_it_has_moved(ask, name):
    assert refused(ask(**{name: "x"}), None, "unsupported_parameter") == (
        f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{MOVED[name]}'. Try "
        "again with the new parameter. See the API documentation for more information: "
        "https://platform.openai.com/docs/api-reference/responses/create."
    )


@pytest.mark.parametrize(("fields", "param", "words"), OF_ANOTHER_TYPE)
def test_another_type_is_refused_in_this_apis_words(ask, fields, param, words):
    told = refused(ask(**fields), param, "invalid_type")

    assert told.startswith(f"Invalid type for '{param}': expected")
    assert words in told


@pytest.mark.parametrize(("fields", "param", "code"), WRONG)
def test_what_nothing_here_reads_is_checked_all_the_same(ask, fields, param, code):
    assert refused(ask(**fields), param, code)


def test_what_nothing_here_reads_is_accepted_where_it_is_right(ask):
    assert ask(**RIGHT).json()["output"] == ask().json()["output"]


def test_penalties_are_shown_and_change_no_text(ask):
    plain, asked = ask().json(), ask(presence_penalty=0.5, frequency_penalty=-1).json()

    assert (plain["presence_penalty"], plain["frequency_penalty"]) == (0, 0)
    assert (asked["presence_penalty"], asked["frequency_penalty"]) == (0.5, -1)
    assert asked["output"][0]["content"] == plain["output"][0]["content"]


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"syntax": "regex", "definition": "["}, "tools[1].format.definition", "invalid_grammar"),
        ({"syntax": "regex"}, "tools[1].format.definition", "missing_required_parameter"),
        ({"definition": "a"}, "tools[1].format.syntax", "missing_required_parameter"),
    ],
)
def test_a_grammar_is_checked_whether_its_tool_is_called_or_not(ask, choice, form, param, code):
    tool = CODE | {"format": {"type": "grammar", **form}}

    assert refused(ask(tools=[WEATHER, tool], tool_choice=choice), param, code)


def test_a_grammar_that_no_text_meets_is_told_as_one(ask):
    tool = CODE | {"format": {"type": "grammar", "syntax": "regex", "definition": r"a\bb"}}

    assert refused(ask(tools=[tool], tool_choice="required"), "tools[0].format.definition", "invalid_grammar")


NO_FILE = "file-000000000000000000000000"
SOURCES: list[tuple[dict[str, Any], str, int, str | None, str]] = [
    ({"type": "input_image"}, "image_url", 400, "missing_required_parameter", "Missing required parameter: '{param}'."),
    ({"type": "input_file"}, "file_id", 400, "missing_required_parameter", "Missing required parameter: '{param}'."),
    (
        {"type": "input_image", "image_url": "nope"},
        "image_url",
        400,
        "invalid_value",
        "Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
    ),
    (
        {"type": "input_file", "file_url": "/a.pdf"},
        "file_url",
        400,
        "invalid_value",
        "Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
    ),
    (
        {"type": "input_image", "image_url": "data:image/png;base64,!!!"},
        "image_url",
        400,
        "invalid_value",
        "Invalid base64 image_url.",
    ),
    (
        {"type": "input_file", "file_id": "F0BG"},
        "file_id",
        400,
        "invalid_value",
        "Invalid '{param}': 'F0BG'. Expected an ID that begins with 'file'.",
    ),
    ({"type": "input_file", "file_id": NO_FILE}, "file_id", 404, None, f"File with id '{NO_FILE}' not found."),
    ({"type": "input_image", "file_id": NO_FILE}, "file_id", 404, None, f"File with id '{NO_FILE}' not found."),
]


@pytest.mark.parametrize(("part", "field", "status", "code", "words"), SOURCES)
def test_an_image_or_a_file_that_comes_from_nowhere_is_refused(ask, part, field, status, code, words):
    output = {"type": "function_call_output", "call_id": "call_1", "output": [part]}
    for given, place in (
        ([{"role": "user", "content": [{"type": "input_text", "text": "See"}, part]}], "input[0].content[1]"),
        ([CALL, output], "input[1].output[0]"),
    ):
        answer = ask(input=given)
        error, param = answer.json()["error"], f"{place}.{field}"
        assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
        assert error["message"] == words.format(param=param)


def test_an_image_or_a_file_that_was_uploaded_is_read_by_its_id(http, ask):
    upload = http.post("/v1/files", files={"file": ("a.txt", b"hello")}, data={"purpose": "user_data"}).json()
    parts = [
        {"type": "input_file", "file_id": upload["id"]},
        {"type": "input_image", "file_id": upload["id"]},
        {"type": "input_image", "image_url": "HTTPS://example.com/a.png"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
    ]

    answer = ask(input=[{"role": "user", "content": parts}])
    assert answer.status_code == 200, answer.text


def test_a_body_that_breaks_off_after_a_wrong_type_is_no_json(http):
    answer = http.post("/v1/responses", content=b'{"model": "m", "tools": "x", ')

    assert answer.json()["error"]["message"].startswith("We could not parse the JSON body of your request.")
