"""Every parameter that the official SDK knows is known here: an application that sends a new one is not refused."""

import inspect
from importlib import import_module

import httpx
import pytest

CHAT = {"messages": [{"role": "user", "content": "x"}]}
JSON: dict[str, tuple[str, dict[str, object]]] = {
    "chat/completions": (
        "chat.completion_create_params.CompletionCreateParamsBase",
        {"messages": [{"role": "user", "content": "x"}]},
    ),
    "completions": ("completion_create_params.CompletionCreateParamsBase", {"prompt": "x"}),
    "responses": ("responses.response_create_params.ResponseCreateParamsBase", {"input": "x"}),
    "responses/input_tokens": ("responses.input_token_count_params.InputTokenCountParams", {"input": "x"}),
    "responses/compact": ("responses.response_compact_params.ResponseCompactParams", {"input": "x"}),
    "conversations": ("conversations.conversation_create_params.ConversationCreateParams", {}),
    "embeddings": ("embedding_create_params.EmbeddingCreateParams", {"input": "x"}),
    "moderations": ("moderation_create_params.ModerationCreateParams", {"input": "x"}),
    "images/generations": ("image_generate_params.ImageGenerateParamsBase", {"prompt": "x"}),
    "images/edits": ("image_edit_params.ImageEditParamsBase", {"prompt": "x"}),
    "audio/speech": ("audio.speech_create_params.SpeechCreateParams", {"input": "x", "voice": "alloy"}),
    "batches": ("batch_create_params.BatchCreateParams", {}),
    "uploads": ("upload_create_params.UploadCreateParams", {}),
}
FORMS: dict[str, tuple[str, dict[str, str]]] = {
    "images/edits": ("image_edit_params.ImageEditParamsBase", {"prompt": "x"}),
    "images/variations": ("image_create_variation_params.ImageCreateVariationParams", {}),
    "audio/transcriptions": ("audio.transcription_create_params.TranscriptionCreateParamsBase", {}),
    "audio/translations": ("audio.translation_create_params.TranslationCreateParams", {}),
    "files": ("file_create_params.FileCreateParams", {}),
}
NO_MODEL = ("conversations", "batches", "uploads", "files", "images/variations")


def parameters(name):
    module, _, kind = name.rpartition(".")
    names = inspect.get_annotations(getattr(import_module(f"openai.types.{module}"), kind))
    assert len(names) >= 2, "the SDK names them elsewhere now"
    return sorted(set(names) - {"file", "image"})


@pytest.mark.parametrize("path", JSON)
def test_a_parameter_of_the_sdk_is_none_that_nobody_knows(simulator, path):
    name, least = JSON[path]
    with httpx.Client(base_url=simulator.v1, timeout=60) as http:
        for parameter in parameters(name):
            body = ({} if path in NO_MODEL else {"model": "gpt-sim-1"}) | least
            answer = http.post(f"/{path}", json={parameter: None} | body)
            assert "unknown_parameter" not in answer.text, parameter


@pytest.mark.parametrize("path", FORMS)
def test_a_field_of_the_sdks_forms_is_none_that_nobody_knows(simulator, path):
    name, least = FORMS[path]
    field = "image" if path.startswith("images") else "file"
    with httpx.Client(base_url=simulator.v1, timeout=60) as http:
        for parameter in parameters(name):
            fields = ({} if path in NO_MODEL else {"model": "gpt-sim-1"}) | least
            answer = http.post(f"/{path}", data={parameter: "1"} | fields, files={field: ("a", b"no such file")})
            assert "unknown_parameter" not in answer.text, parameter


@pytest.mark.parametrize("path", JSON)
def test_a_parameter_that_nobody_knows_is_seen(simulator, path):
    answer = httpx.post(f"{simulator.v1}/{path}", json={"colour": None, "model": "gpt-sim-1"} | JSON[path][1])
    assert "unknown_parameter" in answer.text


@pytest.mark.parametrize("path", FORMS)
def test_a_field_that_nobody_knows_is_seen(simulator, path):
    fields, field = {"colour": "1", "model": "gpt-sim-1"} | FORMS[path][1], "image" if "image" in path else "file"
    answer = httpx.post(f"{simulator.v1}/{path}", data=fields, files={field: ("a", b"no such file")})
    assert "unknown_parameter" in answer.text


@pytest.mark.parametrize("kind", ["function", "custom"])
def test_what_the_sdk_says_of_a_tool_is_known(simulator, kind):
    module = import_module(f"openai.types.responses.{kind}_tool_param")
    known: dict[str, object] = {}
    for each in vars(module).values():
        known |= inspect.get_annotations(each) if inspect.isclass(each) and each.__module__ == module.__name__ else {}
    assert "async" in known or len(known) > 4
    tool = dict.fromkeys(known) | {"type": kind, "name": "f"}
    answer = httpx.post(f"{simulator.v1}/responses", json={"model": "m", "input": "x", "tools": [tool]})
    assert answer.status_code == 200, answer.text
