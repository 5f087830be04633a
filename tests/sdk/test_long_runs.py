"""Runs of months: memory and open files of the training process stay as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recorded import python

_STEPS = """
import json, os, sys, time, trackrecord as tr
from trackrecord.sdk import keeper
steps = int(sys.argv[1])
def memory():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
seen = []
with tr.init("p", params={"lr": 0.1}, system_metrics=False) as run:
    inbox = run.store / "inbox"
    time.sleep(2.5)  # what the background thread loads once is there from now on
    for step in range(steps):
        run.log({"loss": step * 0.5, "accuracy": 0.5, "lr": 0.1}, step=step)
        if step % 1000 == 0:
            run.log({f"validation/{step % 7}": 1.0}, step=step)
        if step % (steps // 10) == steps // 20:
            for path in sorted(inbox.glob("*.journal"), key=lambda path: int(path.name.split(".")[2]))[:-1]:
                path.unlink()  # as whoever takes them in does
            seen.append((memory(), len(os.listdir("/proc/self/fd"))))
    largest = max(path.stat().st_size for path in inbox.glob("*.journal"))
print(json.dumps({"memory": [m for m, _ in seen], "files": [f for _, f in seen], "largest": largest}))
"""


def _grows_not(folder: Path, steps: int) -> None:
    if not Path("/proc/self/statm").exists():
        pytest.skip("memory of a process is read from /proc")
    seen = json.loads(python(folder, _STEPS, str(steps)).stdout)
    assert max(seen["files"][2:]) <= max(seen["files"][:2]) + 2
    assert max(seen["memory"][3:]) - min(seen["memory"][1:3]) < 4 << 20
    assert seen["largest"] < 17 << 20


def test_a_million_steps_take_no_more_memory_than_some(tmp_path: Path) -> None:
    """From the first 100,000 steps to a million memory and descriptors do not grow, and no file gets too large."""
    _grows_not(tmp_path, 1_000_000)


@pytest.mark.slow
def test_ten_million_steps(tmp_path: Path) -> None:
    """The same holds for a month of three steps a second and more."""
    _grows_not(tmp_path, 10_000_000)
