"""The cases of models, embeddings, completions, moderations, files, uploads and batches."""

import json
from typing import Any

import httpx
from openai.pagination import SyncCursorPage, SyncPage
from openai.types import (
    Batch,
    Completion,
    CreateEmbeddingResponse,
    FileDeleted,
    FileObject,
    Model,
    ModerationCreateResponse,
    Upload,
)
from openai.types.uploads import UploadPart

from tests.conformance.cases import Case, Endpoint, Given, Shape
from tests.conformance.chat import PIXEL
from tests.conformance.media import multipart

PAGE = frozenset({"object", "first_id", "last_id", "has_more"})
MODEL_FIELDS = frozenset(
    ("context_length", "license", "parameters", "quantization", "sha256", "size", "source", "state")
)
PROMPT = {"prompt": "Once upon a time"}
NULL_REASON = (
    "Streamed completions have `finish_reason: null` until the last event, as OpenAI sends it; description and SDK "
    "know only the whole answer, which has a word there."
)
ECHO = "The first token of an echoed prompt has no log probability: null, as OpenAI sends it; both know only numbers."
TEXT = {"input": "The food was delicious"}


def line(name: str, **body: Any) -> bytes:
    """One of a batch's file."""
    asked = {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}
    return json.dumps(asked).encode() + b"\n"


LINES = line("one", model="gpt-sim-1", messages=[{"role": "user", "content": "Hello"}]) + line("two", model="gpt-sim-1")


def uploaded(client: httpx.Client, model: str = "", lines: bytes = LINES) -> Given:
    form = {"data": {"purpose": "batch"}, "files": {"file": ("lines.jsonl", lines)}}
    return Given(path={"file_id": client.post("files", **form).raise_for_status().json()["id"]})  # type: ignore[arg-type]


def to_batch(client: httpx.Client, model: str, lines: bytes = LINES) -> Given:
    return Given(body={"input_file_id": uploaded(client, lines=lines).path["file_id"]})


def long(client: httpx.Client, model: str) -> Given:
    """A batch that is not done when it is cancelled."""
    messages = [{"role": "user", "content": "Tell me about rivers"}]
    lines = (line(str(n), model="gpt-sim-1", messages=messages, seed=n, n=8) for n in range(5000))
    return batched(client, model, b"".join(lines))


def batched(client: httpx.Client, model: str, lines: bytes = LINES) -> Given:
    body = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **to_batch(client, model, lines).body}
    return Given(path={"batch_id": client.post("batches", json=body).raise_for_status().json()["id"]})


def begun(client: httpx.Client, model: str) -> Given:
    body = {"bytes": len(LINES), "filename": "lines.jsonl", "mime_type": "application/jsonl", "purpose": "batch"}
    return Given(path={"upload_id": client.post("uploads", json=body).raise_for_status().json()["id"]})


def with_part(client: httpx.Client, model: str) -> Given:
    path = begun(client, model).path
    part = client.post(f"uploads/{path['upload_id']}/parts", files={"data": LINES}).raise_for_status().json()
    return Given(path=path, body={"part_ids": [part["id"]]})


def embeds(**more: Any) -> dict[str, Any]:
    return {"model": "text-embedding-3-small", **TEXT, **more}


def _as_whole(event: Any) -> Any:
    """A streamed completion with what only a whole one has, where OpenAI sends null."""
    choices = [choice | ({} if choice["finish_reason"] else {"finish_reason": "stop"}) for choice in event["choices"]]
    choices = _with_first_token(choices)
    return {name: value for name, value in (event | {"choices": choices}).items() if (name, value) != ("usage", None)}


def _echoed(answer: Any) -> Any:
    return answer | {"choices": _with_first_token(answer["choices"])}


def _with_first_token(choices: Any) -> Any:
    """With log probabilities for the first token of a prompt, which follows nothing: OpenAI sends null."""
    for choice in copied if (copied := json.loads(json.dumps(choices))) else ():
        for name, value in (("token_logprobs", 0.0), ("top_logprobs", {})):
            told = (choice["logprobs"] or {}).get(name) or [value]
            told[0] = value if told[0] is None else told[0]
    return copied


ENDPOINTS = (
    Endpoint(
        "GET",
        "/models",
        Shape("ListModelsResponse", SyncPage[Model]),
        [Case("all", shows=("data.0.id",))],
        ours=MODEL_FIELDS,
        real_body={},
    ),
    Endpoint(
        "GET",
        "/models/{model}",
        Shape("Model", Model),
        [Case("one")],
        ours=MODEL_FIELDS,
        real_body={},
    ),
    Endpoint(
        "POST",
        "/embeddings",
        Shape("CreateEmbeddingResponse", CreateEmbeddingResponse),
        [
            Case("a text", embeds()),
            Case("texts", embeds(input=["one", "two"], encoding_format="float"), ("data.1.embedding",)),
            Case("token arrays", embeds(input=[[1, 2], [3]], user="u")),
            Case("fewer dimensions", embeds(dimensions=256)),
        ],
    ),
    Endpoint(
        "POST",
        "/completions",
        Shape("CreateCompletionResponse", Completion, softened=_echoed),
        [
            Case("a prompt", PROMPT),
            Case("prompts", {"prompt": ["One", "Two"], "n": 2}, ("choices.*.index=3",), real=False),
            Case("tokens", {"prompt": [9906, 1917]}, real=False),
            Case("token arrays", {"prompt": [[9906], [1917]]}, real=False),
            Case("max_tokens and stop", PROMPT | {"max_tokens": 5, "stop": ["."]}),
            Case(
                "echo and logprobs",
                PROMPT | {"echo": True, "logprobs": 2},
                ("choices.0.logprobs.tokens.0",),
                real=False,
            ),
            Case("logprobs", PROMPT | {"logprobs": 2, "seed": 1}, ("choices.0.logprobs.token_logprobs.0",)),
            Case("suffix", PROMPT | {"suffix": "The end."}, real=False),
            Case("best_of", PROMPT | {"best_of": 2}, stream=False, real=False),
            Case(
                "usage in a stream",
                PROMPT,
                plain=False,
                before=lambda *_: Given(body={"stream_options": {"include_usage": True}}),
                shows=("usage.total_tokens",),
            ),
        ],
        events=Shape("CreateCompletionResponse", Completion, softened=_as_whole),
        notes=(NULL_REASON, ECHO),
        real_body={"max_tokens": 24, "temperature": 0},
    ),
    Endpoint(
        "POST",
        "/moderations",
        Shape("CreateModerationResponse", ModerationCreateResponse),
        [
            Case("a text", {"model": "omni-moderation-latest", **TEXT}, ("results.0.categories",)),
            Case(
                "texts",
                {"model": "omni-moderation-latest", "input": ["one", "I will kill you"]},
                ("results.1.flagged",),
            ),
            Case("text-moderation-latest", {"model": "text-moderation-latest", **TEXT}),
            Case(
                "a text and an image",
                {
                    "model": "omni-moderation-latest",
                    "input": [{"type": "text", "text": "Look"}, {"type": "image_url", "image_url": {"url": PIXEL}}],
                },
            ),
        ],
        lacks=("images are not looked at",),
    ),
    Endpoint(
        "POST",
        "/files",
        Shape("OpenAIFile", FileObject),
        [
            Case("a batch", form=multipart("lines.jsonl", LINES, "file", purpose="batch")),
            Case("of a user", form=multipart("a.txt", b"Hello", "file", purpose="user_data")),
        ],
    ),
    Endpoint(
        "GET",
        "/files",
        Shape("ListFilesResponse", SyncCursorPage[FileObject]),
        [
            Case("all", before=uploaded),
            Case(
                "by purpose, a page",
                before=uploaded,
                query={"purpose": "batch", "limit": 1, "order": "desc"},
                shows=("data.0.id",),
            ),
        ],
        ours=PAGE,
    ),
    Endpoint("GET", "/files/{file_id}", Shape("OpenAIFile", FileObject), [Case("one", before=uploaded)]),
    Endpoint(
        "GET",
        "/files/{file_id}/content",
        Shape(content_types=("application/octet-stream", "application/jsonl", "text/plain")),
        [Case("one", before=uploaded)],
    ),
    Endpoint("DELETE", "/files/{file_id}", Shape("DeleteFileResponse", FileDeleted), [Case("one", before=uploaded)]),
    Endpoint(
        "POST",
        "/uploads",
        Shape(None, Upload),
        [Case("begin", {"bytes": 5, "filename": "a.jsonl", "mime_type": "text/jsonl", "purpose": "batch"})],
        names_model=False,
    ),
    Endpoint(
        "POST",
        "/uploads/{upload_id}/parts",
        Shape(None, UploadPart),
        [Case("one", before=begun, form=lambda: {"files": {"data": LINES}})],
    ),
    Endpoint(
        "POST",
        "/uploads/{upload_id}/complete",
        Shape(None, Upload),
        [Case("one part", {}, ("file.id",), before=with_part)],
        names_model=False,
    ),
    Endpoint("POST", "/uploads/{upload_id}/cancel", Shape(None, Upload), [Case("one", before=begun)]),
    Endpoint(
        "POST",
        "/batches",
        Shape("Batch", Batch),
        [Case("chats", {"endpoint": "/v1/chat/completions", "completion_window": "24h"}, before=to_batch)],
        names_model=False,
    ),
    Endpoint("GET", "/batches/{batch_id}", Shape("Batch", Batch), [Case("one", before=batched)]),
    Endpoint("POST", "/batches/{batch_id}/cancel", Shape("Batch", Batch), [Case("a long one", before=long)]),
    Endpoint(
        "GET",
        "/batches",
        Shape("ListBatchesResponse", SyncCursorPage[Batch]),
        [Case("all", before=batched), Case("a page", before=batched, query={"limit": 1}, shows=("data.0.id",))],
        ours=PAGE,
    ),
)
