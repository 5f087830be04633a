"""What a chart of long curves costs, server side, and that its cost does not grow with the number of points."""

from __future__ import annotations

import json
import time
import urllib.request
from statistics import median

from benchmarks.bench import Bench, Figures, Reach, Row, SideFailed
from benchmarks.long_series import RUNS, our_names, our_store, their_store
from benchmarks.servers import trackrecord_server
from benchmarks.sides import TRACKRECORD

TITLE = "Chart of 10 runs at 1000 px"
QUESTION = (
    "Milliseconds until the curves of 10 runs are there, in a process that has drawn before (warm) and as its first "
    "chart. Each of our answers is checked for the spike, one point in a million."
)
#: peers whose reader can give a chart's points
_DRAWING = ("mlflow", "mlflow-server", "tensorboard", "tensorboardx", "aim", "trackio")


def run(bench: Bench) -> Row:
    """Draw with us, in process and over HTTP; then one series of each length; then with peers at sizes they bear."""
    folder = our_store(bench)
    names, lengths = our_names(bench)
    points = bench.size(1_000_000, 2_000)
    times = bench.size(50, 3)
    ours = bench.child(TRACKRECORD).ask("draw_chart", folder=folder, names=names, pixels=1000, times=times)
    lines = [_line("Trackrecord, in process", points, ours)]
    over_http = _over_http(bench, folder, times)
    lines.append(_line("Trackrecord, over HTTP", points, over_http))
    reaches = [
        Reach(
            "10 runs x 1M points at 1000 px, warm, in process",
            "under 10 ms",
            f"{ours['ms']:.2f} ms",
            ours["ms"] < 10,
        )
    ]
    reaches.append(
        Reach(
            "the same over HTTP, the answer read",
            "under 10 ms",
            f"{over_http['ms']:.2f} ms",
            over_http["ms"] < 10,
        )
    )
    notes: list[str] = []
    found = {"trackrecord": ours, "trackrecord-http": over_http}
    by_length: dict[int, Figures] = {}
    for length, name in sorted(lengths.items()):
        child = bench.start(TRACKRECORD)
        try:
            figures = child.ask("draw_chart", folder=folder, names=[name], pixels=1000, times=times)
        finally:
            child.end()
        by_length[length] = figures
        found[f"one of {length}"] = figures
        lines.append(_line("Trackrecord, one run", length, figures))
    reaches += _flatness(by_length, notes)
    for side in bench.peers:
        if side.name not in _DRAWING:
            continue
        made = their_store(bench, side)
        if isinstance(made, str):
            notes.append(f"{side.title}: {made}")
            continue
        try:
            figures = bench.child(side).ask(
                "draw_chart",
                folder=made[0],
                names=[f"chart{number}" for number in range(RUNS)],
                pixels=1000,
                times=bench.size(5, 1),
            )
        except SideFailed as error:
            notes.append(f"{side.title}: {error}")
            continue
        found[side.name] = figures
        lines.append(_line(side.title, made[1], figures))
    notes.append(
        "Peers thin in their own ways: MLflow's page takes every nth of 320 points, TensorBoard and Aim keep a random "
        "sample, so a spike can be missing; TensorBoard's warm time only reads the sample it holds in memory."
    )
    notes.append("Local W&B, SwanLab, Sacred and Neptune files have no chart without their servers.")
    return Row(
        ["side", "points a run", "points drawn", "warm ms", "first ms", "payload bytes read"],
        lines,
        reaches,
        notes,
        found,
    )


def _line(title: str, points: int, figures: Figures) -> list[str]:
    read = figures.get("bytes_read")
    return [
        title,
        f"{points:,}",
        f"{figures['drawn']:,}",
        f"{figures['ms']:.2f}",
        f"{figures['first_ms']:.1f}",
        f"{read:,}" if read is not None else "",
    ]


def _flatness(by_length: dict[int, Figures], notes: list[str]) -> list[Reach]:
    """Compare the longest series with the shortest; a factor of 4 is what one level of the pyramid may add."""
    shortest, longest = by_length[min(by_length)], by_length[max(by_length)]
    grown = longest["ms"] / shortest["ms"]
    what = f"one series, {max(by_length):,} beside {min(by_length):,} points"
    reaches = [Reach(f"{what}: time", "at most 4x", f"{grown:.1f}x", grown <= 4)]
    if "bytes_read" in shortest:
        bytes_grown = longest["bytes_read"] / max(1, shortest["bytes_read"])
        reaches.append(Reach(f"{what}: bytes read", "at most 4x", f"{bytes_grown:.1f}x", bytes_grown <= 4))
    else:
        notes.append("This commit's store does not count the bytes it reads.")
    return reaches


def _over_http(bench: Bench, folder: str, times: int) -> Figures:
    """Ask the page's own request of a running server."""
    with trackrecord_server(bench, folder) as address:
        with urllib.request.urlopen(f"{address}api/v1/runs?limit=100&columns=none", timeout=60) as answer:
            rows = json.load(answer)["items"]
        runs = [row["id"] for row in rows if row["name"].startswith("chart")]
        body = json.dumps(
            {"series": [{"run": each, "metric": "train/loss"} for each in runs], "x": "step", "pixels": 1000}
        ).encode()
        request = urllib.request.Request(
            f"{address}api/v1/series", body, {"Content-Type": "application/json"}, method="POST"
        )
        took = []
        drawn = 0
        for _ in range(times + 1):
            begin = time.perf_counter()
            with urllib.request.urlopen(request, timeout=60) as answer:
                frame = answer.read()
            took.append((time.perf_counter() - begin) * 1000)
        header = json.loads(frame[16 : 16 + int.from_bytes(frame[8:12], "little")])
        drawn = sum(each["points"] for each in header["series"])
    return {"drawn": drawn, "first_ms": took[0], "ms": median(took[1:]), "worst_ms": max(took[1:])}
