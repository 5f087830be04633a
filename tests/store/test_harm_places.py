"""Files and folders that are gone, empty, foreign, full or not for us: a clear error that says what to do."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.journals import Journal, curve
from trackrecord.store.backups.backup import back_up
from trackrecord.store.backups.restore import restore
from trackrecord.store.checking.check import check_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import StoreUnavailableError, StoreVersionError


def _fill(path: Path) -> None:
    curve("run1", 1, 30).put(path)
    with EmbeddedStore.open(path) as store:
        assert take_in(store).problems == []


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("harm", ["empty", "gone"])
def test_a_database_that_was_there_is_not_taken_for_a_new_one(
    tmp_path: Path, harm: str, read_only: bool
) -> None:
    """An empty or missing ``store.db`` in a store that had one is an error that names both ways out; both work."""
    _fill(tmp_path / "store")
    with EmbeddedStore.open(tmp_path / "store") as store:
        back_up(store, tmp_path / "backup")
    database = tmp_path / "store" / "store.db"
    database.unlink()
    if harm == "empty":
        database.touch()
    with pytest.raises(StoreUnavailableError, match="though this store had a database") as caught:
        EmbeddedStore.open(tmp_path / "store", read_only=read_only)
    assert "restore" in str(caught.value)
    assert "check --fix" in str(caught.value)
    restore(tmp_path / "backup", tmp_path / "again")
    with EmbeddedStore.open(tmp_path / "again") as store:
        assert len(store.series.points("run1", "loss").values) == 30
    curve("run2", 2).put(tmp_path / "store")
    assert not check_store(tmp_path / "store").ok
    assert check_store(tmp_path / "store", fix=True).ok
    with EmbeddedStore.open(tmp_path / "store") as store:
        assert store.catalog.rows("SELECT id FROM run") == [("run2",)]


def test_a_new_store_may_be_without_a_database(tmp_path: Path) -> None:
    """Where nobody has looked yet there is an inbox only, and no error."""
    curve().put(tmp_path)
    assert check_store(tmp_path).ok
    with EmbeddedStore.open(tmp_path, read_only=True) as store:
        assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []


def test_without_its_log_the_database_is_what_it_was_at_the_last_checkpoint(tmp_path: Path) -> None:
    """Removing ``store.db-wal`` by hand costs the last commits, and is either found or leaves an older whole state."""
    _fill(tmp_path)
    code = (
        "import os, sys\nfrom trackrecord.store.embedded import EmbeddedStore\n"
        "from trackrecord.store.intake.ingest import take_in\n"
        "store = EmbeddedStore.open(sys.argv[1]); take_in(store); os._exit(0)"
    )
    curve("run2", 2).put(tmp_path)
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert (tmp_path / "store.db-wal").stat().st_size > 0
    (tmp_path / "store.db-wal").unlink()
    (tmp_path / "store.db-shm").unlink()
    assert check_store(tmp_path, deep=True).ok
    with EmbeddedStore.open(tmp_path) as store:
        assert store.catalog.rows("SELECT id FROM run") == [("run1",)]


def test_a_store_json_that_is_gone_comes_back_as_it_was(tmp_path: Path) -> None:
    """The id is in the database, too: the same store, not another one."""
    _fill(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        before = store.store_id
    (tmp_path / "store.json").unlink()
    with EmbeddedStore.open(tmp_path) as store:
        assert store.store_id == before


def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """A schema from the future: refused with both numbers, by the check and its repair as well, and not changed."""
    _fill(tmp_path)
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    before = (tmp_path / "store.db").read_bytes()
    for attempt in (EmbeddedStore.open, check_store, lambda path: check_store(path, fix=True)):
        with pytest.raises(StoreVersionError, match="999"):
            attempt(tmp_path)
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_plain_copy_of_a_store_that_is_not_in_use_is_a_backup(tmp_path: Path) -> None:
    """Copied with nothing but the system's own means, it is the same store."""
    _fill(tmp_path / "store")
    curve("waiting", 2).put(tmp_path / "store")
    shutil.copytree(tmp_path / "store", tmp_path / "copy")
    assert check_store(tmp_path / "copy").findings == ()
    with EmbeddedStore.open(tmp_path / "copy") as store:
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT id FROM run ORDER BY id") == [("run1",), ("waiting",)]


@pytest.fixture
def foreign_path() -> Iterator[Path]:
    """A folder where other users may look."""
    path = Path(tempfile.mkdtemp(prefix="trackrecord-test-"))
    path.chmod(0o755)
    yield path
    for found in [path, *path.rglob("*")]:
        found.chmod(0o755)
    shutil.rmtree(path)


_AS_NOBODY = """
import os, sys
from trackrecord.cli.main import main, _COMMANDS
from importlib import import_module
import_module("trackrecord.store.checking.check"), import_module("trackrecord.cli.check")
import_module("trackrecord.cli.ls")
import_module("trackrecord.store.backups.backup"), import_module("trackrecord.cli.backup")
import_module("trackrecord.query.runs")
import trackrecord.cli.progress, trackrecord.cli.answers, trackrecord.store.opening, html, html.entities
os.setgroups([]); os.setgid(65534); os.setuid(65534)
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("arguments", [["check"], ["check", "--fix"], ["ls"], ["backup", "/tmp/never-made"]])
def test_a_store_of_somebody_else_is_a_clear_error(foreign_path: Path, arguments: list[str]) -> None:
    """Without permission: one line that says what can't be read or written, exit code 1, nothing changed."""
    store = foreign_path / "store"
    _fill(store)
    for path in [store, *store.rglob("*")]:
        path.chmod(0o700 if path.is_dir() else 0o600)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in store.rglob("*") if path.is_file())
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "TRACKRECORD_STORE": str(store)},
    )
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert "Error:" in done.stderr
    assert (
        sorted((path.name, path.stat().st_mtime_ns) for path in store.rglob("*") if path.is_file()) == before
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB. Skipped where nothing may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    made = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
        )
        if shutil.which("mount")
        else None
    )
    if made is None or made.returncode != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    """Taking in, backup and repair without room: a clear error, the inbox stays; with room again all goes on."""
    store_path = small_disk / "store"
    journal = Journal("long", 1).begin()
    for step in range(12_000):
        journal.log({"loss": step * 0.1, "acc": 1.0}, step)
    journal.finish().put(store_path)
    with EmbeddedStore.open(store_path):
        pass
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb") as file:  # noqa: PT012
        while True:
            file.write(bytes(4096))
            file.flush()
    with EmbeddedStore.open(store_path) as store:
        report = take_in(store)
        assert report.problem
        assert not report.changed
        before = sorted(path.name for path in small_disk.iterdir())
        with pytest.raises(OSError, match="No space left"):
            back_up(store, small_disk / "backup")
        assert sorted(path.name for path in small_disk.iterdir()) == before
    assert len(list((store_path / "inbox").iterdir())) == 1
    report_of_check = check_store(store_path)
    assert report_of_check.ok
    filler.unlink()
    with EmbeddedStore.open(store_path) as store:
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT points FROM run") == [(24_000,)]
        back_up(store, tmp_path / "elsewhere")
    assert check_store(store_path, deep=True).ok
