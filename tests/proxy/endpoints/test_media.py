"""The tokens of images, sound and files, measured by their headers."""

import struct
from base64 import b64encode

import pytest

from proxy.endpoints.media import file_tokens, image_tokens, sound_tokens


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02\0\0\0"


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\0\0\0"


def jpeg(width, height, before=20):
    metadata = b"\xff\xe1" + struct.pack(">H", before + 2) + b"\xff" * before
    return b"\xff\xd8" + metadata + b"\xff\xc2" + struct.pack(">HBHH", 17, 8, height, width) + b"\0" * 12


def webp(width, height):
    return b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + b"\0\0\0"


def url(image, kind="png"):
    return f"data:image/{kind};base64,{b64encode(image).decode()}"


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [
        (1024, 1024, 765),  # the examples of OpenAI's page
        (2048, 4096, 1105),
        (512, 512, 255),
        (1, 1, 255),
        (1, 60000, 765),
        (768, 512, 425),
    ],
)
@pytest.mark.parametrize("kind", [png, gif, jpeg, webp])
def test_an_image_costs_by_its_tiles(kind, width, height, tokens):
    if kind is webp and height > 16_383:
        height = 16_383  # the most it can have; in 2048 x 2048 it is as slim

    assert image_tokens(url(kind(width, height)), "high") == tokens
    assert image_tokens(url(kind(width, height)), None) == tokens
    assert image_tokens(url(kind(width, height)), "low") == 85


def test_the_size_of_a_photograph_is_behind_its_metadata():
    assert image_tokens(url(jpeg(1024, 1024, before=60_000)), "auto") == 765


@pytest.mark.parametrize(
    "broken",
    [
        "https://example.com/a.png",
        "data:image/png;base64,",
        "data:image/png;base64,%%%%é",
        "data:image/png,raw",
        url(b"\x89PNG\r\n\x1a\n"),
        url(png(0, 5)),
        url(b"\xff\xd8\xff\xe1\0\0" * 9),
        url(b"\xff\xd8\xff"),
        url(b"RIFF"),
        url(b"text"),
    ],
)
def test_an_image_whose_size_cannot_be_seen_costs_the_base(broken):
    assert image_tokens(broken, "high") == 85


def wav(seconds, rate=24_000):
    data = b"\0" * int(seconds * rate * 2)
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + len(data),
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        rate,
        rate * 2,
        2,
        16,
        b"data",
        len(data),
    )
    return b64encode(head + data).decode()


def test_sound_is_a_token_for_each_tenth_of_a_second():
    assert sound_tokens(wav(3), "wav") == 30
    assert sound_tokens(wav(3, rate=8_000), "wav") == 30
    assert sound_tokens(b64encode(b"\xff" * 32_000).decode(), "mp3") == 20


@pytest.mark.parametrize("data", ["", "é", "AAAA"])
def test_sound_that_cannot_be_measured_counts_one_at_least(data):
    assert sound_tokens(data, "wav") == 1


def test_a_file_is_estimated():
    assert (file_tokens(None), file_tokens("A" * 40_000)) == (1, 600)
