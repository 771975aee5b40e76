"""Random damage to real files: each is read or refused, and nothing else happens."""

import io
import random
from contextlib import suppress

import pytest

from fetcher.convert.errors import UnsupportedCheckpoint
from fetcher.convert.state_dict import read_state_dict
from fetcher.convert.tokenizer import read_tokenizer

OPCODES = b".(}]tRbcsuQ\x93\x94\x81\x85\x86\x87hjqrJKMXBC\x8c"


def damaged(data, places, luck):
    changed = bytearray(data)
    for _ in range(luck.choice((1, 1, 2, 5))):
        at = luck.choice(places)
        changed[at] = luck.choice(
            (0, 255, luck.randrange(256), changed[at] ^ 1 << luck.randrange(8), luck.choice(OPCODES))
        )
    return bytes(changed)


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_model_file_is_read_or_refused(seed, tiny):
    data = (tiny / "model_000650.pt").read_bytes()
    places = [*range(2400), *range(len(data) - 3000, len(data))]  # data.pkl and the directory
    luck = random.Random(seed)
    for _ in range(50):
        changed = io.BytesIO(damaged(data, places, luck))

        def read(at: int, size: int, file: io.BytesIO = changed) -> bytes:
            file.seek(at)
            return file.read(size)

        with suppress(UnsupportedCheckpoint):
            read_state_dict(read, len(data), "model")


@pytest.mark.parametrize("seed", range(10))
def test_a_damaged_tokenizer_is_read_or_refused(seed, tiny, tmp_path):
    data = (tiny / "tokenizer.pkl").read_bytes()
    luck = random.Random(seed)
    for _ in range(20):
        (tmp_path / "tokenizer.pkl").write_bytes(damaged(data, range(len(data)), luck))
        with suppress(UnsupportedCheckpoint):
            read_tokenizer(tmp_path / "tokenizer.pkl")
