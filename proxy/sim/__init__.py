"""gpt-sim-1, a deterministic language model: a small library that knows no HTTP, no clock and no I/O."""
