"""Measurements, never tests: CPU and wall time beside a floor in the same run."""
