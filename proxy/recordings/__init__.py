"""Recordings: what an upstream answered, kept as rules of a scenario, and answered again byte for byte."""
