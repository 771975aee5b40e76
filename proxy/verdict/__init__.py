"""What a client did wrong, and whether it did what was expected: a run's journal, read when somebody asks."""
