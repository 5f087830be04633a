"""A recorded store and a server that shows it, once for all tests that only read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server import seed
from tests.server.running import RunningServer, running


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a store with recorded runs."""
    path = tmp_path_factory.mktemp("server") / "store"
    subprocess.run([sys.executable, seed.__file__, str(path)], check=True, capture_output=True, timeout=120)
    return path


@pytest.fixture(scope="session")
def server(store_path: Path) -> Iterator[RunningServer]:
    """Start a server for the recorded store."""
    with running(store_path) as started:
        wait_until_taken_in(started, runs=28)
        yield started


def wait_until_taken_in(server: RunningServer, runs: int) -> None:
    """Wait until the server has taken in so many runs and nothing is left."""
    import time

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        info = server.get("/store")
        unfinished = (
            server.get("/runs", params={"q": 'state == "running"', "limit": 1})["total"]
            if info["runs"]
            else 1
        )
        if info["runs"] == runs and not unfinished:
            return
        time.sleep(0.1)
    raise AssertionError(f"not taken in: {server.get('/store')}")
