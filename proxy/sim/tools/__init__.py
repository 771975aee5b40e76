"""Which tools the simulator calls, with which arguments, and what it says about their results."""
