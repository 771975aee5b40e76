"""Scenarios: files that say what a run's conversations are answered, rule by rule."""
