"""Very many short runs, one after the other in one process."""

from __future__ import annotations

from benchmarks.bench import Bench, Reach, Row, middle, spread
from benchmarks.sides import PLAIN, SQLITE, TRACKRECORD

TITLE = "2,000 short runs"
QUESTION = (
    "Milliseconds a run of 10 params, 3 tags and 30 points (10 calls of 3 metrics), begun and finished one after the "
    "other in one process."
)


def run(bench: Bench) -> Row:
    """Record runs in turns; peers do as many of them as they get done in 4 seconds."""
    sides = [PLAIN, SQLITE, TRACKRECORD, *bench.whole_peers]
    folders = bench.folders(sides)
    ours_alone = {"plain", "sqlite", "trackrecord"}
    rounds, notes = bench.rounds(
        sides,
        bench.size(3, 1),
        "short_runs",
        lambda side, number: {
            "folder": folders[side.name],
            "prefix": f"short{number}-",
            "runs": bench.size(2_000, 5),
            "budget_s": 60 if side.name in ours_alone else 4,
        },
        peer_count=2,
    )
    ours = middle(rounds["trackrecord"], "ms_per_run")
    reaches = [Reach("a run", "under 2.5 ms", f"{ours:.2f} ms ({1000 / ours:.0f} runs/s)", ours < 2.5)]
    peers = {
        side.title: middle(rounds[side.name], "ms_per_run") for side in bench.peers if side.name in rounds
    }
    if peers:
        best = min(peers, key=lambda title: peers[title])
        notes.append(
            f"The fastest peer is {best} with {1000 / peers[best]:,.0f} runs/s; "
            f"Trackrecord is {peers[best] / ours:.1f}x as fast."
        )
    lines = [
        [
            side.title,
            spread(rounds[side.name], "ms_per_run"),
            f"{1000 / middle(rounds[side.name], 'ms_per_run'):,.0f}",
            f"{middle(rounds[side.name], 'runs'):,.0f}",
        ]
        for side in sides
        if side.name in rounds
    ]
    return Row(
        ["side", "ms a run", "runs/s", "runs a round"],
        lines,
        reaches,
        notes,
        {name: {"ms_per_run": middle(each, "ms_per_run")} for name, each in rounds.items()},
    )
