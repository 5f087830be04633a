"""Real processes: ingesters that are killed, ingesters at the same time, a database that is locked."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.dump import dump
from tests.store.journals import GONE, Journal, curve
from tests.store.many_runs import fill_inbox
from trackrecord.journal.format import Kind
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in

_INGESTER = """
import sys
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
print("ready", flush=True)
sys.stdin.readline()
with EmbeddedStore.open(sys.argv[1]) as store:
    for _ in range(200):
        report = take_in(store, wait_s=5.0, limit=int(sys.argv[2]))
        assert not report.problems, report.problems
        if not report.segments:
            break
print("done", flush=True)
"""


def _ingester(store: Path, limit: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _INGESTER, str(store), str(limit)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _inbox(store: Path) -> None:
    """Put in runs of all kinds: small ones, long ones of several segments, several writers, a writer that is gone."""
    for number in range(60):
        curve(f"small{number}", number + 1, 5, keys=("a", "b")).put(store)
    fill_inbox(store, 100)
    for number in range(6):
        journal = Journal(f"long{number}", 100 + number).begin(name="long")
        for step in range(6000):
            journal.log({"loss": step * 0.5, "acc": float(number)}, step)
            if step % 2000 == 1999:
                journal.rotate()
        journal.say(Kind.ARTIFACT, name="model", digest=f"sha256:{number:064x}", size=1, files=[])
        journal.finish().put(store)
        Journal(f"long{number}", 200 + number, process=GONE).begin("join").log({"loss": 1.0}, 1).put(store)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize("seed", range(3))
def test_killed_ingesters_leave_the_same_store(tmp_path: Path, seed: int) -> None:
    """Killed at any moment and started again, the ingester takes in everything once and only once."""
    rng = random.Random(seed)
    for place in ("killed", "whole"):
        _inbox(tmp_path / place)
    killed = 0
    for attempt in range(60):
        process = _ingester(tmp_path / "killed", limit=50_000)
        _go(process)
        time.sleep(rng.uniform(0.0, 0.02 * attempt))
        process.kill()
        output, _ = process.communicate()
        if "done" in output:
            break
        killed += 1
    assert killed > 0
    with EmbeddedStore.open(tmp_path / "killed") as store:
        assert take_in(store, wait_s=5.0).problems == []
    with EmbeddedStore.open(tmp_path / "whole") as store:
        assert take_in(store).problems == []
    assert dump(tmp_path / "killed") == dump(tmp_path / "whole")
    assert dump(tmp_path / "whole")["inbox"] == []


def test_several_ingesters_at_once_leave_the_same_store(tmp_path: Path) -> None:
    """Four processes that open a new store and take in its inbox at once: no error, nothing lost or doubled."""
    for place in ("together", "whole"):
        _inbox(tmp_path / place)
    processes = [_ingester(tmp_path / "together", limit=100_000) for _ in range(4)]
    for process in processes:
        _go(process)
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (output, errors) == ("done\n", "")
    with EmbeddedStore.open(tmp_path / "whole") as store:
        take_in(store)
    assert dump(tmp_path / "together") == dump(tmp_path / "whole")


def test_a_locked_database_is_reported_and_waits(tmp_path: Path) -> None:
    """While another program writes, a pass says so and raises nothing; later everything is taken in."""
    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        report = take_in(store, wait_s=0.05)
        assert "written by another process" in (report.problem or "")
        assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
        other.execute("ROLLBACK")
        other.close()
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]


def test_a_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
    """When the database can't grow a pass says so and removes nothing; with room again everything is taken in."""
    journal = Journal().begin()
    for step in range(20_000):
        journal.log({"loss": random.random()}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        with store.connections.writing(1.0) as connection:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        report = take_in(store)
        assert "can't grow" in (report.problem or "")
        assert not report.changed
        assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
        assert len(list((tmp_path / "inbox").iterdir())) == 1
        with store.connections.writing(1.0) as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT points FROM run") == [(20_000,)]


def test_the_lease_of_a_dead_holder_is_taken_over(tmp_path: Path) -> None:
    """A lease that has not run out keeps others away, unless its holder is proven to be gone."""
    import json

    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        elsewhere = {"process": {"host": "elsewhere", "pid": 1}, "once": "x"}
        with store.connections.writing(1.0) as connection:
            connection.execute(
                "INSERT INTO lease VALUES (1, ?, ?)", (json.dumps(elsewhere), time.time_ns() + 8 * 10**9)
            )
        assert "another process is taking in" in (take_in(store, wait_s=0.05).problem or "")
        with store.connections.writing(1.0) as connection:
            connection.execute("UPDATE lease SET holder = ?", (json.dumps({"process": GONE, "once": "x"}),))
        assert take_in(store, wait_s=0.05).problems == []
        assert store.catalog.rows("SELECT count(*) FROM run") == [(1,)]


def test_a_foreign_writer_is_waited_for(tmp_path: Path) -> None:
    """While another program holds the database for two seconds a patient pass waits, and then takes in everything."""
    import threading

    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        other = sqlite3.connect(tmp_path / "store.db", isolation_level=None, check_same_thread=False)
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(2.0, other.execute, ["ROLLBACK"])
        timer.start()
        report = take_in(store, wait_s=60.0)
        timer.join()
        other.close()
        assert report.problems == []
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]
