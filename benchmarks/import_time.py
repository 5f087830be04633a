"""What ``import trackrecord`` costs, in fresh processes, beside importing nothing; and which modules it loads.

Run it with ``python benchmarks/import_time.py``; it prints medians in milliseconds.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

RUNS = 21
SCRIPT = """
import sys, time
before = set(sys.modules)
begin = time.perf_counter()
{statement}
took = time.perf_counter() - begin
outside = {{name.partition(".")[0] for name in set(sys.modules) - before}} - sys.stdlib_module_names - {{"trackrecord"}}
print(took * 1000, *sorted(outside))
"""


def times(statement: str) -> tuple[list[float], set[str]]:
    """Run a statement in fresh processes; return what it took in ms, and what it loaded from outside of Python."""
    took, outside = [], set()
    for _ in range(RUNS):
        command = [sys.executable, "-c", SCRIPT.format(statement=statement)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        took.append(float(said[0]))
        outside.update(said[1:])
    return took, outside


def main() -> None:
    """Time the import of the package beside that of a module that every program loads."""
    times("import trackrecord")
    ours, outside = times("import trackrecord")
    json, _ = times("import json")
    print(f"median of {RUNS} fresh processes, Python {sys.version.split()[0]}")
    print(
        f"import trackrecord   {median(ours):6.1f} ms   from outside of the standard library: {outside or 'nothing'}"
    )
    print(f"import json          {median(json):6.1f} ms")


if __name__ == "__main__":
    main()
