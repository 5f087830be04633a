"""What is left of a run whose process is killed (SIGKILL) in the middle of logging."""

from __future__ import annotations

import random
import struct
import time
from pathlib import Path

from benchmarks.bench import Bench, Child, Figures, Reach, Row, SideFailed
from benchmarks.sides import TRACKRECORD, Side

TITLE = "Points readable after SIGKILL"
QUESTION = (
    "A child logs 5 metrics a call and is killed at a random moment, 0.5 to 1.5 s after its first call; its helper "
    "processes live on for 2 s. A new process reads with the tool's own reader, no repair step. Counted are the points "
    "of calls that had returned. Paced: a pause of 1 ms between calls; unpaced: as fast as the tool takes them."
)


def run(bench: Bench) -> Row:
    """Kill each side several times, at other moments each time."""
    dice = random.Random(20261120)
    totals: dict[tuple[str, str], list[Figures]] = {}
    notes: list[str] = []
    for pace, pause_s in (("paced", 0.001), ("unpaced", 0.0)):
        failed: set[str] = set()
        for number in range(bench.size(6, 1)):
            for side in [TRACKRECORD, *bench.peers]:
                # our own claim is the strict one, so it is tried more often
                if side.name in failed or (side is not TRACKRECORD and number >= (2 if pause_s else 1)):
                    continue
                try:
                    figures = _killed_once(bench, side, pause_s, 0.5 + dice.random())
                    totals.setdefault((side.name, pace), []).append(figures)
                except SideFailed as error:
                    failed.add(side.name)
                    notes.append(f"{side.title} ({pace}): {error}")
    lines: list[list[str]] = []
    found: dict[str, Figures] = {}
    for side in [TRACKRECORD, *bench.peers]:
        cells = [side.title]
        for pace in ("paced", "unpaced"):
            rounds = totals.get((side.name, pace), [])
            logged = sum(each["logged"] for each in rounds)
            readable = sum(each["readable"] for each in rounds)
            cells += [f"{logged:,}", f"{100 * readable / logged:.2f} %"] if logged else ["", "failed"]
            if logged:
                kept = found.setdefault(side.name, {"kept": 1.0})
                kept[pace] = readable / logged
                kept["kept"] = min(kept["kept"], readable / logged)
        lines.append(cells)
    ours = found["trackrecord"]["kept"]
    times = sum(len(totals[TRACKRECORD.name, pace]) for pace in ("paced", "unpaced"))
    reaches = [
        Reach(f"points readable after {times} kills", "100 %", f"{100 * ours:.4g} %", ours == 1.0),
    ]
    for side in bench.peers:
        rounds = [each for pace in ("paced", "unpaced") for each in totals.get((side.name, pace), [])]
        if any("after_repair" in each for each in rounds):
            share = sum(each["after_repair"] for each in rounds) / sum(each["logged"] for each in rounds)
            notes.append(f"{side.title} after its repair command: {100 * share:.2f} %.")
    notes.append(
        "W&B's and TensorBoard's writers buffer; a longer run loses the same tail, so a smaller share."
    )
    return Row(
        ["side", "logged, paced", "readable", "logged, unpaced", "readable"], lines, reaches, notes, found
    )


def _killed_once(bench: Bench, side: Side, pause_s: float, after_s: float) -> Figures:
    folder = bench.new_folder(side.name)
    counter = bench.folder / f"{folder.name}.counter"
    counter.write_bytes(bytes(8))
    writer = bench.start(side)
    try:
        writer.send("log_until_killed", folder=str(folder), counter=str(counter), pause_s=pause_s)
        _wait_for_first_call(counter, writer)
        time.sleep(after_s)
        writer.kill_alone()
        calls = _count(counter)
        time.sleep(2 if side is not TRACKRECORD else 0)
        writer.end()
        figures = _read(bench, side, folder, calls, repair=False)
        if figures["can_repair"]:
            figures["after_repair"] = _read(bench, side, folder, calls, repair=True)["readable"]
        return figures
    finally:
        writer.end()


def _read(bench: Bench, side: Side, folder: Path, calls: int, *, repair: bool) -> Figures:
    reader = bench.start(side)
    try:
        return reader.ask("count_survivors", folder=str(folder), calls=calls, repair=repair)
    finally:
        reader.end()


def _wait_for_first_call(counter: Path, writer: Child) -> None:
    deadline = time.monotonic() + 120
    while not _count(counter):
        if writer.process.poll() is not None or time.monotonic() > deadline:
            raise SideFailed(str(writer.answer(1)))
        time.sleep(0.005)


def _count(counter: Path) -> int:
    return int(struct.unpack("<q", counter.read_bytes())[0])
