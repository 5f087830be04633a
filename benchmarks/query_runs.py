"""Filter, sort, the first 50 with all their values, and an exact count, over 10,000 and 100,000 runs.

    python -m benchmarks.query_runs [--runs 10000] [--repeat 15] [--store FOLDER]

Three ways, each with the same cases: in one process that stays (warm); over HTTP; as one command, whose start-up
(``trackrecord --version``) is measured beside it and taken away. Prints one JSON document; medians in milliseconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from benchmarks.query_store import make_query_store
from trackrecord.query.groups import group_runs
from trackrecord.query.runs import select_runs
from trackrecord.store.embedded import EmbeddedStore

PAGE = 50


@dataclass(frozen=True)
class Case:
    """One question; with ``group_by`` it is about groups of runs."""

    name: str
    where: str
    order_by: str = "-metrics.val/accuracy"
    group_by: tuple[str, ...] = ()


CASES = (
    Case("many match", 'params.optimizer.name in ["adam", "adamw", "sgd"]'),
    Case("few match", "metrics.val/accuracy > 0.995 and params.optimizer.lr < 0.001"),
    Case("none match", "metrics.val/loss < 0 and params.seed > 5"),
    Case("all, youngest first", "", "-created"),
    Case("a bare name", "val/accuracy > 0.9 and optimizer.lr < 0.01", "val/loss"),
    Case("text", 'name contains "-0042"', "name"),
    Case("regex", 'name ~ "^sweep-[0-4]\\d-\\d*7$"', "-metrics.val/accuracy"),
    Case("group-by", "", "", ("params.optimizer.name", "params.model.size_0")),
)


def ask(store: EmbeddedStore, case: Case) -> int:
    """Ask one question in this process; return how many runs fit."""
    if case.group_by:
        return group_runs(store, case.group_by, results=["val/accuracy"], where=case.where).runs
    return select_runs(store, where=case.where, order_by=case.order_by, limit=PAGE).total


def url_of(base: str, case: Case) -> str:
    """Return the address that asks the same of a server."""
    if case.group_by:
        asked = {"by": ",".join(case.group_by), "results": "val/accuracy", "q": case.where}
        return f"{base}/api/v1/groups?{urlencode(asked)}"
    asked = {"q": case.where, "sort": case.order_by, "limit": str(PAGE)}
    return f"{base}/api/v1/runs?{urlencode(asked)}"


def command_of(case: Case) -> list[str]:
    """Return the arguments of the command that asks the same."""
    if case.group_by:
        return [
            "ls",
            case.where,
            "--group-by",
            ",".join(case.group_by),
            "--metrics",
            "val/accuracy",
            "--json",
        ]
    return ["ls", case.where, "--sort", case.order_by, "--limit", str(PAGE), "--json"]


def median_ms(action: Callable[[], Any], repeat: int) -> float:
    """Return the median time of an action, which has been done once before."""
    action()
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return round(statistics.median(times) * 1000, 2)


def in_process(path: Path, repeat: int) -> dict[str, dict[str, float]]:
    """Return what each case takes in a process that has asked it before."""
    with EmbeddedStore.open(path) as store:
        return {
            case.name: {
                "found": ask(store, case),
                "ms": median_ms(partial(ask, store, case), repeat),
            }
            for case in CASES
        }


def over_http(path: Path, repeat: int) -> dict[str, float]:
    """Return what each case takes of a server that has been asked it before."""
    command = [sys.executable, "-m", "trackrecord", "--store", str(path), "ui", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            base = _address(server)
            return {case.name: median_ms(partial(_fetched, url_of(base, case)), repeat) for case in CASES}
        finally:
            server.terminate()


def one_shot(path: Path, repeat: int) -> dict[str, float]:
    """Return what each case takes as a command, beyond what ``trackrecord --version`` takes.

    ``of an empty store`` is the same for ``ls`` where there is nothing: what loading numpy and opening a store cost.
    """

    def run(arguments: Sequence[str]) -> None:
        subprocess.run(
            [sys.executable, "-m", "trackrecord", "--store", str(path), *arguments],
            check=True,
            capture_output=True,
        )

    start = median_ms(partial(run, ["--version"]), repeat)
    found = {"start-up": start}
    with tempfile.TemporaryDirectory(prefix="trackrecord-bench-") as empty:
        EmbeddedStore.open(empty).close()
        found["of an empty store"] = round(
            median_ms(partial(run, ["--store", empty, "ls", "--json"]), repeat) - start, 2
        )
    for case in CASES:
        found[case.name] = round(median_ms(partial(run, command_of(case)), repeat) - start, 2)
    return found


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        for word in line.split():
            if word.startswith("http://"):
                return word.rstrip("/")
    raise RuntimeError("the server ended without an address")


def _fetched(url: str) -> bytes:
    with urlopen(url) as answer:
        return bytes(answer.read())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--store", type=Path, help="a store made before by --keep")
    parser.add_argument("--keep", type=Path, help="make the store here and leave it")
    asked = parser.parse_args()
    place = asked.store or asked.keep or Path(tempfile.mkdtemp(prefix="trackrecord-bench-"))
    try:
        if asked.store is None:
            make_query_store(place, asked.runs).close()
        answer = {
            "runs": asked.runs,
            "in process": in_process(place, asked.repeat),
            "over HTTP": over_http(place, asked.repeat),
            "one command": one_shot(place, max(3, asked.repeat // 3)),
        }
        print(json.dumps(answer, indent=2))
    finally:
        if asked.store is None and asked.keep is None:
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    main()
