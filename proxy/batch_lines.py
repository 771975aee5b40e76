"""The lines of a batch: what comes in, checked as OpenAI checks it, and what goes out.

The formats are those of https://platform.openai.com/docs/guides/batch.
"""

import asyncio
from dataclasses import dataclass

import msgspec

MOST_LINES = 50_000
_MOST_ERRORS = 100
_TURN = 100  # lines, about 1 ms: then others have their turn
_JSON_BLANKS = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class LineError:
    """Why a file cannot be run; `line` counts from 1."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None


class Line(msgspec.Struct, frozen=True):
    """One request, with the model that its body names."""

    custom_id: str
    method: str
    url: str
    body: msgspec.Raw
    model: str | None = None


class _Named(msgspec.Struct):
    model: str | None = None


_line = msgspec.json.Decoder(Line)
_named = msgspec.json.Decoder(_Named)


class _Wrong(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong with a line."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


async def read(data: bytes, endpoint: str, *, one_model: bool) -> tuple[list[Line], list[LineError]]:
    """The requests of a file, or what is wrong with it."""
    lines: list[Line] = []
    problems: list[LineError] = []
    ids: set[str] = set()
    for number, text in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if number % _TURN == 0:
            await asyncio.sleep(0)
        if not text.strip(_JSON_BLANKS):
            continue
        try:
            lines.append(_checked(text, endpoint, ids, lines[0] if lines and one_model else None))
        except _Wrong as wrong:
            problems.append(LineError(wrong.code, wrong.message, number, wrong.param))
        if len(lines) > MOST_LINES:
            too_many = f"The batch has more than the {MOST_LINES} requests that it may have."
            return [], [LineError("too_many_requests", too_many, number)]
        if len(problems) == _MOST_ERRORS:
            break
    if not lines and not problems:
        empty = "The input file is empty. Please ensure that the batch contains at least one request."
        problems = [LineError("empty_file", empty)]
    return lines, problems


def output_line(seen: str, line: Line, status: int, body: bytes) -> bytes:
    """The line of an answer; `seen` is 32 hexadecimal digits of the request's own."""
    if b"\n" in body:  # between the values: within them it is escaped
        body = msgspec.json.encode(msgspec.json.decode(body))
    return (
        b'{"id":"batch_req_%b","custom_id":%b,"response":{"status_code":%d,"request_id":"%b","body":%b},"error":null}\n'
        % (
            seen.encode(),
            msgspec.json.encode(line.custom_id),
            status,
            seen.encode(),
            body,
        )
    )


def not_run(seen: str, line: Line, code: str, message: str) -> bytes:
    """The line of a request that was not run."""
    error = {"code": code, "message": message}
    value = {"id": f"batch_req_{seen}", "custom_id": line.custom_id, "response": None, "error": error}
    return msgspec.json.encode(value) + b"\n"


def _checked(text: bytes, endpoint: str, ids: set[str], first: Line | None) -> Line:
    """A line whose id is new, and whose model is that of the first one, if given."""
    line = _decoded(text)
    if line.custom_id in ids:
        raise _Wrong(
            "duplicate_custom_id",
            f"The custom_id for this request ('{line.custom_id}') is a duplicate of another request. The custom_id "
            "parameter must be unique for each request in a batch.",
            "custom_id",
        )
    ids.add(line.custom_id)
    if line.method != "POST":
        raise _Wrong("invalid_method", "The HTTP method for this request is invalid: it must be 'POST'.", "method")
    if line.url != endpoint:
        raise _Wrong(
            "invalid_url", "The URL provided for this request does not prefix-match the batch endpoint.", "url"
        )
    model = _model(line.body)
    if first is not None and model != first.model:
        raise _Wrong(
            "mismatched_model",
            "The model for this request (at path body.model) does not match the rest of the batch. Each batch must "
            "contain requests for a single model.",
            "body.model",
        )
    return msgspec.structs.replace(line, model=model)


def _model(body: msgspec.Raw) -> str | None:
    if not bytes(body).startswith(b"{"):
        raise _Wrong("invalid_type", "Invalid type for 'body': expected an object.", "body")
    try:
        return _named.decode(body).model
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None  # the endpoint says what is wrong


def _decoded(text: bytes) -> Line:
    try:
        return _line.decode(text)
    except msgspec.ValidationError as problem:
        what, _, place = str(problem).partition(" - at `$.")
        missing = what.startswith("Object missing required field `")
        param = what.split("`")[1] if missing else place.rstrip("`")
        if missing:
            raise _Wrong("missing_required_parameter", f"Missing required parameter: '{param}'.", param) from None
        if not param:
            raise _Wrong("invalid_json_line", "This line is not a JSON object.") from None
        raise _Wrong("invalid_type", f"Invalid type for '{param}': expected a string.", param) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _Wrong("invalid_json_line", "This line is not parseable as valid JSON.") from None
