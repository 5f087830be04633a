"""Points of a store: chunks, the levels above them, curves drawn from both."""
