"""Real processes stopped, killed and delayed at bad moments, and clocks that jump."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.dump import dump
from tests.store.journals import Journal, curve
from trackrecord.store.backups.backup import back_up
from trackrecord.store.backups.restore import restore
from trackrecord.store.checking.check import check_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals of POSIX")

_STOPPING = """
import os, signal, sqlite3, sys
from contextlib import contextmanager
from trackrecord.store.intake import ingest
from trackrecord.store.database import connections
from trackrecord.store.embedded import EmbeddedStore
where = sys.argv[2]
def stop():
    os.kill(os.getpid(), signal.SIGSTOP)
original = connections.Connections.writing
@contextmanager
def writing(self, wait_s):
    if where == "before the transaction":
        stop()
    with original(self, wait_s) as connection:
        if where == "at its beginning":
            stop()
        yield connection
        if where == "before the commit":
            stop()
    if where == "after the commit":
        stop()
connections.Connections.writing = writing
with EmbeddedStore.open(sys.argv[1]) as store:
    report = ingest.take_in(store, wait_s=20.0)
print(report.problems, flush=True)
"""


def _journals(path: Path) -> None:
    for number in range(8):
        curve(f"run{number}", number + 1, 40, keys=("a", "b")).put(path)
    live = Journal("live", 50).begin()
    for step in range(500):
        live.log({"loss": float(step)}, step)
    live.put(path)


@pytest.mark.parametrize(
    "where", ["before the transaction", "at its beginning", "before the commit", "after the commit"]
)
def test_an_ingester_that_was_stopped_adds_nothing_twice(tmp_path: Path, where: str) -> None:
    """Stopped at any point, woken after a successor has worked: the store is as if it had not been there."""
    for place in ("stopped", "whole"):
        _journals(tmp_path / place)
        with EmbeddedStore.open(tmp_path / place):
            pass
    process = subprocess.Popen(
        [sys.executable, "-c", _STOPPING, str(tmp_path / "stopped"), where], stdout=subprocess.PIPE, text=True
    )
    try:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        in_transaction = where in ("at its beginning", "before the commit")
        with EmbeddedStore.open(tmp_path / "stopped") as store:
            report = take_in(store, wait_s=0.3)
            if in_transaction:
                assert "being written by another process" in (report.problem or "")
                assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
            else:
                with store.connections.writing(1.0) as connection:
                    connection.execute("UPDATE lease SET expires = 0")  # as it does by itself after 10 s
                assert take_in(store, wait_s=1.0).problems == []
                assert store.catalog.rows("SELECT count(*) FROM run") == [(9,)]
        os.kill(process.pid, signal.SIGCONT)
        output, _ = process.communicate(timeout=60)
        assert output == "[]\n"
    finally:
        process.kill()
        process.wait()
    for place in ("stopped", "whole"):
        with EmbeddedStore.open(tmp_path / place) as store:
            assert take_in(store).problems == []
    assert dump(tmp_path / "stopped") == dump(tmp_path / "whole")
    assert check_store(tmp_path / "stopped", deep=True).ok


def test_a_database_that_is_locked_for_seconds_is_waited_for(tmp_path: Path) -> None:
    """While another process locks the database readers answer, a pass waits as long as it may, and then works."""
    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        code = (
            "import sqlite3, sys, time\n"
            "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); time.sleep(1.5); c.execute('ROLLBACK')\n"
        )
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "store.db")], stdout=subprocess.PIPE
        )
        assert other.stdout is not None
        other.stdout.readline()
        assert "written by another process" in (take_in(store, wait_s=0.1).problem or "")
        assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
        assert take_in(store, wait_s=30.0).problems == []
        assert store.catalog.rows("SELECT count(*) FROM run") == [(1,)]
        other.communicate()


def _damaged_store(path: Path) -> None:
    journal = Journal("long", 1).begin()
    for step in range(9000):
        journal.log({"loss": float(step), "acc": 1.0}, step)
    journal.finish().put(path)
    for number in range(30):
        curve(f"small{number}", number + 2, 20).put(path)
    with EmbeddedStore.open(path) as store:
        assert take_in(store).problems == []
    connection = sqlite3.connect(path / "store.db")
    with connection:
        for number, vals in connection.execute(
            "SELECT number, vals FROM metric_chunk WHERE number % 3 = 0"
        ).fetchall():
            connection.execute(
                "UPDATE metric_chunk SET vals = ? WHERE number = ?", (vals[:-1] + b"\0", number)
            )
        connection.execute("UPDATE metric SET max = 5 WHERE key = 'acc'")
    connection.close()


@pytest.mark.parametrize("broken", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_repair_that_is_killed_can_be_repeated(tmp_path: Path, broken: bool) -> None:
    """Killed at random moments, the repair leaves a store that the next repair finishes; no point is another one."""
    _damaged_store(tmp_path)
    if broken:
        content = bytearray((tmp_path / "store.db").read_bytes())
        content[4096 * 9 : 4096 * 10] = random.Random(1).randbytes(4096)
        (tmp_path / "store.db").write_bytes(content)
    rng = random.Random(3)
    command = [sys.executable, "-m", "trackrecord", "--store", str(tmp_path), "check", "--fix"]
    for attempt in range(6):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.15 + rng.uniform(0.0, 0.05 * attempt + 0.1))
        process.kill()
        process.wait()
    check_store(tmp_path, fix=True)
    assert check_store(tmp_path, deep=True).ok
    with EmbeddedStore.open(tmp_path) as store:
        found = store.series.points("long", "loss")
        assert found.values.tolist() == [float(step) for step in found.steps.tolist()]


def test_a_backup_that_is_killed_leaves_the_former_one(tmp_path: Path) -> None:
    """At every moment the place of the backup has a whole one (for an instant under its other name)."""
    store_path = tmp_path / "store"
    _journals(store_path)
    with EmbeddedStore.open(store_path) as store:
        take_in(store)
        for number in range(30):
            store.blobs.put(f"blob {number}".encode())
        back_up(store, tmp_path / "backup")
    rng = random.Random(5)
    command = [
        sys.executable,
        "-m",
        "trackrecord",
        "--store",
        str(store_path),
        "backup",
        str(tmp_path / "backup"),
    ]
    for attempt in range(5):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(0.15, 0.6))
        process.kill()
        process.wait()
        place = tmp_path / "backup"
        if not place.exists():
            (place,) = tmp_path.glob(".backup.*.former")
        restore(place, tmp_path / f"again{attempt}")
    assert dump(tmp_path / "again4")["points"] == dump(store_path)["points"]


_SHIFTED = """
import sys, time
shift = int(sys.argv[2]) * 86400
clock, clock_ns = time.time, time.time_ns
time.time, time.time_ns = lambda: clock() + shift, lambda: clock_ns() + shift * 10**9
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
with EmbeddedStore.open(sys.argv[1]) as store:
    report = take_in(store, wait_s=2.0, limit=int(sys.argv[3]))
    if len(sys.argv) > 4:
        import os
        with store.connections.writing(1.0) as connection:
            from trackrecord.store.intake.lease import Lease
            assert Lease().take(connection)
        os._exit(0)
    print(report.problems)
"""


def _shifted(path: Path, days: int, *more: str, limit: int = 1 << 30) -> str:
    return subprocess.run(
        [sys.executable, "-c", _SHIFTED, str(path), str(days), str(limit), *more],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.mark.parametrize(
    "days", [-400, 3, pytest.param(-3, marks=pytest.mark.slow), pytest.param(400, marks=pytest.mark.slow)]
)
def test_a_clock_that_jumps_keeps_nobody_from_taking_in(tmp_path: Path, days: int) -> None:
    """A lease given by a clock that is days off, by a process that was killed, is taken over; the store is the same."""
    for place in ("shifted", "whole"):
        _journals(tmp_path / place)
    _shifted(tmp_path / "shifted", days, "killed", limit=1)
    assert _shifted(tmp_path / "shifted", 0) == "[]\n"
    assert _shifted(tmp_path / "shifted", -days) == "[]\n"
    assert _shifted(tmp_path / "whole", 0) == "[]\n"
    shifted, whole = dump(tmp_path / "shifted"), dump(tmp_path / "whole")
    assert shifted["points"] == whole["points"]
    assert shifted["param"] == whole["param"]
    assert check_store(tmp_path / "shifted", deep=True).ok
