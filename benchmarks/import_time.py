"""What ``import trackrecord`` costs, and which modules it loads."""

from __future__ import annotations

import json
import subprocess
from statistics import median

from benchmarks.bench import Bench, Reach, Row
from benchmarks.environments import child_environment, python_of
from benchmarks.sides import TRACKRECORD, Side

TITLE = "`import`"
QUESTION = (
    "Milliseconds of the import in a fresh process, beyond Python's own start; files in the system's cache."
)

_MODULES = {
    "trackrecord": "trackrecord",
    "mlflow": "mlflow",
    "wandb": "wandb",
    "tensorboard": "tensorboard.summary",
    "tensorboardx": "tensorboardX",
    "aim": "aim",
    "trackio": "trackio",
    "swanlab": "swanlab",
    "sacred": "sacred",
    "neptune-scale": "neptune_scale",
}
_SCRIPT = """
import json, sys, time
before = set(sys.modules)
begin = time.perf_counter()
import {module}
took = time.perf_counter() - begin
loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps([took * 1000, sorted(loaded - sys.stdlib_module_names - {{"{module}".partition(".")[0]}})]))
"""


def run(bench: Bench) -> Row:
    """Import in turns, in fresh processes; the first round only warms the cache."""
    sides = [TRACKRECORD, *(side for side in bench.peers if side.name in _MODULES)]
    took: dict[str, list[float]] = {side.name: [] for side in sides}
    outside: dict[str, int] = {}
    for number in range(bench.size(12, 2)):
        for side in sides:
            if number > 3 and side is not TRACKRECORD and median(took[side.name]) > 500:
                continue  # a slow one's median is known by then
            milliseconds, others = _import_once(bench, side)
            outside[side.name] = len(others)
            if number:
                took[side.name].append(milliseconds)
    lines = [
        [
            f"import {_MODULES[side.name]}",
            f"{median(took[side.name]):.1f} ({min(took[side.name]):.1f} to {max(took[side.name]):.1f})",
            str(outside[side.name]),
        ]
        for side in sides
    ]
    ours = median(took["trackrecord"])
    return Row(
        ["import", "ms", "other packages loaded"],
        lines,
        [Reach("`import trackrecord`", "under 30 ms", f"{ours:.1f} ms", ours < 30)],
        [],
        {name: {"ms": median(each)} for name, each in took.items()},
    )


def _import_once(bench: Bench, side: Side) -> tuple[float, list[str]]:
    said = subprocess.run(
        [str(python_of(side)), "-c", _SCRIPT.format(module=_MODULES[side.name])],
        capture_output=True,
        text=True,
        check=True,
        cwd=bench.folder,
        env=child_environment(side, bench.folder),
    )
    milliseconds, others = json.loads(said.stdout.splitlines()[-1])
    return float(milliseconds), list(others)
