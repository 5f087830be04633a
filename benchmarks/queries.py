"""Filter, sort, the first 50 and an exact count over many runs: ours at 100,000, beside MLflow at 10,000."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable

from benchmarks import query_runs
from benchmarks.bench import Bench, Figures, Reach, Row, SideFailed
from benchmarks.query_runs import Case
from benchmarks.query_store import make_query_store, runs_of
from benchmarks.servers import trackrecord_server
from benchmarks.sides import Side
from trackrecord.store.embedded import EmbeddedStore

TITLE = "Queries over 100,000 runs x 30 params x 20 metrics"
QUESTION = (
    "Milliseconds for the first 50 runs with all their values, sorted, and the exact count of all that match: in a "
    "process that has asked before, over HTTP, and as one command, whole and beyond its start-up. "
    "Beside MLflow both have 10,000 runs, the same ones, and MLflow answers without a count, which it does not have."
)

#: what both languages can say: (ours, MLflow's filter, MLflow's order)
_ALIKE = (
    (
        Case("many match", "metrics.val/loss > 0.05"),
        "metrics.`val/loss` > 0.05",
        "metrics.`val/accuracy` DESC",
    ),
    (
        Case("few match", 'metrics.val/accuracy > 0.99 and params.optimizer.name == "adam"'),
        "metrics.`val/accuracy` > 0.99 and params.`optimizer.name` = 'adam'",
        "metrics.`val/accuracy` DESC",
    ),
    (Case("none match", "metrics.val/loss < 0"), "metrics.`val/loss` < 0", "metrics.`val/accuracy` DESC"),
    (Case("all, youngest first", "", "-created"), "", "attributes.start_time DESC"),
)


def run(bench: Bench) -> Row:
    """Ask all cases of ours at full size, then those that MLflow can answer too at a size that it can bear."""
    place = bench.new_folder("queries")
    count, repeat = bench.size(100_000, 200), bench.size(15, 2)
    make_query_store(place, count).close()
    inside = query_runs.in_process(place, repeat)
    http = query_runs.over_http(place, repeat)
    command = query_runs.one_shot(place, bench.size(5, 1))
    start_ms = _start_up_ms(bench, bench.size(7, 1))
    lines, found = [], {}
    for case in query_runs.CASES:
        figures = {
            "found": inside[case.name]["found"],
            "in_process_ms": inside[case.name]["ms"],
            "http_ms": http[case.name],
            "whole_ms": command[case.name] + command["start-up"],
            "one_shot_ms": command[case.name] + command["start-up"] - start_ms,
        }
        found[case.name] = figures
        lines.append(_line("Trackrecord", count, case.name, figures))
    slowest = {
        key: max(found, key=lambda name: found[name][key])
        for key in ("in_process_ms", "http_ms", "one_shot_ms")
    }
    reaches = [
        _reach("every case, in process", found, slowest["in_process_ms"], "in_process_ms", 30),
        _reach("every case, in the running server over HTTP", found, slowest["http_ms"], "http_ms", 30),
        _reach(
            "every case, one command beyond its start-up", found, slowest["one_shot_ms"], "one_shot_ms", 150
        ),
    ]
    nothing = (
        f"{start_ms:.0f} ms, of which Python with `trackrecord --version` is {command['start-up']:.0f} ms"
    )
    notes = [f"Start-up of one command, as `ls` on an empty store takes it: {nothing}."]
    peer = next((side for side in bench.peers if side.name == "mlflow"), None)
    if peer is not None:
        try:
            _beside_mlflow(bench, peer, lines, reaches, found)
        except SideFailed as error:
            notes.append(f"{peer.title}: {error}")
    return Row(
        [
            "side",
            "runs",
            "case",
            "matches",
            "in process ms",
            "over HTTP ms",
            "one command ms",
            "beyond start-up ms",
        ],
        lines,
        reaches,
        notes,
        found,
    )


def _line(title: str, runs: int, case: str, figures: Figures) -> list[str]:
    cells = [
        f"{figures[key]:,.1f}" if key in figures else ""
        for key in ("in_process_ms", "http_ms", "whole_ms", "one_shot_ms")
    ]
    return [title, f"{runs:,}", case, f"{figures['found']:,}" if "found" in figures else "not told", *cells]


def _reach(what: str, found: dict[str, Figures], case: str, key: str, limit: float) -> Reach:
    slowest = found[case][key]
    return Reach(what, f"under {limit:.0f} ms", f"{slowest:.1f} ms at most ({case})", slowest < limit)


def _beside_mlflow(
    bench: Bench, side: Side, lines: list[list[str]], reaches: list[Reach], found: dict[str, Figures]
) -> None:
    count, repeat = bench.size(10_000, 50), bench.size(7, 1)
    ours = _ours_alike(bench, count, repeat)
    exported = bench.folder / "runs.jsonl"
    with exported.open("w", encoding="utf-8") as file:
        for each in runs_of(count):
            file.write(json.dumps(each) + "\n")
    theirs = bench.child(side).ask(
        "search_mlflow",
        folder=str(bench.new_folder("mlflow-queries")),
        runs=str(exported),
        cases={case.name: {"filter": text, "order_by": [order]} for case, text, order in _ALIKE},
        times=repeat,
    )
    for case, _, _ in _ALIKE:
        lines.append(_line("Trackrecord", count, case.name, ours[case.name]))
        lines.append(_line("MLflow", count, case.name, theirs[case.name]))
        found[f"{case.name}, mlflow"] = theirs[case.name]
    for key, way in (("in_process_ms", "in process"), ("http_ms", "over HTTP")):
        ratios = {case.name: theirs[case.name][key] / ours[case.name][key] for case, _, _ in _ALIKE}
        least = min(ratios, key=lambda name: ratios[name])
        reaches.append(
            Reach(
                f"beside MLflow at {count:,} runs, {way}, least of all cases",
                "at least 20x faster",
                f"{ratios[least]:.0f}x ({least})",
                ratios[least] >= 20,
            )
        )


def _start_up_ms(bench: Bench, times: int) -> float:
    """Return what the command takes where there is nothing to find: Python, imports, opening a store."""
    place = bench.new_folder("queries-empty")
    EmbeddedStore.open(place).close()
    command = [sys.executable, "-m", "trackrecord", "--store", str(place), "ls", "--json"]
    return _median_ms(lambda: subprocess.run(command, check=True, capture_output=True), times)


def _ours_alike(bench: Bench, count: int, repeat: int) -> dict[str, Figures]:
    place = bench.new_folder("queries-alike")
    make_query_store(place, count).close()
    found: dict[str, Figures] = {}
    with EmbeddedStore.open(place) as store:
        for case, _, _ in _ALIKE:
            matches = query_runs.ask(store, case)
            found[case.name] = {
                "found": matches,
                "in_process_ms": _median_ms(lambda: query_runs.ask(store, case), repeat),  # noqa: B023 (asked at once)
            }
    with trackrecord_server(bench, str(place)) as address:
        for case, _, _ in _ALIKE:
            url = query_runs.url_of(address.rstrip("/"), case)
            found[case.name]["http_ms"] = _median_ms(lambda: _fetch(url), repeat)  # noqa: B023 (asked at once)
    return found


def _fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=120) as answer:
        return bytes(answer.read())


def _median_ms(ask: Callable[[], object], times: int) -> float:
    ask()
    took = []
    for _ in range(times):
        begin = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begin) * 1000)
    return sorted(took)[len(took) // 2]
