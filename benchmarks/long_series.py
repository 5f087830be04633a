"""Stores with long series, which the rows of charts and histories share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from benchmarks.bench import Bench, Figures, SideFailed
from benchmarks.sides import TRACKRECORD, Side

#: sides that read what another one has written: MLflow's server would need minutes for it
SAME_FILES = {"mlflow-server": "mlflow"}
#: runs of a chart
RUNS = 10


def our_names(bench: Bench) -> tuple[list[str], dict[int, str]]:
    """Return the runs of the chart, and one run a length, by length."""
    points = bench.size(1_000_000, 2_000)
    lengths = [10**4, 10**5, points, 10**7] if not bench.quick else [100, 1_000, points]
    return [f"chart{number}" for number in range(RUNS)], {
        each: "chart0" if each == points else f"long{each}" for each in lengths
    }


def our_store(bench: Bench) -> str:
    """Return the folder of our store, recorded with `log` by two processes at once, and settled."""
    return str(bench.shared("long-trackrecord", lambda: _record_ours(bench)))


def _record_ours(bench: Bench) -> str:
    folder = str(bench.new_folder("long-trackrecord"))
    names, lengths = our_names(bench)
    points = bench.size(1_000_000, 2_000)
    wanted = dict.fromkeys(names, points) | {name: length for length, name in lengths.items()}
    longest_first = sorted(wanted.items(), key=lambda each: -each[1])

    def record(item: tuple[str, int]) -> Figures:
        child = bench.start(TRACKRECORD)
        try:
            name, length = item
            return child.ask("record_long", folder=folder, name=name, points=length, seed=length)
        finally:
            child.end()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(record, longest_first))
    bench.child(TRACKRECORD).ask("settle", folder=folder)
    return folder


def their_store(bench: Bench, side: Side) -> tuple[str, int] | str:
    """Return a peer's folder and its points a run (10 runs), or why there is none; as long as it can bear."""
    writer = next((each for each in bench.peers if each.name == SAME_FILES.get(side.name)), side)
    made: tuple[str, int] | str = bench.shared(f"long-{writer.name}", lambda: _record_theirs(bench, writer))
    return made


def _record_theirs(bench: Bench, side: Side) -> tuple[str, int] | str:
    folder = str(bench.new_folder(f"long-{side.name}"))
    points = bench.size(10_000 if not side.name.startswith("mlflow") else 2_000, 50)
    try:
        for number in range(RUNS):
            bench.child(side).ask(
                "record_long", folder=folder, name=f"chart{number}", points=points, seed=number
            )
    except SideFailed as error:
        return str(error)
    return folder, points
