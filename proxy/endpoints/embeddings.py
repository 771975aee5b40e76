"""`POST /v1/embeddings`: texts or token arrays in, unit vectors out, as numbers or as base64 of float32."""

import asyncio
import struct
from base64 import b64encode
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from proxy.endpoints.call import Call, check_model, json_answer, read_with_model, real_answer
from proxy.errors import BadRequestError
from proxy.relay import Answer
from proxy.wording import check_choice

PATH = "/v1/embeddings"
_TokenId = Annotated[int, Meta(ge=0, le=2**32)]
_MOST_INPUTS, _MOST_TOKENS, _MOST_TOKENS_IN_ALL = 2048, 8192, 300_000
_LARGEST = 3072
_SIZES = {"text-embedding-3-large": 3072, "text-embedding-3-small": 1536, "text-embedding-ada-002": 1536}
_USUAL_SIZE = 1536
_TURN = 8  # vectors, about 5 ms: then others have their turn


class Request(Struct, forbid_unknown_fields=True):
    """OpenAI's fields."""

    model: Annotated[str, Meta(min_length=1)]
    input: Annotated[str, Meta(min_length=1)] | Annotated[list[str | _TokenId | list[_TokenId]], Meta(min_length=1)]
    encoding_format: str | None = None
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    user: str | None = None


_decoder = msgspec.json.Decoder(Request)


async def embeddings(call: Call) -> Answer:
    """Answer one request. Raises ApiError."""
    if real := await real_answer(call, PATH):
        return real
    from proxy.sim import embeddings as sim  # noqa: PLC0415 - who only chats need not load it

    ask = read_with_model(call, _decoder)
    check_model(call, ask.model)
    check_choice("encoding_format", ask.encoding_format, ("float", "base64"))
    size = _dimensions(ask)
    inputs = _inputs(ask.input)
    counts = [sim.count(each) if isinstance(each, str) else len(each) for each in inputs]
    _check_lengths(counts, alone=not isinstance(ask.input, list) or isinstance(ask.input[0], int))
    data = []
    for index, each in enumerate(inputs):
        if index % _TURN == _TURN - 1:
            await asyncio.sleep(0)
        vector = sim.embed(each, size) if isinstance(each, str) else sim.embed_tokens(each, size)
        data.append({"object": "embedding", "index": index, "embedding": _encoded(vector, ask.encoding_format)})
    usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
    return json_answer({"object": "list", "data": data, "model": ask.model, "usage": usage})


def _dimensions(ask: Request) -> int:
    if ask.dimensions is None:
        return _SIZES.get(ask.model, _USUAL_SIZE)
    if ask.model == "text-embedding-ada-002":
        raise BadRequestError("This model does not support specifying dimensions.", param="dimensions")
    most = _SIZES.get(ask.model, _LARGEST)
    if ask.dimensions > most:
        raise BadRequestError(
            f"Invalid value for 'dimensions' = {ask.dimensions}. Must be less than or equal to {most}.",
            param="dimensions",
            code="integer_above_max_value",
        )
    return ask.dimensions


def _inputs(given: str | list[Any]) -> list[str | list[int]]:
    """Each input by itself: one text, one token array, or as many as the array has. Raises BadRequestError."""
    if isinstance(given, str):
        return [given]
    kinds = {type(each) for each in given}
    if len(kinds) > 1:
        raise BadRequestError(
            "Invalid type for 'input': expected an array of strings, of integers, or of arrays of integers, but the "
            "items differ in type.",
            param="input",
            code="invalid_type",
        )
    if kinds == {int}:
        return [given]
    if len(given) > _MOST_INPUTS:
        raise BadRequestError(
            f"Invalid 'input': array too long. Expected an array with maximum length {_MOST_INPUTS}, but got an array "
            f"with length {len(given)} instead.",
            param="input",
            code="array_above_max_length",
        )
    for index, each in enumerate(given):
        if not each:
            kind = "string" if isinstance(each, str) else "array"
            raise BadRequestError(
                f"Invalid 'input[{index}]': input cannot be an empty {kind}.",
                param=f"input[{index}]",
                code=f"empty_{kind}",
            )
    return given


def _check_lengths(counts: list[int], *, alone: bool) -> None:
    for index, tokens in enumerate(counts):
        if tokens > _MOST_TOKENS:
            where = "input" if alone else f"input[{index}]"
            raise BadRequestError(
                f"Invalid '{where}': maximum input length is {_MOST_TOKENS} tokens, but got {tokens}.",
                param=where,
                code="context_length_exceeded",
            )
    if sum(counts) > _MOST_TOKENS_IN_ALL:
        raise BadRequestError(
            f"Requested {sum(counts)} tokens, max {_MOST_TOKENS_IN_ALL} tokens per request",
            param="input",
            code="max_tokens_per_request",
        )


def _encoded(vector: tuple[float, ...], encoding: str | None) -> str | tuple[float, ...]:
    if encoding == "base64":
        return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode("ascii")
    return vector
