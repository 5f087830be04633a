"""`trackrecord backup` and `restore`: while everything is in use, and when something is damaged."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest

from tests.store.dump import dump
from tests.store.journals import Journal, curve
from trackrecord.journal.format import Kind
from trackrecord.store.backups.backup import back_up
from trackrecord.store.backups.restore import restore
from trackrecord.store.checking.check import check_store
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import FormatError, NotFoundError, UsageError


def _fill(path: Path) -> None:
    with EmbeddedStore.open(path) as store:
        digest = store.blobs.put(b"bytes" * 1000)
        for number in range(5):
            journal = Journal(f"run{number}", number + 1).begin(name="n")
            journal.log({"loss": 1.0, "acc": 2.0}, 1)
            files = [{"path": "model", "digest": digest, "size": 5000}]
            journal.say(
                Kind.ARTIFACT,
                name="m",
                kind="model",
                digest=digest,
                size=5000,
                relation="logged",
                files=files,
            )
            journal.finish().put(path)
        take_in(store)
    curve("waiting", 9, 20).put(path)


def _backed_up(path: Path, place: Path) -> None:
    with EmbeddedStore.open(path, create=False) as store:
        assert back_up(store, place).problems == []


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_a_backup_comes_back_as_the_same_store(tmp_path: Path, name: str) -> None:
    """Folder or tar: restored, it holds all that the store holds, in the database and waiting."""
    _fill(tmp_path / "store")
    _backed_up(tmp_path / "store", tmp_path / name)
    assert restore(tmp_path / name, tmp_path / "again") == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"store", name, "again"})
    assert dump(tmp_path / "again") == dump(tmp_path / "store")
    for place in ("again", "store"):
        assert check_store(tmp_path / place).findings == ()
        with EmbeddedStore.open(tmp_path / place) as store:
            assert take_in(store).problems == []
    assert dump(tmp_path / "again") == dump(tmp_path / "store")
    ids = {
        json.loads((tmp_path / place / "store.json").read_text())["store_id"] for place in ("again", "store")
    }
    assert len(ids) == 1


def test_a_backup_folder_is_a_store_itself(tmp_path: Path) -> None:
    """The folder can be opened as it is, with nothing but its path."""
    _fill(tmp_path / "store")
    _backed_up(tmp_path / "store", tmp_path / "backup")
    with EmbeddedStore.open(tmp_path / "backup", read_only=True) as store:
        assert store.catalog.rows("SELECT count(*) FROM run") == [(5,)]


def test_a_second_backup_copies_only_new_blobs_and_replaces_the_first(tmp_path: Path) -> None:
    """The place always holds one whole backup; blobs of the former one are kept, its other files are replaced."""
    _fill(tmp_path / "store")
    _backed_up(tmp_path / "store", tmp_path / "backup")
    with EmbeddedStore.open(tmp_path / "store") as store:
        take_in(store)
        store.blobs.put(b"more")
        report = back_up(store, tmp_path / "backup")
    assert (report.copied, report.reused, report.journals) == (1, 1, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "store"]
    restore(tmp_path / "backup", tmp_path / "again")
    assert dump(tmp_path / "again") == dump(tmp_path / "store")


def test_a_place_that_is_something_else_is_left_alone(tmp_path: Path) -> None:
    """Folders with other things, backups of other stores, and places within the store are refused."""
    _fill(tmp_path / "store")
    _fill(tmp_path / "other")
    _backed_up(tmp_path / "other", tmp_path / "backup")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    with EmbeddedStore.open(tmp_path / "store") as store:
        for place in ("photos", "backup", "store/backup", "store", "."):
            with pytest.raises(UsageError):
                back_up(store, tmp_path / place)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"
    restore(tmp_path / "backup", tmp_path / "again")


def test_restore_overwrites_nothing_and_refuses_damage(tmp_path: Path) -> None:
    """An existing place, a flipped bit, a missing file, a cut tar: a clear error, and nothing is there after it."""
    _fill(tmp_path / "store")
    _backed_up(tmp_path / "store", tmp_path / "backup")
    _backed_up(tmp_path / "store", tmp_path / "backup.tar")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        restore(tmp_path / "backup", tmp_path / "store")
    with pytest.raises(NotFoundError):
        restore(tmp_path / "nowhere", tmp_path / "again")
    with pytest.raises(FormatError, match="is no backup"):
        restore(tmp_path / "store", tmp_path / "again")
    database = tmp_path / "backup" / "store.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    with pytest.raises(FormatError, match=r"store\.db in the backup .* is damaged"):
        restore(tmp_path / "backup", tmp_path / "again")
    database.unlink()
    with pytest.raises(FormatError, match="missing"):
        restore(tmp_path / "backup", tmp_path / "again")
    content = (tmp_path / "backup.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError):
        restore(tmp_path / "cut.tar", tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert not list(tmp_path.glob(".*partial"))


def test_names_that_lead_elsewhere_are_refused(tmp_path: Path) -> None:
    """A crafted backup can't write outside of the place it is restored to."""
    for name in ("../evil", "/tmp/evil", "inbox/../../evil", "blobs//x", "other.txt"):
        backup = tmp_path / "backup"
        backup.mkdir(exist_ok=True)
        manifest = {"format": 1, "store_id": "x", "files": {name: {"size": 0, "sha256": "e3b0"}}}
        (backup / "backup.json").write_text(json.dumps(manifest))
        with pytest.raises(FormatError, match="none of a store"):
            restore(backup, tmp_path / "again")


def test_a_damaged_store_gives_a_backup_that_says_what_it_lacks(tmp_path: Path) -> None:
    """A damaged blob is not copied, all else is, and the report and exit code say so."""
    _fill(tmp_path / "store")
    (blob,) = [path for path in (tmp_path / "store" / "blobs").rglob("*") if path.is_file()]
    blob.write_bytes(b"x" * 5000)
    done = _command(tmp_path / "store", "backup", str(tmp_path / "backup"), "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert len(answer["problems"]) >= 1
    assert restore(tmp_path / "backup", tmp_path / "again") == 3


def _command(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "trackrecord", "--store", str(path), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_commands(tmp_path: Path) -> None:
    """`backup` and `restore` as people call them: what they say, and their exit codes."""
    _fill(tmp_path / "store")
    done = _command(tmp_path / "store", "backup", str(tmp_path / "b.tar"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 files" in done.stdout
    with tarfile.open(tmp_path / "b.tar") as tar:
        assert "backup.json" in tar.getnames()
    done = _command(tmp_path / "store", "restore", str(tmp_path / "b.tar"), str(tmp_path / "again"))
    assert (done.returncode, done.stderr) == (0, "")
    assert _command(tmp_path / "again", "check").returncode == 0
    done = _command(tmp_path / "store", "restore", str(tmp_path / "b.tar"), str(tmp_path / "again"))
    assert done.returncode == 1
    assert "nothing is overwritten" in done.stderr
    assert _command(tmp_path / "nowhere", "backup", str(tmp_path / "c")).returncode == 1


_WRITER = """
import itertools, os, sys
import trackrecord as tr
for number in itertools.count():
    with tr.init("busy", name=f"w{sys.argv[1]}-{number}") as run:
        for step in range(300):
            run.log({"loss": 1.0 * step}, step=step)
            print(run.id, step, flush=True)
        run.log_artifact(__file__, name="script")
"""
_INGESTER = """
import sys, time
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
with EmbeddedStore.open(sys.argv[1]) as store:
    while True:
        report = take_in(store, wait_s=1.0)
        time.sleep(0.01)
"""


_PURGER = """
import sys, time
from trackrecord.lifecycle.purging import purge
from trackrecord.store.embedded import EmbeddedStore
with EmbeddedStore.open(sys.argv[1]) as store:
    while True:
        found = store.catalog.rows("SELECT id FROM run WHERE id LIKE 'old%' LIMIT 2")
        if found:
            purge(store, [run for (run,) in found], wait_s=30)
        time.sleep(0.2)
"""


def test_backups_of_a_busy_store_hold_all_that_was_logged_before(tmp_path: Path) -> None:
    """Writers log, one process takes in, one purges: a backup has every point logged before it began, and is sound."""
    script = tmp_path / "writer.py"
    script.write_text(_WRITER)
    store_path = tmp_path / "store"
    with EmbeddedStore.open(store_path) as store:
        for number in range(40):
            curve(f"old{number}", 100 + number, 50).put(store_path)
        take_in(store)
    logs = [tmp_path / f"log{number}" for number in range(2)]
    environment = {"TRACKRECORD_STORE": str(store_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2] / "src")
    processes = []
    for number, log in enumerate(logs):
        with log.open("w") as output:
            command = [sys.executable, str(script), str(number)]
            processes.append(subprocess.Popen(command, stdout=output, env=environment))
    processes += [
        subprocess.Popen([sys.executable, "-c", code, str(store_path)], env=environment)
        for code in (_INGESTER, _PURGER)
    ]
    try:
        deadline = time.monotonic() + 60
        while not all(log.exists() and log.stat().st_size > 2000 for log in logs):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        for attempt in range(4):
            before = [line for log in logs for line in log.read_text().rpartition("\n")[0].splitlines()]
            with EmbeddedStore.open(store_path) as store:
                report = back_up(store, tmp_path / "backup")
            assert report.problems == []
            assert check_store(store_path).open_problems == 0
            again = tmp_path / f"again{attempt}"
            restore(tmp_path / "backup", again)
            assert check_store(again).ok
            with EmbeddedStore.open(again) as store:
                assert take_in(store).problems == []
                held = {
                    (run, step)
                    for (run,) in store.catalog.rows("SELECT id FROM run WHERE id NOT LIKE 'old%'")
                    for step in store.series.points(run, "loss").steps.tolist()
                }
            logged = {(line.split()[0], int(line.split()[1])) for line in before}
            assert logged <= held
            time.sleep(0.3)
        assert all(process.poll() is None for process in processes)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _make_strange(path: Path, kind: str, secret: Path) -> None:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(path.parent)  # the name of a socket must be short
        try:
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(path.name)
        finally:
            os.chdir(here)
    elif kind == "link out of the store":
        path.symlink_to(secret)
    else:
        path.symlink_to(path.name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "link out of the store", "link to itself"])
@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_only_files_of_the_store_are_copied(tmp_path: Path, kind: str, name: str) -> None:
    """What has a journal's name and is no file is left out and named; the rest of the backup is whole."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"not of this store")
    with EmbeddedStore.open(tmp_path / "store") as store:
        curve("waiting", 9, 20).put(tmp_path / "store")
        strange = Journal("strange", 7).path(tmp_path / "store")
        _make_strange(strange, kind, secret)
        report = back_up(store, tmp_path / name)
    assert len(report.problems) == 1
    assert strange.name in report.problems[0]
    assert "link" in report.problems[0] if "link" in kind else "no regular file" in report.problems[0]
    assert report.journals == 1
    restore(tmp_path / name, tmp_path / "again")
    assert [path.name for path in (tmp_path / "again" / "inbox").iterdir()] == [
        curve("waiting", 9, 20).path(tmp_path).name
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
def test_a_blob_that_is_no_file_is_named(tmp_path: Path) -> None:
    """A link in blobs/ that leads round in a circle does not end the backup."""
    _fill(tmp_path / "store")
    circle = tmp_path / "store" / "blobs" / "aa" / "aa" / ("a" * 64)
    circle.parent.mkdir(parents=True, exist_ok=True)
    circle.symlink_to(circle.name)
    _backed_up(tmp_path / "store", tmp_path / "backup")
