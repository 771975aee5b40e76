"""The faults: one a file, and table.py, which names them."""
