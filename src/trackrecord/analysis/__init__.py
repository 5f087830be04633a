"""What several runs show together: comparison and statistics, pure over values."""
