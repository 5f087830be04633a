"""Opening a store: new, shared, read-only, damaged, made by a newer version."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.journals import curve
from trackrecord.journal.place import make_store
from trackrecord.store.database import database_file
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import StoreNotFoundError, StoreUnavailableError, StoreVersionError


def _run_all(code: str, *arguments: str, count: int = 1) -> list[str]:
    """Run a program in several processes at once and return what each printed."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    outputs = []
    for process in processes:
        output, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, "")
        outputs.append(output)
    return outputs


def test_many_processes_make_one_store(tmp_path: Path) -> None:
    """Processes that open the same new store at once all get the same store, and none an error."""
    code = (
        "import sys; from trackrecord.store.embedded import EmbeddedStore\n"
        "with EmbeddedStore.open(sys.argv[1]) as store: print(store.store_id, store.catalog.revision())"
    )
    outputs = _run_all(code, str(tmp_path / "store"), count=12)
    assert len(set(outputs)) == 1
    assert len(outputs[0].split()[0]) == 32


def test_no_store_is_made_where_none_is_wanted(tmp_path: Path) -> None:
    """With ``create=False`` or ``read_only=True`` a missing store is an error, and nothing is made."""
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreNotFoundError, match="no store at"):
            EmbeddedStore.open(tmp_path / "none", **options)
    assert not (tmp_path / "none").exists()


def test_a_store_that_can_not_be_made_says_so(tmp_path: Path) -> None:
    """A file where the folder should be is named in the error."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreUnavailableError, match="file"):
        EmbeddedStore.open(tmp_path / "file" / "store")


def test_a_newer_store_is_refused_with_both_versions(tmp_path: Path) -> None:
    """A newer folder layout and a newer schema are refused, say both versions, and what to do."""
    EmbeddedStore.open(tmp_path).close()
    database = sqlite3.connect(tmp_path / "store.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    for options in ({}, {"read_only": True}):
        with pytest.raises(StoreVersionError, match=r"schema 99.*up to \d+") as caught:
            EmbeddedStore.open(tmp_path, **options)
        assert "upgrade" in (caught.value.hint or "")
    (tmp_path / "store.json").write_text(json.dumps({"format": 7, "store_id": "x"}))
    with pytest.raises(StoreVersionError, match=r"format 7.*up to 1"):
        EmbeddedStore.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "x", "store_id": 3}', b"\xff\xfe"])
def test_a_damaged_store_file_is_named(tmp_path: Path, content: bytes) -> None:
    """A ``store.json`` that can't be understood is named, with how it should read."""
    EmbeddedStore.open(tmp_path).close()
    (tmp_path / "store.json").write_bytes(content)
    with pytest.raises(StoreUnavailableError, match=r"store\.json"):
        EmbeddedStore.open(tmp_path)


def test_a_damaged_database_is_named_and_the_inbox_kept(tmp_path: Path) -> None:
    """A database that is no database raises StoreUnavailableError; journals that wait are not touched."""
    EmbeddedStore.open(tmp_path).close()
    (tmp_path / "store.db").write_bytes(b"this is no database, " * 400)
    curve().put(tmp_path)
    for options in ({}, {"read_only": True}):
        with pytest.raises(StoreUnavailableError, match=r"store\.db is damaged"):
            EmbeddedStore.open(tmp_path, **options)
    assert len(list((tmp_path / "inbox").iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be deleted there")
def test_a_store_that_is_deleted_while_open_loses_nothing_recorded_afterwards(tmp_path: Path) -> None:
    """Who holds a deleted store open says so, and goes over to the one that is made at its place."""
    place = tmp_path / "store"
    with EmbeddedStore.open(place) as store, store.connections.reading() as lent:
        curve("before").put(place)
        take_in(store)
        shutil.rmtree(place)
        with pytest.raises(StoreUnavailableError, match="deleted or replaced"):
            store.catalog.revision()
        make_store(place)
        curve("after").put(place)
        report = take_in(store)
        assert (report.problems, report.removed) == ([], 1)
        assert store.catalog.rows("SELECT id FROM run") == [("after",)]
        assert lent.execute("SELECT id FROM run").fetchall() == [("before",)]
    with EmbeddedStore.open(place) as store:
        assert store.catalog.rows("SELECT id FROM run") == [("after",)]


@pytest.mark.skipif(sys.platform == "win32", reason="an open file can't be deleted there")
def test_a_store_deleted_in_the_middle_of_a_transaction_commits_nothing(tmp_path: Path) -> None:
    """What would be committed to a deleted file fails instead, so that no segment is removed for it."""
    with EmbeddedStore.open(tmp_path / "store") as store:

        def change() -> None:
            with store.connections.writing(1.0) as connection:
                connection.execute("UPDATE revision SET value = value + 1")
                shutil.rmtree(tmp_path / "store")

        with pytest.raises(StoreUnavailableError, match="deleted or replaced"):
            change()


def test_what_others_write_into_a_store_open_to_read_only_is_seen(tmp_path: Path) -> None:
    """What somebody who may write takes in is seen by who opened the store to read only, from the first run on."""
    make_store(tmp_path)
    with EmbeddedStore.open(tmp_path, read_only=True) as reader:
        assert reader.catalog.rows("SELECT id FROM run") == []
        for number in range(3):
            with EmbeddedStore.open(tmp_path) as writer:
                curve(f"run{number}", number + 1).put(tmp_path)
                take_in(writer)
            assert reader.catalog.rows("SELECT count(*) FROM run") == [(number + 1,)]


def test_a_full_disk_leaves_a_store_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where SQLite has no room for its shared files the store opens to read only, and says so when asked to take in."""
    with EmbeddedStore.open(tmp_path) as store:
        curve().put(tmp_path)
        take_in(store)

    def no_room(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(database_file, "_use_wal", no_room)
    curve("waiting", 2).put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert store.read_only
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]
        assert "disk is full" in (take_in(store).problem or "")
    assert len(list((tmp_path / "inbox").iterdir())) == 1


@pytest.mark.parametrize("pages", [1, 10, 30])
def test_a_disk_too_full_for_a_database_shows_an_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """Where the tables can't be made the store is empty to look at, and takes its inbox in once there is room."""
    make_store(tmp_path)
    curve().put(tmp_path)
    connect = database_file.DatabaseFile._connected

    def small(self: database_file.DatabaseFile, uri: str) -> sqlite3.Connection:
        connection = connect(self, uri)
        if "mode=" not in uri:
            connection.execute(f"PRAGMA max_page_count = {pages}")
        return connection

    with monkeypatch.context() as full:
        full.setattr(database_file.DatabaseFile, "_connected", small)
        with EmbeddedStore.open(tmp_path) as store:
            assert store.read_only
            assert store.catalog.rows("SELECT id FROM run") == []
            assert "disk is full" in (take_in(store).problem or "")
            assert store.read_only
    with EmbeddedStore.open(tmp_path, read_only=True) as reader:
        assert reader.catalog.rows("SELECT id FROM run") == []
        with EmbeddedStore.open(tmp_path) as store:
            assert take_in(store).problem is None
            assert store.catalog.rows("SELECT id FROM run") == [("run1",)]
        assert reader.catalog.rows("SELECT id FROM run") == [("run1",)]


@pytest.mark.parametrize("begun_before", [False, True])
def test_a_store_opened_on_a_full_disk_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun_before: bool
) -> None:
    """What a server opened on a full disk takes in the inbox, and shows it, as soon as there is room again."""
    make_store(tmp_path)
    if begun_before:
        with EmbeddedStore.open(tmp_path) as store:
            curve("earlier", 1).put(tmp_path)
            take_in(store)
    curve("waiting", 2).put(tmp_path)

    def no_room(connection: sqlite3.Connection) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as full:
        full.setattr(database_file, "_use_wal", no_room)
        store = EmbeddedStore.open(tmp_path)
        assert "disk is full" in (take_in(store).problem or "")
        before = [("earlier",)] if begun_before else []
        assert store.catalog.rows("SELECT id FROM run") == before
    with store:
        assert take_in(store).problem is None
        assert not store.read_only
        assert store.catalog.rows("SELECT id FROM run ORDER BY id") == [*before, ("waiting",)]
    assert list((tmp_path / "inbox").iterdir()) == []


def test_texts_that_are_damaged_are_reported(tmp_path: Path) -> None:
    """Bytes that are no text any more, in a value or in the schema, come out as StoreUnavailableError."""
    with EmbeddedStore.open(tmp_path) as store:
        curve("to-be-found").put(tmp_path)
        take_in(store)
    sound = (tmp_path / "store.db").read_bytes()
    for text in (b"name of to-be-found", b"CREATE TABLE run"):
        assert text in sound
        (tmp_path / "store.db").write_bytes(sound.replace(text, b"\xff\xfe" + text[2:]))
        with (
            pytest.raises(StoreUnavailableError, match="is damaged"),
            EmbeddedStore.open(tmp_path) as store,
        ):
            store.catalog.rows("SELECT name FROM run")


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="paths are always text there")
def test_a_path_need_not_be_text(tmp_path: Path) -> None:
    """A store can be in a folder whose name is no UTF-8, or has a meaning in addresses."""
    for name in (b"by\xff", b"a?mode=memory", b"h#a%41sh"):
        place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        with EmbeddedStore.open(place) as store:
            curve().put(place)
            take_in(store)
        assert (place / "store.db").exists()


def test_pages_damaged_while_open_are_reported(tmp_path: Path) -> None:
    """Damage inside of the database comes out as StoreUnavailableError when it is met."""
    with EmbeddedStore.open(tmp_path) as store:
        for number in range(50):
            curve(f"run{number}", number + 1).put(tmp_path)
        take_in(store)
    content = bytearray((tmp_path / "store.db").read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(StoreUnavailableError, match="is damaged"), EmbeddedStore.open(tmp_path) as store:
        store.catalog.rows("SELECT * FROM run")


_READ = """
import os, sys, tempfile
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.journal.process import this_process
this_process()  # what Python loads only now may not be readable for the user below
if os.getuid() == 0:  # root may write anywhere, so it becomes another user
    os.setgid(65534)
    os.setuid(65534)
with EmbeddedStore.open(sys.argv[1]) as store:
    report = take_in(store)
    names = [row[0] for row in store.catalog.rows("SELECT id FROM run ORDER BY id")]
    points = len(store.series.points("run1", "loss").values)
    print(store.read_only, names, points, "read-only" in (report.problem or ""))
"""


def _make_read_only(store: Path) -> None:
    for path in [store, *store.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture
def shared_path() -> Iterator[Path]:
    """A folder that another user can look into."""
    path = Path(tempfile.mkdtemp(prefix="trackrecord-test-"))
    path.chmod(0o755)
    yield path
    for found in [path, *path.rglob("*")]:
        found.chmod(0o755)
    shutil.rmtree(path)


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no write permission there")
@pytest.mark.parametrize("state", ["closed", "killed", "no database"])
def test_a_read_only_store_shows_what_is_there(shared_path: Path, state: str) -> None:
    """In a folder that can't be written to reading works, the inbox stays, and the report says why."""
    path = shared_path / "store"
    if state == "killed":  # a process that died leaves its last commits in the write-ahead log
        curve().put(path)
        code = "from trackrecord.store.embedded import EmbeddedStore\n"
        code += "from trackrecord.store.intake.ingest import take_in\n"
        code += "import os, sys; store = EmbeddedStore.open(sys.argv[1]); take_in(store); os._exit(0)"
        _run_all(code, str(path))
        (path / "store.db-shm").unlink()
        assert (path / "store.db-wal").stat().st_size > 0
    elif state == "closed":
        curve().put(path)
        with EmbeddedStore.open(path) as store:
            take_in(store)
    curve("run2", 2).put(path)
    _make_read_only(path)
    before = sorted(file.name for file in path.rglob("*"))
    outputs = _run_all(_READ, str(path))
    expected = "True [] 0 True\n" if state == "no database" else "True ['run1'] 10 True\n"
    assert outputs == [expected]
    assert sorted(file.name for file in path.rglob("*")) == before


def test_reading_while_another_process_writes(tmp_path: Path) -> None:
    """A reader sees the last commit, never waits for a writer, and can't write itself."""
    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store, EmbeddedStore.open(tmp_path, read_only=True) as reader:
        take_in(store)
        with store.connections.writing(1.0) as connection:
            connection.execute("UPDATE run SET name = 'changed'")
            assert reader.catalog.rows("SELECT name FROM run") == [("name of run1",)]
        assert reader.catalog.rows("SELECT name FROM run") == [("changed",)]
        with pytest.raises(StoreUnavailableError):
            store.catalog.rows("UPDATE run SET name = 'no'")


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    """Threads share a store; after it is closed a call says so."""
    curve(points=50).put(tmp_path)
    found: list[int] = []
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)

        def read() -> None:
            found.extend(len(store.series.points("run1", "loss").values) for _ in range(20))

        threads = [threading.Thread(target=read) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [50] * 480
    with pytest.raises(StoreUnavailableError, match="closed"):
        store.catalog.revision()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork() here")
def test_a_forked_child_opens_its_own_connections(tmp_path: Path) -> None:
    """After fork() parent and child both go on reading and taking in."""
    code = """
import os, sys
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
with EmbeddedStore.open(sys.argv[1]) as store:
    take_in(store)
    pid = os.fork()
    assert store.catalog.rows("SELECT count(*) FROM run") == [(1,)]
    if pid == 0:
        os._exit(0 if take_in(store).problem is None else 1)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), store.catalog.revision())
"""
    curve().put(tmp_path)
    assert _run_all(code, str(tmp_path)) == ["0 1\n"]
