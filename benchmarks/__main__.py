"""``python -m benchmarks``: run the benchmarks and write RESULTS.md.

Example: ``python -m benchmarks --only short_runs,killed --peers mlflow,trackio --quick``
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import time
import traceback

from benchmarks import report
from benchmarks.bench import Bench, Row
from benchmarks.machine import description
from benchmarks.sides import PEERS, chosen

#: in the order in which they are run: the call is compared with those peers that the kill spares
ROWS = (
    "killed",
    "log_call",
    "many_metrics",
    "short_runs",
    "processes",
    "disk",
    "chart",
    "history",
    "intake",
    "queries",
    "page_start",
    "import_time",
    "install_size",
)


def main() -> int:
    """Run what was asked for; return 0 when every benchmark could be run, whether or not its reach was met."""
    options = _options()
    rows = report.known()
    status = 0
    with Bench(
        [] if options.peers == ["none"] else chosen(options.peers), quick=options.quick, known=rows
    ) as bench:
        bench.install()
        for title, reason in bench.left_out.items():
            print(f"left out: {title}: {reason}", flush=True)
        for name in options.only or ROWS:
            print(f"== {name}", flush=True)
            try:
                measured = measure(name, bench)
            except Exception:  # noqa: BLE001 (the other rows are still worth having)
                traceback.print_exc()
                status = 1
                continue
            print(report.section(name, measured), flush=True)
            bench.known[name] = measured
            if not options.quick:
                report.write({each: bench.known[each] for each in ROWS if each in bench.known})
    if options.quick:
        print("A quick run measures next to nothing: RESULTS.md is as it was.")
    return status


def measure(name: str, bench: Bench) -> dict[str, object]:
    """Run one benchmark; return it as results.json keeps it."""
    module = importlib.import_module(f"benchmarks.{name}")
    machine = description()
    begin = time.monotonic()
    try:
        row: Row = module.run(bench)
    finally:
        bench.end_children()
    row.notes += [f"left out: {title}: {reason}" for title, reason in bench.left_out.items()]
    return {
        "title": module.TITLE,
        "question": module.QUESTION,
        "machine": machine,
        "seconds": time.monotonic() - begin,
        **row.as_json(),
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = lambda text: [each for each in text.replace(",", " ").split() if each]  # noqa: E731
    parser.add_argument("--only", type=names, default=[], help=f"rows to run, of: {', '.join(ROWS)}")
    parser.add_argument(
        "--peers",
        type=names,
        default=[],
        help=f"peers to measure beside us, of: {', '.join(side.name for side in PEERS)}; 'none' for none",
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that all of it works")
    options = parser.parse_args()
    wrong = [name for name in options.only if name not in ROWS]
    if wrong:
        parser.error(f"no such row: {', '.join(wrong)}; there are {', '.join(ROWS)}")
    try:
        chosen([] if options.peers == ["none"] else options.peers)
    except ValueError as error:
        parser.error(str(error))
    return options


if __name__ == "__main__":
    os.environ.pop("TRACKRECORD_STORE", None)
    # ended from outside, it still ends its children and removes its work folder
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
