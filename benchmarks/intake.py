"""How quickly journals of finished runs that nobody has looked at become rows, and new points of a live run visible."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from statistics import median

from benchmarks.bench import Bench, Reach, Row
from tests.store.many_runs import fill_inbox
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.follow import Follower

TITLE = "Taking in"
QUESTION = (
    "Finished runs (10 params, 3 tags, 30 points of 3 metrics, one journal each) taken in a second, by one process; "
    "and seconds from log() to the point being there for a reader, while a server follows the inbox."
)
_TAKE_IN = (
    "import resource, sys, time; from trackrecord.store.embedded import EmbeddedStore;"
    "from trackrecord.store.intake.ingest import take_in; store = EmbeddedStore.open(sys.argv[1]);"
    "begun = time.perf_counter(); report = take_in(store); took = time.perf_counter() - begun;"
    "assert not report.problems, report.problems;"
    "print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def run(bench: Bench) -> Row:
    """Take in one full inbox in a process of its own, then follow a run that logs."""
    count = bench.size(100_000, 200)
    folder = bench.new_folder("intake")
    fill_inbox(folder, count)
    done = subprocess.run(
        [sys.executable, "-c", _TAKE_IN, str(folder)], capture_output=True, text=True, check=True
    )
    took, memory = float(done.stdout.split()[0]), int(done.stdout.split()[1]) / 1024
    with EmbeddedStore.open(folder) as store:
        if store.catalog.rows("SELECT count(*) FROM run") != [(count,)]:
            raise AssertionError("not every run was taken in")
    shutil.rmtree(folder)
    delays = _delays(bench.new_folder("live"), bench.size(20, 2))
    rate = count / took
    return Row(
        ["side", "what", "measured"],
        [
            [
                "Trackrecord",
                f"{count:,} finished runs",
                f"{rate:,.0f} runs/s ({took:.1f} s, at most {memory:.0f} MB)",
            ],
            [
                "Trackrecord",
                "a new point is there after",
                f"median {median(delays):.2f} s, at most {max(delays):.2f} s",
            ],
        ],
        [
            Reach(f"{count:,} finished runs", "5,000 runs/s or better", f"{rate:,.0f} runs/s", rate >= 5000),
            Reach("a new point", "within a second", f"{max(delays):.2f} s at most", max(delays) < 1.0),
        ],
        [],
        {"trackrecord": {"runs_per_s": rate, "delays_s": delays}},
    )


def _delays(folder: Path, times: int) -> list[float]:
    """Return how long after log() each of some points was there, by a follower as the page's server has one."""
    import trackrecord

    with EmbeddedStore.open(folder) as store:
        news = threading.Event()
        follower = Follower(store, on_change=lambda _revision: news.set())
        follower.start()
        delays = []
        with trackrecord.init("intake", store=str(folder)) as run:
            for step in range(times):
                run.log({"loss": float(step)}, step=step)
                logged = time.perf_counter()
                while len(store.series.points(run.id, "loss").steps) <= step:
                    news.wait(0.01)
                    news.clear()
                delays.append(time.perf_counter() - logged)
        follower.stop()
    return delays
