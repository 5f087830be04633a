"""How long it takes to have the full history of one metric as numpy arrays."""

from __future__ import annotations

from benchmarks.bench import Bench, Figures, Reach, Row, SideFailed
from benchmarks.long_series import our_names, our_store, their_store
from benchmarks.sides import TRACKRECORD

TITLE = "Full history into numpy"
QUESTION = (
    "Milliseconds from naming run and metric to arrays of steps and values, all points of it, reader opened anew each "
    "time; 1,000,000 points with us, what they can bear with peers (ns a point compares them)."
)


def run(bench: Bench) -> Row:
    """Read with each side's own reader."""
    folder = our_store(bench)
    _, lengths = our_names(bench)
    points = bench.size(1_000_000, 2_000)
    ours = bench.child(TRACKRECORD).ask(
        "read_history", folder=folder, name=lengths[points], times=bench.size(15, 2)
    )
    lines = [_line("Trackrecord", ours)]
    notes: list[str] = []
    found = {"trackrecord": ours}
    if ours["points"] != points or ours["spikes"] != 1:
        raise AssertionError(f"not what was logged was read: {ours}")
    for side in bench.whole_peers:
        made = their_store(bench, side)
        if isinstance(made, str):
            notes.append(f"{side.title}: {made}")
            continue
        try:
            figures = bench.child(side).ask(
                "read_history", folder=made[0], name="chart0", times=bench.size(3, 1)
            )
        except SideFailed as error:
            notes.append(f"{side.title}: {error}")
            continue
        if not figures["points"]:
            notes.append(f"{side.title}: its reader finds nothing without a repair step")
            continue
        found[side.name] = figures
        lines.append(_line(side.title, figures))
    return Row(
        ["side", "points", "median ms", "first ms", "ns a point"],
        lines,
        [Reach(f"{points:,} points", "under 50 ms", f"{ours['ms']:.1f} ms", ours["ms"] < 50)],
        notes,
        found,
    )


def _line(title: str, figures: Figures) -> list[str]:
    return [
        title,
        f"{figures['points']:,}",
        f"{figures['ms']:,.1f}",
        f"{figures['first_ms']:,.1f}",
        f"{figures['ms'] * 1e6 / figures['points']:,.0f}",
    ]
