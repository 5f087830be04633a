"""What one ``log()`` of 5 metrics costs on the calling thread, beside a plain loop that packs and writes as much.

Both are timed call by call in one process, in turns, so that the machine's drift meets both. Run it with
``python benchmarks/log_call.py [calls]``; it prints medians, 99th percentiles and their ratios.
"""

from __future__ import annotations

import os
import struct
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import trackrecord as tr

ROUNDS = 10


def plain_loop(file: int, calls: int) -> list[int]:
    """Pack a step and five numbers and write them, ``calls`` times; return what each took in ns."""
    pack = struct.Struct("<qq5d").pack
    write, clock, now = os.write, time.perf_counter_ns, time.time_ns
    took = []
    for step in range(calls):
        values = {
            "train/loss": 1.5,
            "train/accuracy": 0.5,
            "val/loss": 1.25,
            "val/accuracy": 0.75,
            "lr": 0.001,
        }
        begin = clock()
        write(file, pack(step, now(), *values.values()))
        took.append(clock() - begin)
    return took


def logged(run: tr.Run, first: int, calls: int) -> list[int]:
    """Log five metrics ``calls`` times; return what each took in ns."""
    clock = time.perf_counter_ns
    took = []
    for step in range(first, first + calls):
        values = {
            "train/loss": 1.5,
            "train/accuracy": 0.5,
            "val/loss": 1.25,
            "val/accuracy": 0.75,
            "lr": 0.001,
        }
        begin = clock()
        run.log(values, step=step)
        took.append(clock() - begin)
    return took


def percentile(took: list[int], share: float) -> float:
    """Return a percentile in microseconds."""
    return sorted(took)[min(len(took) - 1, int(len(took) * share))] / 1000


def main() -> None:
    """Time both in turns and print the ratios."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    ratios_median, ratios_p99, rows = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        file = os.open(Path(folder, "plain"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        with tr.init("benchmark", store=Path(folder, "store"), console=False) as run:
            logged(run, 0, 1000), plain_loop(file, 1000)
            for turn in range(ROUNDS):
                plain = plain_loop(file, calls)
                ours = logged(run, turn * calls, calls)
                rows.append(
                    (
                        median(plain) / 1000,
                        median(ours) / 1000,
                        percentile(plain, 0.99),
                        percentile(ours, 0.99),
                    )
                )
                ratios_median.append(rows[-1][1] / rows[-1][0])
                ratios_p99.append(rows[-1][3] / rows[-1][2])
        os.close(file)
    plain_p50, ours_p50, plain_p99, ours_p99 = (median(column) for column in zip(*rows, strict=True))
    print(f"one call with 5 metrics, {ROUNDS} rounds of {calls} calls each, Python {sys.version.split()[0]}")
    print(f"{'':24}{'p50 us':>10}{'p99 us':>10}")
    print(f"{'plain pack and write':24}{plain_p50:10.2f}{plain_p99:10.2f}")
    print(f"{'run.log':24}{ours_p50:10.2f}{ours_p99:10.2f}")
    print(f"{'ratio (median of rounds)':24}{median(ratios_median):10.2f}{median(ratios_p99):10.2f}")


if __name__ == "__main__":
    main()
