"""A store on a disk that several hosts share: one host at a time has the database, all may read, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.journals import Journal, curve
from trackrecord.store.checking.check import check_store
from trackrecord.store.database import host_lease, network
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import StoreUnavailableError

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs signals of POSIX")

#: a process that believes to run on another machine, with a lease that runs out soon
_HOST = """
import os, sys, time
from trackrecord.journal import process
from trackrecord.store.database import host_lease
name = sys.argv[1]
for module in (process, host_lease):
    module.host_name = lambda: name
    module.boot_id = lambda: "boot of " + name
host_lease.LASTS_S, host_lease.RENEWED_AFTER_S = 1.0, 0.2
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
store = EmbeddedStore.open(sys.argv[2])
print("open", store.read_only, flush=True)
for line in sys.stdin:
    command = line.strip()
    if command == "take":
        report = take_in(store, wait_s=2.0)
        print(report.problems, report.removed, flush=True)
    elif command == "read":
        print(sorted(run for (run,) in store.catalog.rows("SELECT id FROM run")), flush=True)
    elif command == "hang":
        with store.connections.writing(1.0) as connection:
            connection.execute("UPDATE run SET name = 'written by ' || ?", (name,))
            print("hanging", flush=True)
            sys.stdin.readline()
        print("committed", flush=True)
    elif command == "close":
        store.close()
        print("closed", flush=True)
"""


class Host:
    """A process on a host of its own, that does what it is told."""

    def __init__(self, name: str, store: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _HOST, name, str(store)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, network.VARIABLE: "1"},
        )
        self.opened = self.answer()
        if not self.opened:
            raise AssertionError(self.end())

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def ask(self, command: str) -> str:
        self.tell(command)
        return self.answer()

    def end(self) -> str:
        self.process.kill()
        return self.process.communicate()[1]


@pytest.fixture(autouse=True)
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """All stores are on a shared disk."""
    monkeypatch.setenv(network.VARIABLE, "1")


def test_no_shared_memory_and_no_log_beside_the_database(tmp_path: Path) -> None:
    """The database is in rollback mode, also one that was made on a local disk; nothing of WAL mode is left."""
    with pytest.MonkeyPatch.context() as local:
        local.setenv(network.VARIABLE, "0")
        curve("local").put(tmp_path)
        with EmbeddedStore.open(tmp_path) as store:
            take_in(store)
            assert (tmp_path / "store.db-shm").exists()
    curve("shared", 2).put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        with store.connections.reading() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone()[0] in ("truncate", "delete")
        assert not (tmp_path / "store.db-shm").exists()
        assert not (tmp_path / "store.db-wal").exists()
        assert store.catalog.rows("SELECT id FROM run ORDER BY id") == [("local",), ("shared",)]
    assert check_store(tmp_path).ok


def test_the_lease_file_says_who_has_the_database(tmp_path: Path) -> None:
    """It names host, boot, process, user and time, and says when it was given back."""
    with EmbeddedStore.open(tmp_path):
        lease = json.loads((tmp_path / "store.db.lease").read_text())
        assert set(lease) == {"host", "boot", "pid", "user", "since", "beat", "released"}
        assert (lease["pid"], lease["released"]) == (os.getpid(), False)
    assert json.loads((tmp_path / "store.db.lease").read_text())["released"] is True


def test_another_host_reads_and_is_told_who_has_it(tmp_path: Path) -> None:
    """While one host has the database another one answers from it, takes nothing in, and says why."""
    curve("first").put(tmp_path)
    one = Host("alpha", tmp_path)
    two = None
    try:
        assert one.opened == "open False"
        assert one.ask("take") == "[] 1"
        two = Host("beta", tmp_path)
        assert two.opened == "open True"
        assert two.ask("read") == "['first']"
        curve("second", 2).put(tmp_path)
        answer = two.ask("take")
        assert "read-only" in answer
        assert one.ask("read") == "['first']"  # renews the lease, too
        assert one.ask("take") == "[] 1"
        deadline = time.monotonic() + 30
        while two.ask("read") != "['first', 'second']":
            assert time.monotonic() < deadline
            one.ask("read")
            time.sleep(0.1)
        with EmbeddedStore.open(tmp_path) as here:
            assert here.read_only
            with pytest.raises(StoreUnavailableError, match="read-only"), here.connections.writing(0.1):
                pass
            with pytest.raises(host_lease.HeldElsewhereError, match="host alpha"):
                host_lease.HostLease(tmp_path / "store.db").take()
        assert one.ask("close") == "closed"
        curve("third", 3).put(tmp_path)
        assert two.ask("take") == "[] 1"
        assert two.ask("read") == "['first', 'second', 'third']"
    finally:
        for host in (one, two):
            if host is not None:
                assert host.end() == ""
    assert check_store(tmp_path, deep=True).open_problems <= 1  # beta was killed and still has it


def test_a_host_that_was_stopped_never_writes_over_its_successor(tmp_path: Path) -> None:
    """Stopped in the middle of a transaction, taken over after its lease ran out, woken: its work is refused."""
    for number in range(3):
        curve(f"run{number}", number + 1).put(tmp_path)
    one = Host("alpha", tmp_path)
    two = None
    try:
        assert one.ask("take") == "[] 3"
        assert one.ask("hang") == "hanging"
        one.process.send_signal(signal.SIGSTOP)
        two = Host("beta", tmp_path)
        assert two.opened == "open True"
        curve("later", 9).put(tmp_path)
        deadline = time.monotonic() + 60
        while two.ask("take") != "[] 1":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        one.process.send_signal(signal.SIGCONT)
        one.tell("go on")
        one.process.wait(timeout=30)  # the error ends it
        assert "StoreUnavailableError" in one.end() or one.process.returncode != 0
        assert two.ask("read") == "['later', 'run0', 'run1', 'run2']"
        curve("latest", 10).put(tmp_path)
        assert two.ask("take") == "[] 1"
        assert two.ask("close") == "closed"
    finally:
        for host in (one, two):
            if host is not None:
                host.process.send_signal(signal.SIGCONT)
                host.end()
    with EmbeddedStore.open(tmp_path) as store:
        names = [name for (name,) in store.catalog.rows("SELECT name FROM run")]
    assert not any(name.startswith("written by") for name in names)
    assert len(names) == 5
    assert check_store(tmp_path).findings == ()


def test_a_host_that_was_killed_in_a_transaction_is_taken_over(tmp_path: Path) -> None:
    """Its half-written transaction is rolled back in the copy that its successor makes."""
    curve("first").put(tmp_path)
    one = Host("alpha", tmp_path)
    assert one.ask("take") == "[] 1"
    assert one.ask("hang") == "hanging"
    one.end()
    two = Host("beta", tmp_path)
    try:
        curve("second", 2).put(tmp_path)
        deadline = time.monotonic() + 60
        while two.ask("take") != "[] 1":
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert two.ask("read") == "['first', 'second']"
        assert two.ask("close") == "closed"
    finally:
        two.end()
    assert check_store(tmp_path).findings == ()


def test_a_copy_made_while_another_host_writes_is_whole(tmp_path: Path) -> None:
    """Without any lock a reader gets a state that was committed, never half of one."""
    journal = Journal("run1", 1).begin()
    for step in range(200):
        journal.log({"loss": 1.0}, step)
    journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
    code = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n"
        "c.execute('CREATE TABLE IF NOT EXISTS pair (n INTEGER, filler BLOB)')\n"
        "print('ready', flush=True)\n"
        "for n in range(100000):\n"
        "    c.execute('BEGIN IMMEDIATE')\n"
        "    for _ in range(50): c.execute('INSERT INTO pair VALUES (?, zeroblob(3000))', (n,))\n"
        "    if n % 20 == 19: c.execute('DELETE FROM pair')\n"
        "    c.execute('COMMIT')\n"
        "    time.sleep(0.01)\n"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "store.db")], stdout=subprocess.PIPE
    )
    try:
        assert writer.stdout is not None
        writer.stdout.readline()
        for attempt in range(8):
            copy = tmp_path / f"copy{attempt}"
            host_lease.copy_consistently(tmp_path / "store.db", copy)
            connection = sqlite3.connect(copy)
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            counts = connection.execute("SELECT count(*) FROM pair GROUP BY n").fetchall()
            assert {count for (count,) in counts} <= {50}
            connection.close()
    finally:
        writer.kill()
        writer.communicate()


def test_file_systems_are_told_apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable decides; else the type of the innermost mount does, also where its path has blanks."""
    table = (
        b"rootfs / ext4 rw 0 0\nserver:/home /home nfs4 rw 0 0\nx /home/ada/my\\040disk ext4 rw 0 0\n"
        b"y /lustre lustre rw 0 0\nz /mnt/ssh fuse.sshfs rw 0 0\n"
    )
    monkeypatch.setattr(Path, "read_bytes", lambda _: table)
    monkeypatch.setattr(os.path, "realpath", lambda path: os.fspath(path))
    assert network.file_system_of(Path("/home/ada/project/.trackrecord")) == "nfs4"
    assert network.file_system_of(Path("/home/ada/my disk/x")) == "ext4"
    assert network.file_system_of(Path("/homework")) == "ext4"
    monkeypatch.setenv(network.VARIABLE, "")
    assert network.is_shared(Path("/lustre/x"))
    assert network.is_shared(Path("/mnt/ssh"))
    assert not network.is_shared(Path("/var"))
    monkeypatch.setenv(network.VARIABLE, "0")
    assert not network.is_shared(Path("/lustre/x"))
