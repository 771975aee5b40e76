"""Turns a published PyTorch checkpoint into a GGUF file that an unmodified llama-server loads.

command.py      the command line
conversion.py   all of it in order; `convert()` is what the rest of the fetcher calls
files.py        which files make up a checkpoint
checkpoint.py   an open `.pt` file, mapped a window at a time
state_dict.py   its table of contents: names, shapes, places
archive.py      the zip directory below that
pickles.py      reads a pickle without running it
tokenizer.py    tokenizer.pkl: tokens, merges, special tokens
nanochat.py     the one architecture known so far: config, tensor table, changes of parameters
metadata.py     what its GGUF file says about it, and the chat template
stream.py       the weights, block by block, through all cores
quantise.py     rows of float32 to the bytes of a tensor type
ggml.py         llama.cpp's own quantiser, for the K types
gguf_writer.py  the head of the file
"""
