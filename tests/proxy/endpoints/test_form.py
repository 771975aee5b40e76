"""Forms with files: what any client sends is read, what is broken is a 400 that says why."""

import io
from contextlib import suppress
from typing import Annotated

import httpx
import msgspec
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from proxy.endpoints import form
from proxy.endpoints.call import Call
from proxy.errors import BadRequestError
from proxy.keys import SETTINGS
from proxy.settings import Settings

BOUNDARY = "xYz"


def called(body, content_type=f"multipart/form-data; boundary={BOUNDARY}", *, lenient=False):
    app = web.Application()
    app[SETTINGS] = Settings(lenient=lenient)
    return Call(app, {"Content-Type": content_type}, body)


def parsed(body, *files, **more):
    return form.parse(called(body, **more), files=files)


def part(head, content):
    return b"--xYz\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n"


def field(name, value):
    return part(f'Content-Disposition: form-data; name="{name}"', value)


END = b"--xYz--\r\n"


@pytest.mark.parametrize(
    "content", [b"", b"a", b"\r\n", b"\r\n\r\n--xY\r\n", bytes(range(256)) * 50, b"--xYz", b"\n--xYz"]
)
def test_what_httpx_sends_comes_back_to_the_byte(content):
    sent = httpx.Request(
        "POST",
        "http://x",
        data={"purpose": "batch", "n": "2"},
        files={"file": ('a "b".jsonl', io.BytesIO(content), "text/x")},
    )

    got = form.parse(called(sent.read(), sent.headers["content-type"]), files=("file",))

    assert got.fields == {"purpose": "batch", "n": "2"}
    assert got.file("file") == form.File('a "b".jsonl', content, "text/x")


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ('filename="a.txt"', "a.txt"),
        ("filename=a.txt", "a.txt"),
        (r'filename="a\"b\\c"', "c"),
        ('filename="C:\\dir\\a.txt"', "a.txt"),
        ('filename="/etc/x/a.txt"', "a.txt"),
        ('filename="naïve; b=c.txt"', "naïve; b=c.txt"),
        ("filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt", "naïve.txt"),
        ('filename=""', ""),
    ],
)
def test_file_names_in_every_spelling(parameter, name):
    got = parsed(part(f"content-disposition:form-data; name=file; {parameter}", b"x") + END, "file")

    assert got.file("file") == form.File(name, b"x", "application/octet-stream")


def test_lists_and_objects_have_brackets():
    body = (
        field("tags[]", b"a")
        + field("tags[]", b"b")
        + field("after[seconds]", b"9")
        + field("after[anchor]", b"c")
        + END
    )

    assert parsed(body).fields == {"tags": ["a", "b"], "after": {"seconds": "9", "anchor": "c"}}


def test_several_files_of_one_field_with_and_without_brackets():
    one = part('Content-Disposition: form-data; name="image[]"; filename="a"', b"1")
    two = part('Content-Disposition: form-data; name="image"; filename="b"', b"2")
    got = parsed(one + two + END, "image")

    assert [each.data for each in got.several("image", at_most=2)] == [b"1", b"2"]
    with pytest.raises(BadRequestError, match="at most 1 file, but got 2"):
        got.file("image")


def test_a_preamble_an_epilogue_and_blanks_after_the_boundary_are_nothing():
    body = b"to be ignored\r\n--xYz  \r\n" + field("a", b"1")[len(b"--xYz\r\n") :] + b"--xYz--\r\nand this"

    assert parsed(body).fields == {"a": "1"}


@pytest.mark.parametrize("boundary", ['boundary="xYz"', "charset=utf-8; boundary=xYz", "BOUNDARY=xYz ; a=b"])
def test_boundaries_in_every_spelling(boundary):
    assert parsed(field("a", b"1") + END, content_type=f"Multipart/Form-Data; {boundary}").fields == {"a": "1"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is not in the body"),
        (b"{}", "is not in the body"),
        (b"--xYz", "ends before its last boundary"),
        (field("a", b"1"), "ends before its last boundary"),
        (b"--xYzzy\r\n" + END, "on the line of a boundary"),
        (b"--xYz\r\nContent-Disposition: form-data; name=a\r\n--xYz--", "headers of a part do not end"),
        (part("X: " + "y" * 9000, b"") + END, "headers of a part do not end"),
        (part("Content-Type: text/plain", b"1") + END, "has no name"),
        (part("Content-Disposition: attachment; name=a", b"1") + END, "has no name"),
        (
            part("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64", b"1") + END,
            "encoding of part",
        ),
        (field("a", b"\xff") + END, "is not UTF-8"),
        (field("a", b"1") + field("a[]", b"1") + END, "both a value and an array"),
        (field("a", b"1") + field("a[b]", b"1") + END, "both a value and an object"),
        (field("a", b"1") * 1001 + END, "more than 1000 parts"),
    ],
)
def test_what_is_broken_is_a_400_that_says_why(body, reason):
    with pytest.raises(BadRequestError, match=reason) as refused:
        parsed(body)
    assert refused.value.message.startswith("Could not parse multipart form: ")


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"multipart/form-data; boundary={'x' * 201}"],
)
def test_a_boundary_has_to_be_told(content_type):
    with pytest.raises(BadRequestError, match="has no boundary"):
        parsed(field("a", b"1") + END, content_type=content_type)


@pytest.mark.parametrize("content_type", ["application/json", "", "text/plain; boundary=xYz"])
def test_another_content_type_is_refused_by_name(content_type):
    with pytest.raises(BadRequestError, match="only accepts 'multipart/form-data' requests") as refused:
        parsed(b"{}", content_type=content_type)
    assert refused.value.code == "unsupported_content_type"


def test_a_file_that_is_missing_or_is_a_text_or_is_unknown():
    with pytest.raises(BadRequestError, match="Missing required parameter: 'file'") as missing:
        parsed(field("a", b"1") + END, "file").file("file")
    with pytest.raises(BadRequestError, match="expected a file, but got a string") as text:
        parsed(field("file", b"no file") + END, "file")
    upload = part("Content-Disposition: form-data; name=x; filename=y", b"") + END
    with pytest.raises(BadRequestError, match="Unknown parameter: 'x'"):
        parsed(upload, "file")

    assert missing.value.param == text.value.param == "file"
    assert list(parsed(upload, "file", lenient=True).files) == ["x"]


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    n: Annotated[int, msgspec.Meta(ge=1)] = 1
    stream: bool | None = None
    words: list[str] = []
    text: str | None = None


def test_fields_become_a_structure_with_numbers_and_booleans():
    body = field("n", b"2") + field("stream", b"true") + field("words[]", b"1") + field("text", b"7") + END

    assert parsed(body).decoded(Wanted) == Wanted(2, True, ["1"], "7")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("n", b"0", "integer_below_min_value"), ("n", b"two", "invalid_type"), ("nope", b"1", "unknown_parameter")],
)
def test_a_wrong_field_is_told_as_in_json(name, value, code):
    with pytest.raises(BadRequestError) as refused:
        parsed(field(name, value) + END).decoded(Wanted)
    assert (refused.value.param, refused.value.code) == (name, code)


def test_unknown_fields_pass_where_the_server_is_lenient():
    assert parsed(field("nope", b"1") + field("n", b"3") + END).decoded(Wanted, lenient=True) == Wanted(3)


DISPOSITION = b"Content-Disposition: form-data; name="
PIECES = [
    *(b"--xYz", b"--xYz--", b"\r\n", b"\r\n\r\n", b'; filename="a"', b";", b'"', b"x", b"\xff"),
    *(DISPOSITION + name for name in (b"a", b'"a[]"', b'"a[b]"')),
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=5)), max_size=30).map(b"".join))
def test_whatever_comes_is_a_form_or_a_400(body):
    with suppress(BadRequestError):
        assert parsed(b"--xYz\r\n" + body, "a").files.keys() <= {"a"}


@given(st.text(max_size=50), st.binary(max_size=50), st.text(min_size=1, max_size=20))
def test_what_httpx_writes_is_read_whatever_it_is(value, data, name):
    sent = httpx.Request("POST", "http://x", data={"v": value}, files={"file": (name, data)})

    got = form.parse(called(sent.read(), sent.headers["content-type"]), files=("file",))

    assert got.fields == {"v": value}
    assert got.file("file").data == data
