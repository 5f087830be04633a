"""Doors to other formats: one file per format."""
