"""The two things that answers are held against: OpenAI's published description, and the official SDK's models.

Neither knows a server: both take a decoded answer, and say what is wrong with it.
"""

import functools
import inspect
import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import openai
import pydantic
from jsonschema.exceptions import best_match
from openai.types.responses import ResponseStreamEvent

DESCRIPTION = json.loads((Path(__file__).parents[1] / "data/openai/openai-subset.json").read_text())
VERSIONS = f"OpenAPI description {DESCRIPTION['version']}, `openai` {openai.__version__}"
_MOST = 3  # problems named of one answer
_CALLED = re.compile(r'self\._(get_api_list|get|post|put|patch|delete)\(\s*(?:path_template\(\s*)?f?"(/[^"?]*)')


def against_description(schema: str, value: Any) -> list[str]:
    """What the published schema of that name has against it."""
    problems = sorted(_validator(schema).iter_errors(value), key=lambda problem: problem.json_path)
    said = [_said(best_match([problem]) or problem) for problem in problems]
    return list(dict.fromkeys(said))[:_MOST]


def against_sdk(kind: Any, value: Any, ours: frozenset[str] = frozenset()) -> list[str]:
    """What the SDK's model, taken strictly, has against it; fields that it lacks are wrong unless they are `ours`."""
    adapter = _adapter(kind)
    try:
        model = adapter.validate_json(json.dumps(value), strict=True)
    except pydantic.ValidationError as error:
        return [f"{'.'.join(map(str, each['loc']))}: {_short(each['msg'])}" for each in error.errors()[:_MOST]]
    unknown = [path for path in _unknown(model, "$") if path.split(".")[-1] not in ours]
    return [f"{path}: the SDK has no such field" for path in dict.fromkeys(unknown)][:_MOST]


def described_event(event: Any) -> str | None:
    """The schema of an event of the Responses API."""
    return DESCRIPTION["events"].get(event.get("type")) if isinstance(event, dict) else None


def sdk_event(event: Any) -> Any:
    """The SDK's model of an event of the Responses API, or of any event if it has none such."""
    return _response_events().get(event.get("type", "") if isinstance(event, dict) else "", ResponseStreamEvent)


@functools.cache
def sdk_operations() -> frozenset[tuple[str, str]]:
    """Every method and path that the SDK calls, with `{}` for what varies."""
    sources = (Path(inspect.getfile(openai)).parent / "resources").rglob("*.py")
    called = [found for source in sources for found in _CALLED.findall(source.read_text("utf-8"))]
    return frozenset((verb.partition("_")[0].upper(), plain_path(path)) for verb, path in called)


def plain_path(path: str) -> str:
    """`/files/{file_id}` as `/files/{}`."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@functools.cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{schema}", "$defs": DESCRIPTION["$defs"]})


@functools.cache
def _adapter(kind: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(kind)


@functools.cache
def _response_events() -> dict[str, Any]:
    union = typing.get_args(ResponseStreamEvent)[0]
    return {
        name: kind for kind in typing.get_args(union) for name in typing.get_args(kind.model_fields["type"].annotation)
    }


def _unknown(value: Any, path: str) -> Iterator[str]:
    """Where there are fields that the models do not have."""
    if isinstance(value, pydantic.BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from _unknown(each, f"{path}[]")


def _said(problem: jsonschema.ValidationError) -> str:
    """Where and what, the same for every item of an array."""
    return re.sub(r"\[\d+\]", "[]", problem.json_path) + ": " + _short(problem.message)


def _short(text: str) -> str:
    return text if len(text) <= 160 else text[:100] + " ... " + text[-50:]
