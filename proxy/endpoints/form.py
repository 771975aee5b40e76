"""A form with files (multipart/form-data), as uploads, images and audio are sent.

A body becomes fields, which are checked like JSON ones, and files. Knows the format (RFC 7578), not the endpoints.
"""

import re
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec

from proxy import wording
from proxy.endpoints.call import Call
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS

T = TypeVar("T")

_MOST_PARTS = 1000
_LONGEST_HEAD = 8 * 1024
_PARAMETER = re.compile(r';\s*([\w*.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;"\s]*))\s*(?=;|\Z)')
_NESTED = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class File:
    """A file that was sent; `name` is its file name without folders."""

    name: str
    data: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Form:
    """`fields` as JSON would have them: `a[]` is a list, `a[b]` an object, all values texts. `files` by field."""

    fields: dict[str, Any]
    files: dict[str, list[File]]

    def file(self, name: str) -> File:
        """The one file of a field. Raises BadRequestError where there is none or there are more."""
        return self.several(name, at_most=1)[0]

    def several(self, name: str, *, at_most: int) -> list[File]:
        """All files of a field, at least one. Raises BadRequestError."""
        files = self.files.get(name)
        if not files:
            raise wording.missing("", name)
        if len(files) > at_most:
            noun = "file" if at_most == 1 else "files"
            raise BadRequestError(
                f"Invalid '{name}': too many files. Expected at most {at_most} {noun}, but got {len(files)} instead.",
                param=name,
                code="array_above_max_length",
            )
        return files

    def decoded(self, kind: type[T], *, lenient: bool = False) -> T:
        """The fields in a structure, with numbers and booleans read from their texts. Raises BadRequestError."""
        fields = dict(self.fields)
        while True:
            try:
                return msgspec.convert(fields, kind, strict=False)
            except msgspec.ValidationError as problem:
                unknown = re.fullmatch(r"Object contains unknown field `([^`]*)`", str(problem)) if lenient else None
                if unknown is None:
                    raise wording.invalid(str(problem), msgspec.json.encode(fields)) from None
                del fields[unknown[1]]


def is_json(call: Call) -> bool:
    """Whether the body is not a form but JSON, at an endpoint that takes both."""
    return _header(call.headers.get("Content-Type", ""))[0] == "application/json"


def parse(call: Call, *, files: tuple[str, ...]) -> Form:
    """The form of a call, in which only the fields `files` may be files. Raises BadRequestError."""
    given = call.headers.get("Content-Type", "")
    kind, boundary = _header(given)
    if kind != "multipart/form-data":
        raise wording.unsupported_content_type(given, "multipart/form-data")
    form = Form({}, {})
    for head, data in _parts(call.body, boundary.get("boundary", "")):
        _add(form, head, data)
    for name in files:
        if name in form.fields:
            wrong = f"Invalid type for '{name}': expected a file, but got a string instead."
            raise BadRequestError(wrong, param=name, code="invalid_type")
    for name in form.files:
        if name not in files and not call.app[SETTINGS].lenient:
            raise wording.unknown("", name)
    return form


def _parts(body: bytes, boundary: str) -> list[tuple[dict[str, str], bytes]]:
    """The parts in order, each as headers by lower-case name and content."""
    if not 0 < len(boundary) <= 200:
        raise _broken("its Content-Type header has no boundary")
    mark = b"\r\n--" + boundary.encode("utf-8", "surrogateescape")
    start = 0 if body.startswith(mark[2:]) else body.find(mark) + 2  # the first mark may have no line before it
    if start == 1:
        raise _broken("the boundary of its Content-Type header is not in the body")
    parts: list[tuple[dict[str, str], bytes]] = []
    start += len(mark) - 2
    while body[start : start + 2] != b"--":
        end = body.find(mark, start)
        if end < 0:
            raise _broken("it ends before its last boundary")
        if len(parts) == _MOST_PARTS:
            raise _broken(f"it has more than {_MOST_PARTS} parts")
        parts.append(_part(body, start, end))
        start = end + len(mark)
    return parts


def _part(text: bytes, start: int, end: int) -> tuple[dict[str, str], bytes]:
    line = text.find(b"\r\n", start, end + 2)
    if line < 0 or text[start:line].strip(b" \t"):
        raise _broken("there is something else on the line of a boundary")
    blank = text.find(b"\r\n\r\n", line, min(line + _LONGEST_HEAD, end))
    if blank < 0:
        raise _broken("the headers of a part do not end")
    return _headers(text[line:blank]), text[blank + 4 : end]


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("utf-8", "replace").split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _add(form: Form, head: dict[str, str], data: bytes) -> None:
    kind, about = _header(head.get("content-disposition", ""))
    name = about.get("name", "")
    if kind != "form-data" or not name:
        raise _broken("a part has no name (Content-Disposition: form-data; name=...)")
    if head.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise _broken(f"the encoding of part '{name}' is not supported, send it as it is")
    file_name = about.get("filename")
    if "filename*" in about:  # RFC 8187: UTF-8''na%C3%AFve.txt
        file_name = unquote(about["filename*"].rpartition("'")[2])
    if file_name is not None:
        short = re.split(r"[/\\]", file_name.replace("%22", '"'))[-1]
        content_type = head.get("content-type", "application/octet-stream")
        form.files.setdefault(name.removesuffix("[]"), []).append(File(short, data, content_type))
        return
    try:
        value = data.decode()
    except UnicodeDecodeError:
        raise _broken(f"the value of '{name}' is not UTF-8") from None
    _put(form.fields, name, value)


def _put(fields: dict[str, Any], name: str, value: str) -> None:
    if name.endswith("[]"):
        known = fields.setdefault(name[:-2], [])
        if not isinstance(known, list):
            raise _broken(f"'{name[:-2]}' is both a value and an array")
        known.append(value)
    elif nested := _NESTED.fullmatch(name):
        within = fields.setdefault(nested[1], {})
        if not isinstance(within, dict):
            raise _broken(f"'{nested[1]}' is both a value and an object")
        within[nested[2]] = value
    else:
        fields[name] = value


def _header(value: str) -> tuple[str, dict[str, str]]:
    """`form-data; name="file"` as its word and its parameters."""
    word, _, rest = value.partition(";")
    found = _PARAMETER.findall(";" + rest)
    return word.strip().lower(), {
        name.lower(): re.sub(r'\\(["\\])', r"\1", quoted) or bare for name, quoted, bare in found
    }


def _broken(reason: str) -> BadRequestError:
    return BadRequestError(f"Could not parse multipart form: {reason}.", code="invalid_multipart_form_data")
