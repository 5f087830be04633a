"""What goes for good: purged runs, and what nothing refers to."""
