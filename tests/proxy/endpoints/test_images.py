"""The images endpoints over HTTP: real pictures of the size that was asked for, by model, and OpenAI's errors."""

import asyncio
import json
from base64 import b64decode, b64encode

import httpx
import pytest

from proxy.sim.picture import Picture, jpeg, png
from tests.proxy.sim.pictures import jpeg_blocks, png_pixels

SQUARE = png(Picture("square", b"", 64, 64))
WIDE = png(Picture("wide", b"", 96, 64))


@pytest.fixture
def generate(http):
    return lambda prompt="A red fox", **fields: http.post("/v1/images/generations", json={"prompt": prompt, **fields})


def form(http, path, files=(), **fields):
    parts = [(name, (f"{name}.png", data, kind)) for name, data, kind in files]
    return http.post(f"/v1/images/{path}", files=parts + [(name, (None, value)) for name, value in fields.items()])


def image(data=SQUARE, name="image", kind="image/png"):
    return name, data, kind


def size_of(encoded):
    rows = png_pixels(b64decode(encoded, validate=True))
    return f"{len(rows[0])}x{len(rows)}"


def test_dall_e_2_answers_with_an_address_where_the_picture_is(http, generate):
    body = generate(size="256x256", n=2).json()

    assert list(body) == ["created", "data"]
    one, other = [each["url"] for each in body["data"]]
    assert one != other
    assert one.startswith(str(http.base_url))
    answer = http.get(one)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert len(png_pixels(answer.content)) == 256


def test_dall_e_3_tells_the_prompt_it_drew(generate):
    (data,) = generate(model="dall-e-3", size="1792x1024", response_format="b64_json").json()["data"]

    assert list(data) == ["b64_json", "revised_prompt"]
    assert data["revised_prompt"] == "A red fox"
    assert size_of(data["b64_json"]) == "1792x1024"


@pytest.mark.parametrize(
    ("fields", "size", "tokens"),
    [
        ({"quality": "low"}, "1024x1024", 272),
        ({"size": "1024x1536", "quality": "high"}, "1024x1536", 6240),
        ({"size": "auto", "n": 2}, "1024x1024", 2112),
        ({"model": "gpt-image-2", "size": "320x160"}, "320x160", 52),
    ],
)
def test_gpt_image_answers_with_the_picture_and_its_tokens(generate, fields, size, tokens):
    body = generate(**{"model": "gpt-image-1", **fields}).json()

    assert [size_of(each["b64_json"]) for each in body["data"]] == [size] * fields.get("n", 1)
    assert (body["size"], body["background"], body["output_format"]) == (size, "opaque", "png")
    assert body["usage"]["output_tokens"] == tokens
    assert body["usage"]["input_tokens_details"] == {"text_tokens": 3, "image_tokens": 0}
    assert body["usage"]["total_tokens"] == tokens + 3


def test_the_same_request_gives_the_same_picture(generate):
    pictures = [generate(model="gpt-sim-1", size="64x64", **more).json()["data"] for more in ({}, {"user": "me"})]

    assert pictures[0] == pictures[1] != generate("A red dog", model="gpt-sim-1", size="64x64").json()["data"]


def test_a_jpeg_is_a_jpeg(http, generate):
    url = generate(model="gpt-sim-1", size="160x64", output_format="jpeg", response_format="url").json()["data"][0][
        "url"
    ]

    answer = http.get(url)
    assert answer.headers["content-type"] == "image/jpeg"
    assert jpeg_blocks(answer.content)[:2] == (160, 64)


@pytest.mark.parametrize("partial", [None, 0, 1, 3])
def test_a_stream_shows_unfinished_pictures_and_then_the_plain_answers(generate, partial):
    asked = {"model": "gpt-image-2", "size": "64x64", "n": 2}
    plain = generate(**asked).json()
    answer = generate(**asked, stream=True, partial_images=partial)

    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [event.split("\n") for event in answer.text.split("\n\n")[:-1]]
    bodies = [json.loads(data.removeprefix("data: ")) for _, data in events]
    assert [f"event: {body['type']}" for body in bodies] == [name for name, _ in events]
    names = ["image_generation.partial_image"] * (partial or 0) + ["image_generation.completed"]
    assert [body["type"] for body in bodies] == names * 2
    finished = [body for body in bodies if body["type"].endswith("completed")]
    assert [body["b64_json"] for body in finished] == [each["b64_json"] for each in plain["data"]]
    assert sum(body["usage"]["output_tokens"] for body in finished) == plain["usage"]["output_tokens"]
    assert [body["partial_image_index"] for body in bodies[: partial or 0]] == list(range(partial or 0))
    assert len({body["b64_json"] for body in bodies}) == len(bodies)


def test_edits_depend_on_the_images(http):
    def edit(*files, **fields):
        answer = form(http, "edits", files, prompt="a hat", size="64x64", model="gpt-sim-1", **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    one = edit(image())
    assert size_of(one["data"][0]["b64_json"]) == "64x64"
    assert one["usage"]["input_tokens_details"] == {"text_tokens": 2, "image_tokens": 194}
    two, masked = edit(image(), image(WIDE, "image[]")), edit(image(), image(SQUARE, "mask"))
    assert one["data"] == edit(image())["data"]
    assert len({each["data"][0]["b64_json"] for each in (one, two, masked, edit(image(WIDE)))}) == 4
    assert two["usage"]["input_tokens_details"]["image_tokens"] == 388
    assert len(edit(image(), n="2")["data"]) == 2


def edited(http, **fields):
    return http.post("/v1/images/edits", json={"model": "gpt-image-1", "prompt": "a hat", **fields})


@pytest.mark.parametrize("stream", [False, True])
def test_an_edit_as_json_is_the_forms(http, stream):
    ask = {"prompt": "a hat", "model": "gpt-image-1"}
    by_form = form(http, "edits", [image(), image(SQUARE, "mask")], **ask, **({"stream": "true"} if stream else {}))
    source = {"image_url": f"data:image/png;base64,{b64encode(SQUARE).decode()}"}

    by_json = edited(http, images=[source], mask=source, stream=stream)

    assert by_json.status_code == 200, by_json.text
    if stream:
        assert by_json.text.count("event: ") == by_form.text.count("event: ") == 1
    else:
        assert (by_json.json()["data"], by_json.json()["usage"]) == (by_form.json()["data"], by_form.json()["usage"])


def test_an_edit_as_json_takes_uploaded_files_and_addresses(http):
    name = http.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", SQUARE)}).json()["id"]
    sources = [{"file_id": name}, {"image_url": "https://example.com/a.png"}]

    both, one = edited(http, images=sources), edited(http, images=sources[:1])

    assert both.json()["usage"]["input_tokens_details"]["image_tokens"] == 388
    assert one.json()["data"] == edited(http, images=sources[:1]).json()["data"] != both.json()["data"]
    assert edited(http, images=sources[1:], mask=sources[1]).status_code == 200


@pytest.mark.parametrize(
    ("fields", "status", "param", "message"),
    [
        ({}, 400, "images", "Missing required parameter: 'images'."),
        ({"image": "x"}, 400, "image", "Unknown parameter: 'image'. For application/json on /v1/images/edits, use"),
        ({"images": []}, 400, "images", "Invalid 'images': empty array."),
        ({"images": [{}]}, 400, "images[0]", "Invalid 'images[0]'. Exactly one of"),
        ({"images": [{"file_id": "file-none"}]}, 404, "images[0].file_id", "No such File object: file-none"),
        (
            {"images": [{"image_url": "here"}]},
            400,
            "images[0].image_url",
            "Invalid 'images[0].image_url'. Expected a",
        ),
        ({"images": [{"image_url": "data:image/png;base64,!"}]}, 400, "images[0].image_url", "Invalid base64 image_u"),
        ({"images": [{"image_url": "data:image/png;base64,AAAA"}]}, 400, "image", "Invalid image file or mode"),
        ({"images": [{"image_url": "https://a/b"}] * 17}, 400, "images", "Invalid 'images': array too long."),
        ({"images": [{"image_url": "https://a/b"}], "colour": 1}, 400, "colour", "Unknown parameter: 'colour'."),
    ],
)
def test_an_edit_as_json_that_is_wrong_is_refused(http, fields, status, param, message):
    answer = edited(http, **fields)

    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert answer.json()["error"]["message"].startswith(message)


def test_a_webp_whose_size_is_not_known_counts_as_a_small_one(http):
    webp = image(b"RIFF\0\0\0\0WEBPVP8L" + bytes(20), kind="image/webp")
    body = form(http, "edits", [webp], prompt="a hat", size="64x64", model="gpt-sim-1").json()

    assert body["usage"]["input_tokens_details"]["image_tokens"] == 194


def test_an_edit_can_be_streamed(http):
    answer = form(http, "edits", [image()], prompt="a hat", model="gpt-image-1", stream="true", partial_images="1")

    assert [line for line in answer.text.split("\n") if line.startswith("event")] == [
        "event: image_edit.partial_image",
        "event: image_edit.completed",
    ]


def test_variations_are_of_the_image(http):
    one, other = form(http, "variations", [image()], n="2", size="256x256").json()["data"]

    assert one["url"] != other["url"]
    assert len(png_pixels(http.get(one["url"]).content)) == 256


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": ""}, "prompt", "missing_required_parameter"),
        ({"prompt": 1}, "prompt", "invalid_type"),
        ({"prompt": "a" * 1001}, "prompt", "string_above_max_length"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 11}, "n", "integer_above_max_value"),
        ({"n": 2, "model": "dall-e-3"}, "n", "integer_above_max_value"),
        ({"size": "512x256"}, "size", "invalid_value"),
        ({"size": "256x256", "model": "dall-e-3"}, "size", "invalid_value"),
        ({"size": "256x256", "model": "gpt-image-1"}, "size", "invalid_value"),
        ({"size": "4096x4096", "model": "gpt-image-2"}, "size", "invalid_value"),
        ({"size": "100x100", "model": "gpt-image-2"}, "size", "invalid_value"),
        ({"size": "64x256", "model": "gpt-image-2"}, "size", "invalid_value"),
        ({"size": "0x0", "model": "gpt-image-2"}, "size", "invalid_value"),
        ({"size": "99999999999999x16", "model": "gpt-sim-1"}, "size", "invalid_value"),
        ({"size": "big", "model": "gpt-sim-1"}, "size", "invalid_value"),
        ({"quality": "hd"}, "quality", "invalid_value"),
        ({"quality": "hd", "model": "gpt-image-1"}, "quality", "invalid_value"),
        ({"style": "vivid"}, "style", "unknown_parameter"),
        ({"stream": True}, "stream", "unknown_parameter"),
        ({"response_format": "url", "model": "gpt-image-1"}, "response_format", "unknown_parameter"),
        ({"response_format": "hex"}, "response_format", "invalid_value"),
        ({"output_format": "webp", "model": "gpt-image-1"}, "output_format", "unsupported_value"),
        ({"output_format": "bmp", "model": "gpt-image-1"}, "output_format", "invalid_value"),
        (
            {"output_format": "jpeg", "background": "transparent", "model": "gpt-image-1"},
            "background",
            "invalid_value",
        ),
        ({"partial_images": 1, "model": "gpt-image-1"}, "partial_images", None),
        ({"partial_images": 4, "stream": True, "model": "gpt-image-1"}, "partial_images", "integer_above_max_value"),
        ({"frame_count": 4, "model": "gpt-image-2"}, "frame_count", None),
        ({"frame_count": 1, "output_format": "gif", "model": "gpt-image-2"}, "frame_count", "integer_below_min_value"),
        ({"svg": {"model": "gpt-sim-1"}, "model": "gpt-image-2"}, "svg", None),
        ({"seed": 1}, "seed", "unknown_parameter"),
    ],
)
def test_what_is_wrong_is_a_400_that_names_it(http, fields, param, code):
    assert_refused(http.post("/v1/images/generations", json={"prompt": "A red fox", **fields}), param, code)


@pytest.mark.parametrize(
    ("path", "files", "fields", "param", "code"),
    [
        ("edits", [], {"prompt": "a"}, "image", "missing_required_parameter"),
        ("edits", [image()], {"model": "gpt-image-1"}, "prompt", "missing_required_parameter"),
        ("edits", [image()], {"prompt": "a", "model": "dall-e-3"}, "model", "invalid_value"),
        ("edits", [image(), image()], {"prompt": "a"}, "image", "array_above_max_length"),
        ("edits", [image()] * 17, {"prompt": "a", "model": "gpt-image-1"}, "image", "array_above_max_length"),
        ("edits", [image(WIDE)], {"prompt": "a"}, "image", "invalid_image_file"),
        ("edits", [image(b"")], {"prompt": "a"}, "image", "invalid_image_file"),
        ("edits", [image(b"GIF89a")], {"prompt": "a", "model": "gpt-image-1"}, "image", "invalid_image_file"),
        ("edits", [image(SQUARE[:12])], {"prompt": "a", "model": "gpt-image-1"}, "image", "invalid_image_file"),
        (
            "edits",
            [image(kind="application/octet-stream")],
            {"prompt": "a", "model": "gpt-image-1"},
            "image",
            "unsupported_file_mimetype",
        ),
        ("edits", [image(), image(WIDE, "mask")], {"prompt": "a"}, "mask", "invalid_image_file"),
        ("edits", [image(), image(b"no", "mask")], {"prompt": "a"}, "mask", "invalid_image_file"),
        ("edits", [image(), image(SQUARE[:12], "mask")], {"prompt": "a"}, "mask", "invalid_image_file"),
        ("edits", [image(b"RIFF\0\0\0\0WAVE")], {"prompt": "a", "model": "gpt-image-1"}, "image", "invalid_image_file"),
        ("edits", [image(), image(WIDE, "markup")], {"prompt": "a"}, "markup", "invalid_image_file"),
        ("edits", [image(), image(name="mask"), image(name="markup")], {"prompt": "a"}, "markup", "invalid_value"),
        ("edits", [image()], {"prompt": "a", "n": "many"}, "n", "invalid_type"),
        ("variations", [image(jpeg(Picture("", b"", 64, 64)))], {}, "image", "invalid_image_file"),
        ("variations", [image()], {"model": "gpt-image-1"}, "model", "invalid_value"),
        ("variations", [image()], {"prompt": "a"}, "prompt", "unknown_parameter"),
        ("variations", [image()], {"size": "1x1"}, "size", "invalid_value"),
    ],
)
def test_what_is_wrong_in_a_form_is_a_400_that_names_it(http, path, files, fields, param, code):
    assert_refused(form(http, path, files, **fields), param, code)


def assert_refused(answer, param, code):
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)


def test_the_largest_picture_does_not_keep_others_waiting(simulator):
    async def ask_both():
        async with httpx.AsyncClient(base_url=simulator.v1, timeout=60) as client:
            fields = {"model": "gpt-image-2", "size": "3840x2160", "n": 10, "prompt": "large"}
            large = asyncio.ensure_future(client.post("/images/generations", json=fields))
            while not large.done():
                assert (await client.get("/models")).status_code == 200
            return await large

    assert len(asyncio.run(ask_both()).json()["data"]) == 10


def test_a_picture_that_is_not_there_is_a_404(http):
    assert http.get("/v1/images/files/img-0.png").status_code == 404


def test_the_real_model_draws_nothing_and_strict_models_know_few_names(start_proxy, start_upstream):
    proxy = start_proxy("--llama-url", start_upstream("normal").url, "--strict-models")

    def ask(**fields):
        return httpx.post(f"{proxy.v1}/images/generations", json={"prompt": "a", **fields}).status_code

    assert (ask(model="tiny"), ask(model="dall-e-3"), ask(model="gpt-sim-1"), ask()) == (400, 404, 200, 200)
