"""Recording much at once: very wide calls, very many short runs, and several processes side by side.

Each case is a function that returns figures, for other scripts to import; run alone the file prints them beside a
plain packed loop where there is one: ``python benchmarks/recording_many.py``.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import trackrecord as tr

WIDE_STEPS, WIDE_METRICS = 200, 10_000
SHORT_RUNS = 2_000
#: of each process that logs beside others
SIDE_BY_SIDE_CALLS = 50_000

_LOGGER = """
import sys, time, trackrecord as tr
calls = int(sys.argv[1])
with tr.init("benchmark", console=False, system_metrics=False) as run:
    print("ready", flush=True)
    sys.stdin.readline()
    begin = time.perf_counter()
    for step in range(calls):
        run.log({"a": 1.5, "b": 0.5, "c": 1.25, "d": 0.75, "e": 0.001}, step=step)
    print(time.perf_counter() - begin, flush=True)
"""


def wide_calls(store: Path, steps: int = WIDE_STEPS, metrics: int = WIDE_METRICS) -> float:
    """Log ``metrics`` numbers in each of ``steps`` calls; return points a second into the journal."""
    names = [f"layer{number // 100}/weight{number % 100}" for number in range(metrics)]
    values = [number * 0.37 for number in range(metrics)]
    run = tr.init("benchmark", store=store, console=False, system_metrics=False)
    took = 0.0
    for step in range(steps):
        call = dict(zip(names, values, strict=True))
        begin = time.perf_counter()
        run.log(call, step=step)
        took += time.perf_counter() - begin
    run.finish()
    return steps * metrics / took


def plain_wide(folder: Path, steps: int = WIDE_STEPS, metrics: int = WIDE_METRICS) -> float:
    """Pack and write as many numbers one by one, as a loop of little more than nothing would; points a second."""
    pack = struct.Struct("<qqid").pack
    names = {f"layer{number // 100}/weight{number % 100}": number for number in range(metrics)}
    values = [number * 0.37 for number in range(metrics)]
    file = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    took = 0.0
    for step in range(steps):
        call = dict(zip(names, values, strict=True))
        begin = time.perf_counter()
        now = time.time_ns()
        os.write(
            file,
            b"".join([pack(step, now, number, call[name]) for name, number in names.items()]),
        )
        took += time.perf_counter() - begin
    os.close(file)
    return steps * metrics / took


def short_runs(store: Path, runs: int = SHORT_RUNS) -> float:
    """Begin, record and end many runs in one process: 10 params, 30 points, 3 tags each. Returns seconds a run."""
    begin = time.perf_counter()
    for number in range(runs):
        params = {f"param{name}": number * name for name in range(10)}
        with tr.init(
            "benchmark", store=store, params=params, tags=["a", "b", f"fold-{number % 5}"], console=False
        ) as run:
            for step in range(10):
                run.log({"loss": 1 / (step + 1), "accuracy": step / 10, "lr": 0.1}, step=step)
    return (time.perf_counter() - begin) / runs


def side_by_side(store: Path, processes: int, calls: int = SIDE_BY_SIDE_CALLS) -> float:
    """Log from several processes at once; return points a second, all together. Raises when one of them fails."""
    environment = {**os.environ, "TRACKRECORD_STORE": str(store)}
    command = [sys.executable, "-c", _LOGGER, str(calls)]
    started = [
        subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    begin = time.perf_counter()
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in started:
        assert process.stdout is not None
        process.stdout.readline()
    took = time.perf_counter() - begin
    for process in started:
        _, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"a process that logged ended with {process.returncode}")
    return processes * calls * 5 / took


def main() -> None:
    """Print every case."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = median(plain_wide(folder) for _ in range(3))
        ours = median(wide_calls(folder / "wide") for _ in range(3))
        print(
            f"{WIDE_STEPS} calls of {WIDE_METRICS} metrics: {ours / 1e6:.2f}M points/s, plain {plain / 1e6:.2f}M"
        )
        print(f"{SHORT_RUNS} short runs: {1000 * short_runs(folder / 'short'):.2f} ms a run")
        for processes in (1, 2, 4, 8):
            rate = side_by_side(folder / f"beside{processes}", processes)
            print(f"{processes} processes at once: {rate / 1e6:.2f}M points/s")


if __name__ == "__main__":
    main()
