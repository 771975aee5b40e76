"""Turns a published PyTorch checkpoint into a GGUF file that an unmodified llama-server loads.

checkpoint.py   finds the files of a checkpoint and opens its tensors
archive.py      the zip directory of a `.pt` file
pickles.py      reads a pickle without running it
tokenizer.py    tokenizer.pkl: tokens, merges, special tokens
nanochat.py     the one architecture known so far: config, tensor table, changes of parameters
quantise.py     rows of float32 to the bytes of a GGUF tensor type
ggml.py         llama.cpp's own quantiser, for the K types
gguf_writer.py  the file format
conversion.py   all of it in order; `convert()` is what the rest of the fetcher calls
command.py      the command line
"""
