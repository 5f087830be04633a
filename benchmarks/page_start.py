"""How soon the page is there, and what it holds in memory when nobody looks."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.bench import Bench, Figures, Reach, Row, SideFailed
from benchmarks.servers import Server, free_port, start_trackrecord
from benchmarks.sides import TRACKRECORD, Side

TITLE = "`trackrecord ui`: launch and idle memory"
QUESTION = (
    "Seconds from starting the command to its first whole answer; MiB resident 30 s later with nobody looking. Ours on "
    "a store of 10,000 short runs, and only once page and first 100 runs were answered; peers on what they record in "
    "4 s, and as soon as their page (not its data) was answered."
)


def run(bench: Bench) -> Row:
    """Launch each page several times, keep the last one idle, then look at its memory."""
    folder = str(bench.shared("many-short-runs", lambda: record_many(bench)))
    idle_s = bench.size(30, 1)
    launches = {TRACKRECORD.name: [_launch_ours(bench, folder) for _ in range(bench.size(7, 1))]}
    idle: dict[str, tuple[float, float]] = {}
    runs = {TRACKRECORD.name: bench.size(10_000, 20)}
    notes: list[str] = []
    server = start_trackrecord(bench, folder)
    try:
        time.sleep(idle_s)
        idle[TRACKRECORD.name] = server.memory_mib()
    finally:
        server.end()
    for side in bench.peers:
        if side.name not in _ARGUMENTS:
            continue
        try:
            _measure_peer(bench, side, idle_s, launches, idle, runs)
        except SideFailed as error:
            notes.append(f"{side.title}: {error}")
    lines = [
        [
            side.title,
            f"{runs[side.name]:,}",
            f"{median(launches[side.name]):.2f} ({min(launches[side.name]):.2f} to {max(launches[side.name]):.2f})",
            f"{idle[side.name][0]:.0f}",
            f"{idle[side.name][1]:.0f}",
        ]
        for side in [TRACKRECORD, *bench.peers]
        if side.name in idle
    ]
    took, memory = median(launches["trackrecord"]), idle["trackrecord"][0]
    reaches = [
        Reach("launch to first answered page, 10,000 runs", "under 0.6 s", f"{took:.2f} s", took < 0.6),
        Reach("idle memory (RSS)", "under 80 MB", f"{memory * 1.048576:.0f} MB", memory * 1.048576 < 80),
    ]
    figures: dict[str, Figures] = {
        name: {"launch_s": median(took), "rss_mib": idle[name][0]}
        for name, took in launches.items()
        if name in idle
    }
    return Row(["side", "runs", "launch s", "RSS MiB", "PSS MiB"], lines, reaches, notes, figures)


def record_many(bench: Bench) -> str:
    """Record 10,000 short runs and take them in."""
    folder = str(bench.new_folder("many-short-runs"))
    child = bench.child(TRACKRECORD)
    child.ask("short_runs", folder=folder, prefix="many", runs=bench.size(10_000, 20), budget_s=300)
    child.ask("settle", folder=folder)
    return folder


def _launch_ours(bench: Bench, folder: str) -> float:
    server = start_trackrecord(bench, folder)
    server.end()
    return server.launch_s


_ARGUMENTS = {
    "mlflow": [
        *("-m", "mlflow", "server", "--host", "127.0.0.1", "--port", "{port}"),
        *("--backend-store-uri", "sqlite:///{folder}/mlflow.db"),
    ],
    "tensorboard": [
        "-m",
        "tensorboard.main",
        "--logdir",
        "{folder}",
        "--port",
        "{port}",
        "--host",
        "127.0.0.1",
    ],
    "aim": [
        "-c",
        "from aim.cli.cli import cli_entry_point as run; run()",
        "up",
        "--repo",
        "{folder}",
        "--port",
        "{port}",
        "--host",
        "127.0.0.1",
        "-y",
    ],
    "trackio": [
        "-c",
        (
            "import os; os.environ.update(TRACKIO_DIR='{folder}', GRADIO_SERVER_PORT='{port}'); "
            "import trackio; trackio.show(project='benchmark', open_browser=False, block_thread=True)"
        ),
    ],
}


def _measure_peer(
    bench: Bench,
    side: Side,
    idle_s: float,
    launches: dict[str, list[float]],
    idle: dict[str, tuple[float, float]],
    runs: dict[str, int],
) -> None:
    folder = str(bench.new_folder(f"page-{side.name}"))
    recorded = bench.child(side).ask(
        "short_runs", folder=folder, prefix="page", runs=bench.size(2_000, 2), budget_s=4
    )
    bench.end_children()
    runs[side.name] = recorded["runs"]
    times = bench.size(3, 1)
    for number in range(times):
        port = free_port()
        arguments = [each.format(port=port, folder=folder) for each in _ARGUMENTS[side.name]]
        server = Server(bench, side, arguments, port, ("/",))
        try:
            launches.setdefault(side.name, []).append(server.launch_s)
            if number == times - 1:
                time.sleep(idle_s)
                idle[side.name] = server.memory_mib()
        finally:
            server.end()
