"""The control surface under `/_sim/`: never mixed with the simulated API, and never in the journal."""
