"""What the fuzz tests share: how much they try, odd JSON, requests by OpenAI's schemas, and what always holds."""

import json
import os
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from proxy.app import create_app
from proxy.settings import Settings
from tests.conformance.table import FAMILIES
from tests.conformance.yardsticks import DESCRIPTION

# FUZZ=20 tries 20 times as much, and new examples in every run. Else always the same few: CI must not roll dice.
TIMES = int(os.environ.get("FUZZ", "0"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
MOST_MEMORY = 500 * 2**20
TABLE = [endpoint for family in FAMILIES.values() for endpoint in family]
_POST = {
    route.resource.canonical
    for route in create_app(Settings()).router.routes()
    if route.method == "POST" and route.resource is not None
}
PATHS = sorted(path for path in _POST if path.startswith("/v1/") and not path.endswith("/"))


def tries(few: int) -> settings:
    """Hypothesis's settings: `few` examples, or many in the long mode."""
    return settings(
        max_examples=few * max(TIMES, 1),
        derandomize=not TIMES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )


LONG = "word " * 20_000
NUMBERS = st.one_of(
    st.sampled_from([0, -0.0, -1, 1, 2**31, 2**53 + 1, -(2**63), 2**63, 2**64, 10**400, 1e308, 5e-324, 0.1]),
    st.integers(-5, 200),
    st.floats(allow_nan=True, allow_infinity=True),
)
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "\0", "\ud800", "\udfff\ud800", "\u2028", "a" * 300, LONG, "\r\n\r\n", "<|im_end|>", "[DONE]"]
    ),
    st.sampled_from(
        ["auto", "none", "required", "user", "tool", "function", "text", "json_schema", "gpt-sim-1", "$ref"]
    ),
    st.text(max_size=20),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ODD = st.one_of(
    LEAVES,
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(TEXTS.filter(lambda text: text != LONG), inner, max_size=4)
        ),
        max_leaves=10,
    ),
    st.sampled_from([[], {}, [[]], [None], {"": None}, {"type": "object"}, [0] * 3000, ["x"] * 3000]),
)


def encoded(value: Any) -> bytes:
    """JSON with what Python's encoder lets pass: NaN, Infinity, lone surrogates and numbers of any size."""
    return json.dumps(value).encode()


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] + [below for key, child in children for below in paths(child, (*path, key))]


def changed(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy in which what is at `path` is `change(it)`; GONE stands for nothing at all."""
    if not path:
        return change(value)
    new = changed(value[path[0]], path[1:], change)
    if isinstance(value, dict):
        return {
            key: (new if key == path[0] else old) for key, old in value.items() if key != path[0] or new is not GONE
        }
    return [new if index == path[0] else old for index, old in enumerate(value) if index != path[0] or new is not GONE]


GONE = object()


@st.composite
def mutated(draw: st.DrawFn, bodies: list[dict[str, Any]]) -> Any:
    """A good body in which something was made odd, taken out, doubled or added."""
    body: Any = json.loads(json.dumps(draw(st.sampled_from(bodies))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(paths(body)[1:] or [()]))
        body = changed(body, path, partial(draw(st.sampled_from(CHANGES)), draw(ODD)))
        if body is GONE:
            return None
    return body


def _doubled(odd: Any, old: Any) -> Any:
    if isinstance(old, list | str):
        return old * 2
    return {**old, "extra": odd} if isinstance(old, dict) else [old]


CHANGES: list[Callable[[Any, Any], Any]] = [
    lambda odd, old: odd,
    lambda odd, old: odd,
    lambda odd, old: GONE,
    _doubled,
    lambda odd, old: str(old),
]


def from_schema(name: str) -> st.SearchStrategy[Any]:
    """Values that OpenAI's schema of that name allows."""
    return _strategy({"$ref": f"#/$defs/{name}"}, depth=0)


_made: dict[str, st.SearchStrategy[Any]] = {}


def _strategy(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in _made:
            _made[name] = st.deferred(lambda: _strategy(DESCRIPTION["$defs"][name], depth))
        return _made[name]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([_strategy(each, depth) for each in schema[word]])
    if "allOf" in schema:
        parts = [_strategy(each, depth) for each in schema["allOf"]]
        return st.tuples(*parts).map(
            lambda made: {k: v for part in made if isinstance(part, dict) for k, v in part.items()}
        )
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        return _object(schema, depth)
    if kind == "array":
        return st.lists(
            _strategy(schema.get("items", {}), depth), min_size=min(schema.get("minItems", 0), 3), max_size=3
        )
    return _scalar(kind, schema)


def _merged(parts: Any) -> dict[str, Any]:
    return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}


def _object(schema: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    properties = {name: _strategy(each, depth) for name, each in schema.get("properties", {}).items()}
    required = {name: each for name, each in properties.items() if name in schema.get("required", ())}
    # Most requests have few of the optional fields; one in which all are drawn is nearly always wrong somewhere.
    optional = sorted(properties.keys() - required.keys())
    chosen = st.lists(st.sampled_from(optional), max_size=4, unique=True) if optional else st.just([])
    return chosen.flatmap(lambda names: st.fixed_dictionaries(required | {name: properties[name] for name in names}))


def _scalar(kind: Any, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    low, high = schema.get("minimum"), schema.get("maximum")
    match kind:
        case "integer":
            return st.integers(-2 if low is None else int(low), 2000 if high is None else int(min(high, 10**6)))
        case "number":
            return st.floats(-2 if low is None else low, 2 if high is None else high)
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case "string":
            return st.text(min_size=schema.get("minLength", 0), max_size=min(schema.get("maxLength", 20), 20))
    return ODD


def holds(answer: httpx.Response) -> None:
    """What must be true of every answer: never a 5xx, errors in their shape, streams that end in order."""
    no_real_model = answer.status_code == 503 and answer.json()["error"]["code"] == "model_unavailable"
    assert answer.status_code < 500 or no_real_model, answer.text
    content_type = answer.headers.get("content-type", "").split(";")[0]
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert content_type == "application/json", (content_type, answer.text)
        _holds_error(answer)
    elif content_type == "text/event-stream":
        assert answer.text.endswith("\n\n")
        assert '"error":{' not in answer.text.replace(" ", "").rsplit("\n\n", 3)[-2]
    elif content_type == "application/json" and answer.request.method != "HEAD":
        answer.json()


def _holds_error(answer: httpx.Response) -> None:
    body = answer.json()
    error = body["error"]
    assert isinstance(error["message"], str)
    assert error["message"].strip()
    assert isinstance(error["type"], str)
    if body.get("type") == "error":  # Anthropic's, at its own paths
        return
    assert body.keys() == {"error"}
    assert error.keys() == {"message", "type", "param", "code"}
    assert all(error[name] is None or isinstance(error[name], str) for name in ("param", "code"))
