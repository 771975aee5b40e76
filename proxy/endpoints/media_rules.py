"""Whether images, sound and files of a request can be what they say they are. They are not decoded, nor fetched.

`param` names the value as its endpoint does. The words are those that public reports show of OpenAI's answers to chats;
of a file that is not there none was seen.
"""

import re
from string import ascii_letters, digits, whitespace

from proxy.endpoints.call import Call
from proxy.errors import BadRequestError
from proxy.keys import FILES

_ADDRESS = re.compile(r"(?i)https?://[^\s/]")
_BASE64 = (ascii_letters + digits + "+/" + whitespace).encode()
_IMAGE = "an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=')"
_PDF = "an application/pdf MIME type (e.g. 'data:application/pdf;base64,SGVsbG8sIFdvcmxkIQ==')"


def is_address(url: str) -> bool:
    """Whether it says where something is."""
    return _ADDRESS.match(url) is not None


def no_url(param: str) -> BadRequestError:
    """The 400 for what is neither an address nor holds the thing itself, but in chats, which say more."""
    return BadRequestError(
        f"Invalid '{param}'. Expected a valid URL, but got a value with an invalid format.",
        param=param,
        code="invalid_value",
    )


def check_image(url: str, param: str) -> None:
    """Raises BadRequestError for an image that is neither at an address nor in base64."""
    if is_address(url):
        return
    kind, data = _parts(url, f"Invalid image URL: '{param}'", _IMAGE, param)
    if not kind.startswith("image/"):
        raise _unexpected(f"Invalid image URL: '{param}'", _IMAGE, f"unsupported MIME type '{kind}'", param)
    if not is_base64(data):
        raise BadRequestError("Invalid base64 image_url.", param=param, code="invalid_base64")


def check_sound(data: str, kind: str, param: str) -> None:
    """Raises BadRequestError for a recording that is not in base64."""
    if not is_base64(data):
        raise BadRequestError(
            f"The data provided for 'input_audio' is not of valid {kind} format.", param=param, code="invalid_value"
        )


def check_file(data: str, param: str) -> None:
    """Raises BadRequestError for a file that is not in base64. OpenAI's chats take PDF alone; here any kind will do."""
    _, content = _parts(data, f"Invalid file data: '{param}'", _PDF, param)
    if not is_base64(content):
        raise _unexpected(f"Invalid file data: '{param}'", _PDF, "an invalid base64-encoded value", param)


def check_kept(call: Call, name: str, param: str) -> None:
    """Raises BadRequestError for a file that the call's run does not have."""
    if call.own(FILES).get(name) is None:
        raise BadRequestError(f"No such File object: {name}", param=param, code="invalid_value")


def is_base64(data: str) -> bool:
    """Whether it has nothing else in it. Ten megabytes are looked through in some 10 ms."""
    whole = data.rstrip(whitespace)
    text = whole.rstrip("=")
    return 0 < len(text) >= len(whole) - 2 and not text.encode("utf-8", "surrogatepass").translate(None, _BASE64)


def _parts(url: str, what: str, wanted: str, param: str) -> tuple[str, str]:
    """The MIME type of a data: URL, and what follows."""
    if url[:5].lower() != "data:":
        raise _unexpected(what, wanted, "a value without the 'data:' prefix", param)
    head, separator, data = url[5:].partition(";base64,")
    if not separator:
        raise _unexpected(what, wanted, "an invalid base64-encoded value", param)
    return head.partition(";")[0].lower(), data


def _unexpected(what: str, wanted: str, got: str, param: str) -> BadRequestError:
    return BadRequestError(
        f"{what}. Expected a base64-encoded data URL with {wanted}, but got {got}.", param=param, code="invalid_value"
    )
