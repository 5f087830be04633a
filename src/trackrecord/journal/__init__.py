"""Journals: records to bytes and back. Standard library only, numpy only inside ``bulk``."""
