"""What every side does, in its own process: the same work, timed by the same clock, through the driver of the tool."""

from __future__ import annotations

import mmap
import random
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.tracker import Tracker

Figures = dict[str, Any]
TrackerClass = type[Tracker]

FIVE = {"train/loss": 1.5, "train/accuracy": 0.5, "val/loss": 1.25, "val/accuracy": 0.75, "lr": 0.001}
PARAMS: dict[str, Any] = {
    "optimizer": "adam",
    "lr": 0.001,
    "batch_size": 64,
    "layers": 4,
    "width": 256,
    "dropout": 0.1,
    "seed": 1,
    "schedule": "cosine",
    "augment": True,
    "epochs": 10,
}
TAGS = ("baseline", "nightly", "small")
#: what a metric of the long series is called
LONG = "train/loss"


def log_call(driver: TrackerClass, folder: str, name: str, calls: int, budget_s: float) -> Figures:
    """Time single calls of five metrics, up to ``calls`` or ``budget_s``; the run is begun and warmed up before."""
    tracker = driver(Path(folder))
    log = tracker.begin(name)
    for step in range(min(500, calls // 10)):
        log({key: value for key, value in FIVE.items()}, step=step)  # noqa: C416 (a new dict, as training makes it)
    clock = time.perf_counter_ns
    took: list[int] = []
    first = min(500, calls // 10)
    deadline = clock() + int(budget_s * 1e9)
    for step in range(first, first + calls):
        values = {
            "train/loss": 1.5,
            "train/accuracy": 0.5,
            "val/loss": 1.25,
            "val/accuracy": 0.75,
            "lr": 0.001,
        }
        begin = clock()
        log(values, step=step)
        end = clock()
        took.append(end - begin)
        if end > deadline:
            break
    begin = clock()
    tracker.finish()
    finish_s = (clock() - begin) / 1e9
    tracker.close()
    took.sort()
    return {
        "calls": len(took),
        "p50_us": took[len(took) // 2] / 1000,
        "p99_us": took[min(len(took) - 1, int(len(took) * 0.99))] / 1000,
        "mean_us": sum(took) / len(took) / 1000,
        "finish_s": finish_s,
    }


def many_metrics(
    driver: TrackerClass, folder: str, name: str, steps: int, metrics: int, budget_s: float
) -> Figures:
    """Log ``metrics`` metrics a call, up to ``steps`` calls or ``budget_s``; time the calls, and calls and finish."""
    tracker = driver(Path(folder))
    log = tracker.begin(name)
    chance = random.Random(7).random
    calls_s, done, began = 0.0, 0, time.perf_counter()
    for step in range(steps):
        # names and numbers made anew, as a loop over layers makes them
        values = {f"layer{index // 50:03}/weight{index % 50:02}": chance() for index in range(metrics)}
        begin = time.perf_counter()
        log(values, step=step)
        end = time.perf_counter()
        calls_s += end - begin
        done += 1
        if end - began > budget_s:
            break
    begin = time.perf_counter()
    tracker.finish()
    whole_s = calls_s + time.perf_counter() - begin
    tracker.close()
    points = done * metrics
    return {
        "points": points,
        "calls_points_per_s": points / calls_s,
        "points_per_s": points / whole_s,
        "steps": done,
    }


def short_runs(driver: TrackerClass, folder: str, prefix: str, runs: int, budget_s: float) -> Figures:
    """Record runs of 10 params, 3 tags and 30 points (10 calls of 3 metrics), one after the other, in one process."""
    tracker = driver(Path(folder))
    began = time.perf_counter()
    done = 0
    for number in range(runs):
        log = tracker.begin(f"{prefix}{number}", PARAMS, TAGS)
        for step in range(10):
            log({"loss": 1 / (step + 1), "accuracy": step / 10, "lr": 0.001}, step=step)
        tracker.finish()
        done += 1
        if time.perf_counter() - began > budget_s:
            break
    whole_s = time.perf_counter() - began
    tracker.close()
    return {"runs": done, "ms_per_run": whole_s / done * 1000}


def log_until_killed(driver: TrackerClass, folder: str, counter: str, pause_s: float) -> Figures:
    """Log for ever, counting each call that returned in a file of shared memory; whoever started this kills it."""
    tracker = driver(Path(folder))
    with Path(counter).open("r+b") as file, mmap.mmap(file.fileno(), 8) as shared:
        log = tracker.begin("killed")
        pack = struct.Struct("<q").pack_into
        step = 0
        while True:
            log({key: float(step) for key in FIVE}, step=step)
            step += 1
            pack(shared, 0, step)
            if pause_s:
                time.sleep(pause_s)


def count_survivors(driver: TrackerClass, folder: str, calls: int, *, repair: bool = False) -> Figures:
    """Count the points of the ``calls`` calls that returned which the tool's own reader finds, values checked.

    With ``repair`` the tool's command for that is run before.
    """
    tracker = driver(Path(folder))
    if repair:
        tracker.repair()
    found = 0
    for key in FIVE:
        try:
            steps, values = tracker.history("killed", key)
        except Exception:  # noqa: BLE001 (a reader that fails finds nothing, whatever it raises)
            continue
        kept = {int(step) for step, value in zip(steps, values, strict=True) if step == value}
        found += sum(1 for step in kept if 0 <= step < calls)
    tracker.close()
    can_repair = driver.repair is not Tracker.repair
    return {"logged": calls * len(FIVE), "readable": found, "can_repair": can_repair}


def record_realistic(
    driver: TrackerClass, folder: str, first: int, runs: int, steps: int, budget_s: float
) -> Figures:
    """Record runs of the realistic mix, 20 metrics a call, then let the tool settle."""
    from benchmarks.realistic import columns

    tracker = driver(Path(folder))
    began, points, done = time.perf_counter(), 0, 0
    for number in range(first, first + runs):
        found = columns(steps, number)
        keys = list(found)
        log = tracker.begin(f"realistic{number}", PARAMS, TAGS)
        for step, row in enumerate(zip(*(column.tolist() for column in found.values()), strict=True)):
            log(dict(zip(keys, row, strict=True)), step=step)
            points += len(row)
            if step % 100 == 99 and time.perf_counter() - began > budget_s:
                break
        tracker.finish()
        done += 1
        if time.perf_counter() - began > budget_s:
            break
    logged_s = time.perf_counter() - began
    begin = time.perf_counter()
    tracker.settle()
    tracker.close()
    return {"points": points, "runs": done, "logged_s": logged_s, "settled_s": time.perf_counter() - begin}


def record_long(driver: TrackerClass, folder: str, name: str, points: int, seed: int) -> Figures:
    """Record one metric of ``points`` points, a falling loss with noise and one spike in its midst."""
    rng = random.Random(seed)
    tracker = driver(Path(folder))
    log = tracker.begin(name)
    spike, uniform = points // 2, rng.random
    begin = time.perf_counter()
    for step in range(points):
        log({LONG: 1e6 if step == spike else 2.0 / (1 + step * 1e-4) + 0.1 * uniform()}, step=step)
    tracker.finish()
    took = time.perf_counter() - begin
    tracker.settle()
    tracker.close()
    return {"points": points, "seconds": took}


def settle(driver: TrackerClass, folder: str) -> Figures:
    """Let the tool do what it does some time after its runs have finished."""
    tracker = driver(Path(folder))
    begin = time.perf_counter()
    tracker.settle()
    tracker.close()
    return {"seconds": time.perf_counter() - begin}


def read_history(driver: TrackerClass, folder: str, name: str, times: int) -> Figures:
    """Read all points of one metric into numpy arrays, ``times`` times, each with a reader opened anew."""
    import numpy as np

    took, points, spikes = [], 0, 0
    for _ in range(times):
        tracker = driver(Path(folder))
        begin = time.perf_counter()
        steps, values = tracker.history(name, LONG)
        steps, values = np.asarray(steps), np.asarray(values, dtype=np.float64)
        took.append((time.perf_counter() - begin) * 1000)
        points, spikes = len(steps), int(np.count_nonzero(values == 1e6))
        tracker.close()
    return {"points": points, "first_ms": took[0], "ms": sorted(took)[len(took) // 2], "spikes": spikes}


def draw_chart(driver: TrackerClass, folder: str, names: list[str], pixels: int, times: int) -> Figures:
    """Fetch what a chart of these runs shows: once, as the first in the process, then ``times`` times more."""
    tracker = driver(Path(folder))
    begin = time.perf_counter()
    drawn = tracker.chart(names, LONG, pixels)
    first_ms = (time.perf_counter() - begin) * 1000
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        drawn = tracker.chart(names, LONG, pixels)
        took.append((time.perf_counter() - begin) * 1000)
    figures = {
        "drawn": drawn,
        "first_ms": first_ms,
        "ms": sorted(took)[len(took) // 2],
        "worst_ms": max(took),
    }
    read = getattr(tracker, "bytes_of_last_chart", None)
    if read is not None:
        figures["bytes_read"] = read
    tracker.close()
    return figures


def log_beside_others(
    driver: TrackerClass, folder: str, name: str, start_at: float, calls: int, budget_s: float
) -> Figures:
    """Log five metrics a call from the stated moment on, together with other processes."""
    tracker = driver(Path(folder))
    log = tracker.begin(name)
    for step in range(20):
        log(dict(FIVE), step=step)
    while time.time() < start_at:
        time.sleep(0.001)
    begin, done = time.time(), 0
    for step in range(20, 20 + calls):
        log(dict(FIVE), step=step)
        done += 1
        if done % 100 == 0 and time.time() - begin > budget_s:
            break
    returned = time.time()
    tracker.finish()
    end = time.time()
    tracker.close()
    return {"calls": done + 20, "timed": done, "begin": begin, "returned": returned, "end": end}


def count_points(driver: TrackerClass, folder: str, names: list[str]) -> Figures:
    """Count the points of five metrics that these runs have, once the tool has settled."""
    tracker = driver(Path(folder))
    tracker.settle()
    found = 0
    for name in names:
        for key in FIVE:
            found += len(tracker.history(name, key)[0])
    tracker.close()
    return {"points": found}


def search_mlflow(
    driver: TrackerClass,  # noqa: ARG001 (the search is not every tracker's)
    folder: str,
    runs: str,
    cases: dict[str, Any],
    times: int,
) -> Figures:
    """Ask MLflow's own search; see `peers.mlflow_runs`."""
    from benchmarks.peers.mlflow_runs import search

    return search(folder, runs, cases, times)


WORK: dict[str, Callable[..., Figures]] = {
    each.__name__: each
    for each in (
        log_call,
        many_metrics,
        short_runs,
        log_until_killed,
        count_survivors,
        record_realistic,
        record_long,
        settle,
        read_history,
        draw_chart,
        log_beside_others,
        count_points,
        search_mlflow,
    )
}
