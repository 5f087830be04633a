"""What runs inside the training process. Writes journals only; standard library only."""
