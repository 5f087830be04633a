"""What one ``log()`` of 5 metrics costs on the calling thread."""

from __future__ import annotations

from statistics import median

from benchmarks.bench import Bench, Reach, Row, middle, spread
from benchmarks.sides import PLAIN, TRACKRECORD

TITLE = "One `log()` of 5 metrics"
QUESTION = "Microseconds that the training thread waits for one call, and what is still to be done at the end (finish)."


def run(bench: Bench) -> Row:
    """Time call by call, in turns, a run a round."""
    sides = [PLAIN, TRACKRECORD, *bench.peers]
    folders = bench.folders(sides)
    rounds, notes = bench.rounds(
        sides,
        bench.size(5, 2),
        "log_call",
        lambda side, number: {
            "folder": folders[side.name],
            "name": f"round{number}",
            "calls": bench.size(20_000, 200),
            "budget_s": 1.5,
        },
        peer_count=3,
    )
    ours, plain = rounds["trackrecord"], rounds["plain"]
    ratio_p50 = median(a["p50_us"] / b["p50_us"] for a, b in zip(ours, plain, strict=True))
    ratio_p99 = median(a["p99_us"] / b["p99_us"] for a, b in zip(ours, plain, strict=True))
    reaches = [
        Reach("p50 beside the packed-write loop", "at most 2.5x", f"{ratio_p50:.2f}x", ratio_p50 <= 2.5),
        Reach("p99 beside the packed-write loop", "at most 2x", f"{ratio_p99:.2f}x", ratio_p99 <= 2),
    ]
    killed = bench.figures("killed")
    keeping = {
        side.title: middle(rounds[side.name], "p50_us")
        for side in bench.peers
        if side.name in rounds and killed.get(side.name, {}).get("kept", 0) >= 0.99
    }
    if keeping:
        fastest = min(keeping, key=lambda title: keeping[title])
        times = keeping[fastest] / middle(ours, "p50_us")
        reaches.append(
            Reach(
                "beside the fastest peer that keeps 99 % through SIGKILL, p50",
                "at least 50x faster",
                f"{times:.0f}x ({fastest}, {keeping[fastest]:,.0f} us)",
                times >= 50,
            )
        )
    if killed:
        notes.append(
            "Kept through SIGKILL: "
            + ", ".join(
                f"{side.title} {killed[side.name]['kept']:.2%}"
                for side in [TRACKRECORD, *bench.peers]
                if side.name in killed
            )
            + "."
        )
    lines = [
        [
            side.title,
            spread(rounds[side.name], "p50_us"),
            spread(rounds[side.name], "p99_us"),
            f"{middle(rounds[side.name], 'p50_us') / middle(plain, 'p50_us'):,.1f}x",
            f"{middle(rounds[side.name], 'calls'):,.0f}",
            f"{middle(rounds[side.name], 'finish_s'):.3f}",
        ]
        for side in sides
        if side.name in rounds
    ]
    return Row(
        ["side", "p50 us", "p99 us", "p50 / limit", "calls a round", "finish s"],
        lines,
        reaches,
        notes,
        {
            name: {"p50_us": middle(each, "p50_us"), "p99_us": middle(each, "p99_us")}
            for name, each in rounds.items()
        },
    )
