"""Limits and budgets of a run: token buckets, what they refuse, and what answers cost."""
