"""Pictures of prompts: valid files, the same everywhere, in the colours that are named."""

import hashlib
from dataclasses import replace

import pytest

from proxy.sim.picture import Picture, jpeg, png
from tests.proxy.sim.pictures import jpeg_blocks, png_chunks, png_pixels

FOX = Picture("A red fox at night", b"key", 256, 192)


@pytest.mark.parametrize("size", [(16, 16), (256, 256), (1024, 1536), (1792, 1024), (1001, 333)])
def test_a_png_has_the_size_that_is_asked_for(size):
    rows = png_pixels(png(replace(FOX, width=size[0], height=size[1])))

    assert (len(rows[0]), len(rows)) == size


def test_a_named_colour_is_in_the_picture_and_the_prompt_in_the_file():
    pixels = {color for row in png_pixels(png(FOX)) for color in row}

    assert (214, 48, 49) in pixels
    assert (214, 48, 49) not in {color for row in png_pixels(png(replace(FOX, prompt="A fox"))) for color in row}
    assert png_chunks(png(FOX))["iTXt"].endswith(b"\0A red fox at night")


def test_other_prompts_and_keys_are_other_pictures():
    pictures = {png(replace(FOX, **change)) for change in ({}, {"prompt": "A red dog"}, {"key": b"other"})}

    assert len(pictures) == 3


def test_an_unfinished_picture_has_fewer_shapes():
    none, some, all_of_them = (png_pixels(png(replace(FOX, shapes=shapes))) for shapes in (0, 3, 6))

    assert len({tuple(row) for row in none}) == 192
    assert none != some != all_of_them


def test_a_transparent_background_is_that_of_the_gradient():
    assert "tRNS" not in png_chunks(png(FOX))
    assert png_chunks(png(replace(FOX, transparent=True)))["tRNS"] == bytes(128)


@pytest.mark.parametrize("size", [(16, 16), (256, 192), (333, 1001)])
def test_a_jpeg_shows_the_same_in_blocks(size):
    picture = replace(FOX, width=size[0], height=size[1])
    width, height, blocks = jpeg_blocks(jpeg(picture))

    assert (width, height) == size
    whole = png_pixels(png(replace(picture, width=-(-width // 8) * 8, height=-(-height // 8) * 8)))
    for y, row in enumerate(blocks):
        for x, color in enumerate(row):
            assert color == pytest.approx(whole[8 * y + 4][8 * x + 4], abs=4)


def test_odd_prompts_are_no_problem():
    for prompt in ("", "\ud800", "a\0b", "🦊" * 5000):
        assert png_chunks(png(replace(FOX, prompt=prompt)))


def test_pixels_are_these_everywhere():
    # The files themselves may differ with the version of zlib.
    pixels = repr([png_pixels(png(FOX)), jpeg(FOX)])

    assert hashlib.sha256(pixels.encode()).hexdigest().startswith("82ea3b3019288805")
