"""The HTTP server on 3080: one OpenAI-compatible endpoint before the simulator and llama.cpp."""

VERSION = "0.1.0"
