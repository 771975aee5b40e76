"""What can be wrong with a checkpoint; both leave the fetcher with exit code 8.

fetcher.errors.Unusable
├── UnsupportedCheckpoint   another network, or a damaged or hostile file
└── NoQuantiser             the K types need llama.cpp's ggml library, and it was not found
"""

from fetcher.errors import Unusable

_ADVICE = "Use a checkpoint that nanochat wrote in October to December 2025 (d20, d32, d34), or a GGUF file."


class UnsupportedCheckpoint(Unusable):
    """A checkpoint that is not nanochat's, or that is damaged."""

    code = "unsupported_checkpoint"

    def __init__(self, message: str, advice: str = _ADVICE) -> None:
        super().__init__(message, advice)


class NoQuantiser(Unusable):
    """No library that encodes the K types."""

    code = "no_quantiser"
