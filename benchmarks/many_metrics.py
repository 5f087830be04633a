"""Very wide calls: 10,000 metrics a step."""

from __future__ import annotations

from statistics import median

from benchmarks.bench import Bench, Reach, Row, middle, spread
from benchmarks.sides import PLAIN, SQLITE, TRACKRECORD

TITLE = "200 steps of 10,000 metrics"
QUESTION = (
    "Points a second, from the first call to the last one's return, and to the end of finish: only then is all of it "
    "kept by tools that hand it to a thread or process of theirs."
)


def run(bench: Bench) -> Row:
    """Log in turns; peers do as many of the steps as they get done in 4 seconds."""
    sides = [PLAIN, SQLITE, TRACKRECORD, *bench.whole_peers]
    folders = bench.folders(sides)
    rounds, notes = bench.rounds(
        sides,
        bench.size(3, 1),
        "many_metrics",
        lambda side, number: {
            "folder": folders[side.name],
            "name": f"wide{number}",
            "steps": bench.size(200, 2),
            "metrics": bench.size(10_000, 100),
            "budget_s": 4,
        },
        peer_count=2,
    )
    ours = middle(rounds["trackrecord"], "points_per_s")
    peers = {
        side.title: middle(rounds[side.name], "points_per_s") for side in bench.peers if side.name in rounds
    }
    ratio = median(
        a["points_per_s"] / b["points_per_s"]
        for a, b in zip(rounds["trackrecord"], rounds["plain"], strict=True)
    )
    reaches = [
        Reach(
            "points a second into the journal, finish included",
            "at least 1.5M",
            f"{ours / 1e6:.2f}M",
            ours >= 1.5e6,
        )
    ]
    notes.append(f"Trackrecord runs at {ratio:.2f} of the packed loop's speed (median of rounds).")
    if peers:
        best = max(peers, key=lambda title: peers[title])
        notes.append(
            f"The best peer is {best} with {peers[best]:,.0f} points/s; "
            f"Trackrecord is {ours / peers[best]:.1f}x as fast."
        )
    lines = [
        [
            side.title,
            spread(rounds[side.name], "calls_points_per_s", ",.0f"),
            spread(rounds[side.name], "points_per_s", ",.0f"),
            f"{middle(rounds[side.name], 'steps'):.0f}",
        ]
        for side in sides
        if side.name in rounds
    ]
    return Row(
        ["side", "points/s, calls alone", "points/s with finish", "steps done"],
        lines,
        reaches,
        notes,
        {name: {"points_per_s": middle(each, "points_per_s")} for name, each in rounds.items()},
    )
