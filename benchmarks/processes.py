"""Several processes that log at once."""

from __future__ import annotations

import os
import time

from benchmarks.bench import Bench, Child, Figures, Reach, Row, SideFailed
from benchmarks.sides import PLAIN, TRACKRECORD, Side

TITLE = "8 processes at once"
QUESTION = (
    "Points a second of all processes together for 2 s, each with a run of its own in one store, 5 metrics a call: "
    "until the last call returned, and until all had finished (ours syncs its file then, the packed loop does not). "
    "Then all points are counted by the tool's own reader."
)
#: other ways into the same files as their siblings, which are measured
_LEFT_OUT = ("mlflow-async", "mlflow-server", "tensorboardx")


def run(bench: Bench) -> Row:
    """Start 1, 2, 4, 8 processes of each of ours, 1 and 8 of each peer, at one moment."""
    lines, notes = [], []
    found: dict[str, Figures] = {}
    for side in [PLAIN, TRACKRECORD, *(side for side in bench.peers if side.name not in _LEFT_OUT)]:
        ours = side in (PLAIN, TRACKRECORD)
        for count in (1, 2, 4, 8) if ours and not bench.quick else (1, 8) if not bench.quick else (1, 2):
            try:
                figures = _together(bench, side, count)
            except SideFailed as error:
                notes.append(f"{side.title}, {count} processes: {error}")
                continue
            found[f"{side.name} x{count}"] = figures
            lost = figures["lost"]
            lines.append(
                [
                    side.title,
                    str(count),
                    f"{figures['calls_points_per_s']:,.0f}",
                    f"{figures['points_per_s']:,.0f}",
                    "not counted" if lost is None else f"{lost:,}",
                    "; ".join(figures["errors"]) or "none",
                ]
            )
    most = max(int(key.rpartition("x")[2]) for key in found if key.startswith("trackrecord"))
    many, one = found[f"trackrecord x{most}"], found["trackrecord x1"]
    limit = found[f"plain x{most}"]["calls_points_per_s"] / found["plain x1"]["calls_points_per_s"]
    grown = many["calls_points_per_s"] / one["calls_points_per_s"]
    cores = os.cpu_count() or 1
    reaches = [
        Reach(
            f"{most} processes: errors and lost points",
            "none",
            f"{len(many['errors'])} and {many['lost']}",
            not many["errors"] and many["lost"] == 0,
        ),
        Reach(
            f"{most} processes beside 1 on {cores} virtual cores, calls alone",
            "grows with cores as the packed loop does (at least 0.8 of its growth)",
            f"{grown:.2f}x (packed loop {limit:.2f}x)",
            grown >= 0.8 * limit,
        ),
    ]
    return Row(
        ["side", "processes", "points/s, calls alone", "points/s with finish", "points lost", "errors"],
        lines,
        reaches,
        notes,
        found,
    )


def _together(bench: Bench, side: Side, count: int) -> Figures:
    folder = str(bench.new_folder(side.name))
    children: list[Child] = []
    try:
        for _ in range(count):
            child = bench.start(side)
            children.append(child)
        # the first one makes what is to be made, so that the others do not race for an empty folder
        children[0].ask("log_beside_others", folder=folder, name="first", start_at=0, calls=1, budget_s=1)
        for child in children[1:]:
            child.send(
                "log_beside_others",
                folder=folder,
                name=f"warm{child.process.pid}",
                start_at=0,
                calls=1,
                budget_s=1,
            )
        warm_errors = [str(error) for error in map(_failure, children[1:]) if error]
        start_at = time.time() + 0.5 + 0.1 * count
        for number, child in enumerate(children):
            child.send(
                "log_beside_others",
                folder=folder,
                name=f"run{number}",
                start_at=start_at,
                calls=bench.size(400_000, 200),
                budget_s=2,
            )
        answers, errors = [], warm_errors
        for number, child in enumerate(children):
            try:
                answers.append((f"run{number}", child.answer()))
            except SideFailed as error:
                errors.append(str(error)[:120])
        if not answers:
            raise SideFailed("; ".join(errors))
        begin = min(each["begin"] for _, each in answers)
        calls_s = max(each["returned"] for _, each in answers) - begin
        whole_s = max(each["end"] for _, each in answers) - begin
        timed = sum(each["timed"] for _, each in answers) * 5
        logged = sum(each["calls"] for _, each in answers) * 5
        lost = None
        if side is not PLAIN:
            read = children[0].ask("count_points", folder=folder, names=[name for name, _ in answers])
            lost = logged - read["points"]
        return {
            "calls_points_per_s": timed / calls_s,
            "points_per_s": timed / whole_s,
            "lost": lost,
            "errors": errors,
        }
    finally:
        for child in children:
            child.end()


def _failure(child: Child) -> str | None:
    try:
        child.answer()
    except SideFailed as error:
        return str(error)[:120]
    return None
