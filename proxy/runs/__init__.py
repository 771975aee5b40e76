"""Test runs: what one test process asked for and was answered, kept apart from every other's."""
