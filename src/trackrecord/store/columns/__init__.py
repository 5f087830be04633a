"""Columns over all runs of a store, to filter and sort by."""
