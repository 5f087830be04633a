"""Taking in: from the segments in the inbox to the tables, once and only once."""
