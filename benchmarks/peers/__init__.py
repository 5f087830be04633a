"""One driver a tool, each run inside of that tool's own interpreter by ``benchmarks.child``."""
