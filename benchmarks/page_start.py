"""How soon the page is there, and what it holds in memory when nobody looks."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from benchmarks.bench import Bench, Reach, Row, SideFailed
from benchmarks.servers import Server, free_port, start_trackrecord
from benchmarks.sides import TRACKRECORD, Side

TITLE = "`trackrecord ui`: launch and idle memory"
QUESTION = (
    "Seconds from starting the command to its first whole answer; MiB resident 30 s later with nobody looking. Ours on "
    "a store of 10,000 short runs, and only once page and first 100 runs were answered; peers on what they record in "
    "4 s, and as soon as their page (not its data) was answered."
)


@dataclass(slots=True)
class _Page:
    """One tool's page: what is in its store, how long each launch took, and the last one, which is left idle."""

    side: Side
    runs: int
    launches: list[float]
    server: Server


def run(bench: Bench) -> Row:
    """Launch each page several times, leave the last of each running, and look at their memory when all are idle."""
    folder = str(bench.shared("many-short-runs", lambda: record_many(bench)))
    notes: list[str] = []
    with ExitStack() as running:
        pages = [
            _launched(
                running,
                TRACKRECORD,
                bench.size(10_000, 20),
                bench.size(7, 1),
                lambda: start_trackrecord(bench, folder),
            )
        ]
        for side in bench.peers:
            if side.name not in _ARGUMENTS:
                continue
            try:
                pages.append(_launched_peer(bench, side, running))
            except SideFailed as error:
                notes.append(f"{side.title}: {error}")
        time.sleep(bench.size(30, 1))
        memory = {page.side.name: page.server.memory_mib() for page in pages}
    lines = [
        [
            page.side.title,
            f"{page.runs:,}",
            f"{median(page.launches):.2f} ({min(page.launches):.2f} to {max(page.launches):.2f})",
            f"{memory[page.side.name][0]:.0f}",
            f"{memory[page.side.name][1]:.0f}",
        ]
        for page in pages
    ]
    took, resident_mb = median(pages[0].launches), memory[TRACKRECORD.name][0] * 1.048576
    return Row(
        ["side", "runs", "launch s", "RSS MiB", "PSS MiB"],
        lines,
        [
            Reach("launch to first answered page, 10,000 runs", "under 0.6 s", f"{took:.2f} s", took < 0.6),
            Reach("idle memory (RSS)", "under 80 MB", f"{resident_mb:.0f} MB", resident_mb < 80),
        ],
        notes,
        {
            page.side.name: {"launch_s": median(page.launches), "rss_mib": memory[page.side.name][0]}
            for page in pages
        },
    )


def _launched(running: ExitStack, side: Side, runs: int, times: int, start: Callable[[], Server]) -> _Page:
    """Launch a page so many times; the last one runs on."""
    launches = []
    for _ in range(times - 1):
        server = start()
        launches.append(server.launch_s)
        server.end()
    server = start()
    running.callback(server.end)
    return _Page(side, runs, [*launches, server.launch_s], server)


def record_many(bench: Bench) -> str:
    """Record 10,000 short runs and take them in."""
    folder = str(bench.new_folder("many-short-runs"))
    child = bench.child(TRACKRECORD)
    child.ask("short_runs", folder=folder, prefix="many", runs=bench.size(10_000, 20), budget_s=300)
    child.ask("settle", folder=folder)
    return folder


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


def _launched_peer(bench: Bench, side: Side, running: ExitStack) -> _Page:
    folder = str(bench.new_folder(f"page-{side.name}"))
    child = bench.child(side)
    recorded = child.ask("short_runs", folder=folder, prefix="page", runs=bench.size(2_000, 2), budget_s=4)
    child.ask("settle", folder=folder)
    bench.end_children()

    def start() -> Server:
        port = free_port()
        arguments = [each.format(port=port, folder=folder) for each in _ARGUMENTS[side.name]]
        return Server(bench, side, arguments, port, ("/",))

    return _launched(running, side, recorded["runs"], bench.size(3, 1), start)
