"""llama.cpp's own quantiser for the K types: the ggml library that lies beside every llama-server.

Two functions of it are called through ctypes, which lets other threads run meanwhile. It knows where the
library may be, not what is quantised.
"""

import ctypes
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fetcher.convert.errors import NoQuantiser

_FILES: Final = ("libggml-base.so", "libggml-base.so.0", "libggml-base.dylib")
_ADVICE: Final = (
    "Name the libggml-base of a llama.cpp with --libggml PATH, or its llama-server with LLAMA_SERVER=PATH,"
    " or convert with --type q8_0, which needs neither."
)
_KNOWN_SIZES: Final = {12: 144, 14: 210}
"""Bytes per 256 weights of Q4_K and Q6_K: shows that the library numbers its types as we do."""


class Ggml:
    """A loaded library."""

    def __init__(self, path: Path) -> None:
        """Raises NoQuantiser when `path` is no ggml library for this machine."""
        try:
            library = ctypes.CDLL(str(path))
            self._quantise = library.ggml_quantize_chunk
            row_size = library.ggml_row_size
        except (OSError, AttributeError) as error:
            raise NoQuantiser(f"{path} cannot be used to quantise: {error}", _ADVICE) from error
        row_size.restype = ctypes.c_size_t
        row_size.argtypes = [ctypes.c_int, ctypes.c_int64]
        if any(row_size(number, 256) != size for number, size in _KNOWN_SIZES.items()):
            raise NoQuantiser(f"{path} is another ggml than llama.cpp's", _ADVICE)
        pointer, count = ctypes.c_void_p, ctypes.c_int64
        self._quantise.restype = ctypes.c_size_t
        self._quantise.argtypes = [ctypes.c_int, pointer, pointer, count, count, count, pointer]

    def encode(self, type_number: int, rows: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """Quantise rows to ggml_type `type_number`: `size` bytes."""
        encoded = np.empty(size, np.uint8)
        aligned = np.require(rows, np.float32, ["C", "A"])  # a mapped row may begin anywhere
        self._quantise(type_number, aligned.ctypes.data, encoded.ctypes.data, 0, *rows.shape, None)
        return encoded


def find_ggml(path: str | None, environment: Mapping[str, str], cache: Path | None) -> Ggml:
    """The library at `path` or LIBGGML; else beside LLAMA_SERVER, one on PATH, or one in the native cache.

    Raises NoQuantiser, with what to do, when there is none.
    """
    named = path or environment.get("LIBGGML")
    if named:
        return Ggml(Path(named))
    for folder in _folders(environment, cache):
        for file in _FILES:
            if (folder / file).is_file():
                return Ggml(folder / file)
    raise NoQuantiser("the Q4_K types need the ggml library of llama.cpp, and none was found", _ADVICE)


def _folders(environment: Mapping[str, str], cache: Path | None) -> Iterator[Path]:
    servers: Iterable[str | None] = (
        environment.get("LLAMA_SERVER"),
        shutil.which("llama-server", path=environment.get("PATH", os.defpath)),
    )
    for server in servers:
        if server:
            folder = Path(server).resolve().parent
            yield folder
            yield folder.parent / "lib"
    if cache is not None:
        yield from sorted({file.parent for file in (cache / "llama").glob("**/libggml-base.*")})
