"""Starting the page of each tool, and what its processes hold in memory."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bench import Bench, SideFailed
from benchmarks.environments import child_environment, python_of
from benchmarks.sides import TRACKRECORD, Side


class Server:
    """A started page. ``launch_s`` is from before its process began to its first whole answer."""

    def __init__(
        self, bench: Bench, side: Side, arguments: list[str], port: int, paths: tuple[str, ...]
    ) -> None:
        self.address = f"http://127.0.0.1:{port}/"
        home = bench.new_folder(f"home-{side.name}-page")
        home.mkdir(parents=True)
        self._output = home / "output.txt"
        environment = child_environment(side, home)
        begin = time.perf_counter()
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [str(python_of(side)), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home,
                env=environment,
                start_new_session=True,
            )
        try:
            for path in paths:
                self._wait_for(self.address + path.lstrip("/"))
        except BaseException:
            self.end()
            raise
        self.launch_s = time.perf_counter() - begin

    def _wait_for(self, address: str) -> None:
        deadline = time.monotonic() + 120
        while True:
            try:
                with urllib.request.urlopen(address, timeout=60) as answer:
                    if answer.read():
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError, OSError) as error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    said = self._output.read_text(encoding="utf-8", errors="replace").strip()[-300:]
                    raise SideFailed(f"{address} is not answered: {error}; it said: {said}") from error
            time.sleep(0.005)

    def memory_mib(self) -> tuple[float, float]:
        """Return what all its processes have resident, shared pages counted in each (RSS) and once (PSS)."""
        rss = pss = 0
        for process in _tree(self.process.pid):
            try:
                for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines():
                    if line.startswith("Rss:"):
                        rss += int(line.split()[1])
                    elif line.startswith("Pss:"):
                        pss += int(line.split()[1])
            except OSError:
                continue
        return rss / 1024, pss / 1024

    def end(self) -> None:
        """End all its processes."""
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sent)
            except ProcessLookupError:
                break
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                continue
        self.process.wait()


def _tree(root: int) -> list[int]:
    """Return the process and all that it started, and those started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children.get(process, [])
    return found


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def start_trackrecord(bench: Bench, folder: str) -> Server:
    """Start ``trackrecord ui``; it has answered when the page and the first 100 runs are there."""
    port = free_port()
    arguments = ["-m", "trackrecord", "ui", "--store", folder, "--port", str(port), "--no-browser"]
    return Server(bench, TRACKRECORD, arguments, port, ("/", "/api/v1/runs?limit=100"))


@contextmanager
def trackrecord_server(bench: Bench, folder: str) -> Iterator[str]:
    """Serve a store for a while; yields the address."""
    server = start_trackrecord(bench, folder)
    try:
        yield server.address
    finally:
        server.end()
