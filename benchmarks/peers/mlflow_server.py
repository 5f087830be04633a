"""MLflow through its server: ``mlflow server`` on this machine, one worker, SQLite."""

from __future__ import annotations

import atexit
import json
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.mlflow import Driver as DirectDriver

#: running servers of this process by folder: (process, port). They end with it.
_SERVERS: dict[Path, tuple[subprocess.Popen[bytes], int]] = {}


class Driver(DirectDriver):
    """Starts the server before the work; it runs on for what this process does next in the same folder."""

    def __init__(self, folder: Path) -> None:
        if folder not in _SERVERS:
            _SERVERS[folder] = _start(folder)
        self._server, self._port = _SERVERS[folder]
        self._wait()
        super().__init__(folder)

    def address(self) -> str:
        """Return the address of the server."""
        return f"http://127.0.0.1:{self._port}"

    def _wait(self) -> None:
        deadline = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.address()}/health", timeout=5):
                    return
            except OSError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.1)

    def chart(self, names: Sequence[str], metric: str, pixels: int) -> int:  # noqa: ARG002 (its page takes 320)
        """Ask for what its page asks for: 320 points a run, picked by step."""
        if not hasattr(self, "_ids"):
            self._ids = [self._run_id(name) for name in names]
        query = urllib.parse.urlencode(
            {"run_ids": self._ids, "metric_key": metric, "max_results": 320}, doseq=True
        )
        address = f"{self.address()}/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{query}"
        with urllib.request.urlopen(address, timeout=300) as answer:
            return len(json.load(answer)["metrics"])


def _start(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command += ["--default-artifact-root", str(folder / "artifacts")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(_end, server)
    return server, port


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
