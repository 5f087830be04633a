"""Many processes at once against one store: writers, the page's server, the command line and a notebook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

WRITERS = 50
STEPS = 200

WRITER = """
import sys, time
import trackrecord as tr
params = {"writer": int(sys.argv[1])}
with tr.init("crowd", params=params, group="together", console=False, system_metrics=False) as run:
    for step in range(int(sys.argv[2])):
        run.log({"loss": 1.0 / (step + 1), "writer": float(sys.argv[1])}, step=step)
        if step % 50 == 0:
            time.sleep(0.05)
    run.summary["done"] = True
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Everything of a test lies below its own folder."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TRACKRECORD_")},
        "TRACKRECORD_STORE": str(tmp_path / "store"),
        "HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }


@pytest.fixture
def page(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a real server on the store."""
    subprocess.run(
        [sys.executable, "-c", "import trackrecord as tr; tr.init('first').finish()"],
        env=environment,
        check=True,
    )
    with (tmp_path / "server.log").open("w+") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "trackrecord", "ui", "--port", "0", "--no-browser"],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield _address(server, tmp_path / "server.log")
        finally:
            server.terminate()
            server.wait(10)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            return found.group()
        time.sleep(0.05)
    raise AssertionError(f"the server did not say its address: {log.read_text()}")


def _get(address: str, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{address}/api/v1/{path}", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def _run_writers(environment: dict[str, str]) -> list[tuple[int, str]]:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(number), str(STEPS)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    said = [writer.communicate(timeout=240)[1] for writer in writers]
    return [(writer.returncode, text) for writer, text in zip(writers, said, strict=True)]


class _Readers:
    """Reads in every way there is while others write; keeps what went wrong."""

    def __init__(self, address: str, environment: dict[str, str]) -> None:
        self.errors: list[str] = []
        self.answers = 0
        self._stop = threading.Event()
        ways = (
            lambda: self._page(address),
            lambda: self._command_line(environment),
            lambda: self._notebook(environment),
        )
        self._threads = [threading.Thread(target=self._repeat, args=(way,)) for way in ways]

    def __enter__(self) -> _Readers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _repeat(self, way: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                way()
                self.answers += 1
            except Exception as error:  # noqa: BLE001, PERF203 - whatever it is, the test shows it
                self.errors.append(repr(error))

    @staticmethod
    def _page(address: str) -> None:
        _get(
            address,
            "runs?project=crowd&limit=1000" if "crowd" in str(_get(address, "projects")) else "projects",
        )

    @staticmethod
    def _command_line(environment: dict[str, str]) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "trackrecord", "ls", "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(done.stderr)

    @staticmethod
    def _notebook(environment: dict[str, str]) -> None:
        code = (
            "import trackrecord as tr\n"
            "for run in tr.runs(limit=5):\n"
            "    if 'loss' in run.metrics:\n"
            "        tr.open_run(run.id).metric('loss').points()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise AssertionError(done.stderr)


@pytest.mark.timeout(600)
def test_fifty_runs_at_once_while_everybody_reads(page: str, environment: dict[str, str]) -> None:
    """50 processes with a run each lose nothing and say nothing, while page, command line and notebook read."""
    with _Readers(page, environment) as readers:
        ends = _run_writers(environment)

    assert [end for end in ends if end != (0, "")] == []
    assert (readers.errors, readers.answers > 3) == ([], True)
    runs = _settled(page, WRITERS)
    assert {run["params"]["writer"] for run in runs} == set(range(WRITERS))
    assert {(run["state"], run["points"], run["last_step"]) for run in runs} == {
        ("finished", 2 * STEPS, STEPS - 1)
    }


@pytest.mark.timeout(600)
def test_fifty_processes_write_one_run(page: str, environment: dict[str, str]) -> None:
    """50 processes that write one run lose no point: each is there as often as it was logged."""
    with _Readers(page, environment) as readers:
        ends = _run_writers({**environment, "TRACKRECORD_RUN_ID": "one-run-of-many"})

    assert [end for end in ends if end != (0, "")] == []
    assert readers.errors == []
    (run,) = _settled(page, 1)
    assert (run["id"], run["state"], run["points"]) == ("one-run-of-many", "finished", 2 * STEPS * WRITERS)
    code = (
        "import trackrecord as tr, collections, json\n"
        "points = tr.open_run('one-run-of-many').metric('writer').points()\n"
        "print(json.dumps(sorted(collections.Counter(zip(points.steps.tolist(), points.values.tolist())).values())))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(found.stdout) == [1] * (STEPS * WRITERS)


def _settled(page: str, expected: int) -> list[dict[str, Any]]:
    """Return the runs once the server has taken all of them in."""
    deadline = time.monotonic() + 60
    while True:
        answer = _get(page, "runs?project=crowd&limit=1000")
        runs: list[dict[str, Any]] = answer["items"]
        if len(runs) == expected and all(run["state"] == "finished" for run in runs):
            return runs
        if time.monotonic() > deadline:
            return runs
        time.sleep(0.2)
