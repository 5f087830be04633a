"""What a point costs on disk, once its run has finished and everything has settled."""

from __future__ import annotations

from pathlib import Path

from benchmarks.bench import Bench, Figures, Reach, Row, SideFailed, bytes_below
from benchmarks.realistic import STATED_MIX
from benchmarks.sides import SQLITE, TRACKRECORD

TITLE = "Bytes a point on disk"
QUESTION = (
    "The whole folder of the store, after finish, ingest and upkeep. Ours: 100 runs of 20 metrics x 10,000 steps; the "
    f"others as many of the same runs as they get done in 10 s. The mix: {STATED_MIX}."
)


def run(bench: Bench) -> Row:
    """Record with each side, let it settle, and add up its folder."""
    runs, steps = bench.size(100, 2), bench.size(10_000, 300)
    lines: list[list[str]] = []
    figures: dict[str, Figures] = {}
    notes: list[str] = []
    reaches: list[Reach] = []
    sides = [TRACKRECORD, SQLITE, *bench.whole_peers]
    folders = bench.folders(sides)
    for side in sides:
        ours = side is TRACKRECORD
        try:
            found = bench.child(side).ask(
                "record_realistic",
                folder=folders[side.name],
                first=0,
                runs=runs if ours else min(runs, 10),
                steps=steps,
                budget_s=600 if ours else 10,
            )
        except SideFailed as error:
            notes.append(f"{side.title}: {error}")
            continue
        bench.end_children()
        apparent, allocated = bytes_below(Path(folders[side.name]))
        points = found["points"]
        figures[side.name] = {"bytes_per_point": apparent / points, "points": points}
        lines.append(
            [
                side.title,
                f"{points:,}",
                f"{apparent / points:.2f}",
                f"{allocated / points:.2f}",
                f"{found['logged_s']:.1f}",
                f"{found['settled_s']:.1f}",
            ]
        )
        if ours:
            most = max(apparent, allocated) / points
            reaches.append(
                Reach(
                    f"whole store, {points / 1e6:,.1f}M points, the greater of apparent and allocated",
                    "at most 5 bytes a point",
                    f"{most:.2f}",
                    most <= 5,
                )
            )
    notes.append(
        "Times are of recording with making the values, and of ingest with upkeep; they are no comparison."
    )
    return Row(
        ["side", "points", "bytes a point", "allocated", "recording s", "settling s"],
        lines,
        reaches,
        notes,
        figures,
    )
