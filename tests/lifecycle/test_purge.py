"""Removing runs for good: nothing of them is left, nothing brings them back, others keep what they use."""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from tests.server.running import running
from tests.store.journals import Journal
from trackrecord.journal.format import Kind, encode_content
from trackrecord.journal.process import this_process
from trackrecord.lifecycle import edits
from trackrecord.lifecycle.history import history_of_run
from trackrecord.lifecycle.purging import purge
from trackrecord.lifecycle.recording import record_edits
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.opening import open_store
from trackrecord.words.errors import UsageError

SECRET = "the secret of run1"
#: tables that are not about single runs, or keep no more than that a run was purged
NOT_OF_RUNS = {
    "meta",
    "revision",
    "lease",
    "project",
    "experiment",
    "contract",
    "artifact",
    "artifact_file",
    "tombstone",
    "audit",
    "stamp",
    "waiting_change",
    "resting_segment",
}


def full_run(run: str, writer: int, **begin: Any) -> Journal:
    """Return the journal of a run that has something of everything."""
    source = random.Random(writer)
    content = f"content of {run}".encode() * 5000
    journal = Journal(run, writer).begin(
        name=f"name {run}",
        notes=f"the secret of {run}",
        tags=["a", f"tag {run}"],
        group="g",
        experiment="e",
        **begin,
    )
    journal.say(Kind.PARAMS, params={"lr": 0.1, "secret": f"the secret of {run}"})
    for step in range(9000):
        journal.log({"loss": source.random(), "odd": source.random()}, step)
    journal.say(Kind.SUMMARY, summary={"best": 1, "odd": f"the secret of {run}"})
    digest = hashlib.sha256(content)
    journal.raw(encode_content(digest.digest(), content))
    name = f"sha256:{digest.hexdigest()}"
    journal.say(
        Kind.MEDIA, key="m", step=1, kind="text", digest=name, media_type="text/plain", size=len(content)
    )
    journal.say(Kind.MEDIA, key="n", step=1, kind="text", data={"text": f"the secret of {run}"})
    files = [{"path": "f", "digest": name, "size": len(content)}]
    journal.say(Kind.ARTIFACT, name="own", kind="x", digest=name, size=9, relation="logged", files=files)
    shared = "sha256:" + "0" * 64
    journal.say(Kind.ARTIFACT, name="shared", kind="x", digest=shared, size=9, relation="used", files=files)
    journal.say(Kind.CONSOLE, stream="stdout", text=f"the secret of {run}\n")
    journal.say(Kind.FACTS, part="git", value={"remote": f"the secret of {run}"}, digest=None)
    journal.say(Kind.PROBLEM, code="c", message=f"the secret of {run}", count=1)
    journal.say(Kind.REWIND, step=8990)
    journal.say(Kind.RANK, rank=0, world_size=1)
    journal.say(Kind.CHANGE, field="notes", value=f"the secret of {run}")
    journal.say(Kind.REDACTION, who="ada", what="param", key="nothing", reason=f"the secret of {run}")
    return journal.finish()


def store_with(path: Path, *journals: Journal) -> EmbeddedStore:
    """Return a store that has taken in some journals."""
    for journal in journals:
        journal.put(path)
    store = EmbeddedStore.open(path)
    assert take_in(store).problems == []
    return store


def test_no_row_of_a_purged_run_is_left_in_any_table(tmp_path: Path) -> None:
    """Whatever tables the schema has: a store from which a run was purged holds what one holds that never had it."""
    pair = store_with(tmp_path / "pair", full_run("run1", 1), full_run("run2", 2))
    alone = store_with(tmp_path / "alone", full_run("run2", 2))
    with pair, alone:
        tables = [
            name for (name,) in pair.catalog.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        counted = {name: pair.catalog.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}
        report = purge(pair, ["run1"])
        assert report.shown
        assert report.notes == ("Artifacts that other runs logged or used stay: shared v1.",)
        left = {}
        for name in tables:
            left[name] = pair.catalog.rows(f"SELECT count(*) FROM {name}")[0][0]
            if name not in NOT_OF_RUNS and not name.startswith("column_"):
                expected = alone.catalog.rows(f"SELECT count(*) FROM {name}")[0][0]
                assert left[name] == expected, f"{name} keeps rows of a purged run: is a foreign key missing?"
        assert sum(counted[name] > left[name] for name in tables) >= 15  # the run had something of everything
        assert pair.catalog.rows("SELECT run, change FROM audit WHERE run = 'run1'") == [("run1", "purge")]
        assert len(pair.series.points("run2", "loss").values) == 8991


def test_nothing_of_a_purged_run_can_be_read_from_the_disk(tmp_path: Path) -> None:
    """Neither the database nor its log holds a byte of its texts, and the files have shrunk by about its share."""
    with store_with(tmp_path / "s", full_run("run1", 1), full_run("run2", 2)) as store:
        take_in(store)
        report = purge(store, ["run1"])
        here = sum(
            path.stat().st_size for path in (tmp_path / "s").glob("store.db*") if "shm" not in path.name
        )
        assert report.after == here
        assert report.after < 0.75 * report.before
        held = b"".join(path.read_bytes() for path in (tmp_path / "s").glob("store.db*"))
        assert SECRET.encode() not in held
        assert b"the secret of run2" in held


def test_a_purged_run_does_not_come_back(tmp_path: Path) -> None:
    """Journals of a purged run that arrive later, sent again or from a further writer, are refused and removed."""
    path = tmp_path / "s"
    with store_with(path, full_run("run1", 1), full_run("run2", 2)) as store:
        purge(store, ["run1"])
        full_run("run1", 1).put(path)
        Journal("run1", 7).begin(role="join", name="again").log({"loss": 1.0}, 3).finish().put(path)
        take_in(store)
        assert store.catalog.rows("SELECT id FROM run") == [("run2",)]
        assert store.catalog.rows("SELECT count(*) FROM tombstone") == [(1,)]
        record_edits(store, ["run1"], [edits.rename("ghost")])
        assert store.catalog.rows("SELECT id FROM run") == [("run2",)]
        assert [each.field for each in history_of_run(store, "run1")] == ["purge"]


def test_the_number_of_a_purged_run_is_not_given_again(tmp_path: Path) -> None:
    """What remembers runs by number never takes a new run for a purged one."""
    path = tmp_path / "s"
    with store_with(path, full_run("run1", 1)) as store:
        purge(store, ["run1"])
        Journal("run9", 9).begin(name="new").finish().put(path)
        take_in(store)
        assert store.catalog.rows("SELECT id, number FROM run") == [("run9", 2)]


def test_a_running_run_is_not_purged(tmp_path: Path) -> None:
    """A run whose process lives is refused even by force; one that was never seen to end needs it."""
    path = tmp_path / "s"
    Journal("live", 1, process=this_process()).begin(name="live").put(path)
    Journal("lost", 2).begin(name="lost").put(path)
    for file in (path / "inbox").iterdir():
        if file.name.startswith("lost"):
            os.utime(file, (1_700_000_000, 1_700_000_000))
    with EmbeddedStore.open(path) as store:
        take_in(store)
        for force in (False, True):
            with pytest.raises(UsageError, match="Still running"):
                purge(store, ["live"], force=force)
        with pytest.raises(UsageError, match="Never seen to end"):
            purge(store, ["lost"])
        assert len(store.catalog.rows("SELECT 1 FROM run")) == 2
        assert purge(store, ["lost"], force=True).shown
        assert store.catalog.rows("SELECT id FROM run") == [("live",)]


def test_a_run_that_others_inherit_from_is_kept(tmp_path: Path) -> None:
    """A run with forks is refused with their names, and goes together with them; nested runs stay, which is said."""
    path = tmp_path / "s"
    child = Journal("child", 2).begin(name="the fork").say(Kind.FORK, run="run1", step=10).finish()
    nested = Journal("inner", 3).begin(name="nested", parent="run1").finish()
    with store_with(path, full_run("run1", 1), child, nested) as store:
        with pytest.raises(UsageError, match=r"the fork \(child\)"):
            purge(store, ["run1"])
        report = purge(store, ["run1", "child"])
        assert report.shown
        assert report.notes == ("Nested runs stay, without their parent: nested (inner).",)
        assert store.catalog.rows("SELECT id FROM run") == [("inner",)]


def test_whoever_resumes_a_purged_run_is_told(tmp_path: Path) -> None:
    """A run recorded under a purged id is dropped; the next to look says so, once, and a server says it for a while."""
    path = tmp_path / "s"
    with store_with(path, full_run("run1", 1), full_run("run2", 2)) as store:
        purge(store, ["run1"])
    told: list[str] = []
    for writer in (7, 8):
        Journal("run1", writer).begin(name="again").log({"loss": 1.0}, 3).finish().put(path)
    for _ in range(2):
        open_store(path, on_problem=told.append).close()
    assert len(told) == 1
    assert "run1 was purged" in told[0]
    Journal("run1", 9).begin(name="again").finish().put(path)
    with running(path) as server:
        for _ in range(200):
            problem = server.client.get("/api/v1/store").json()["problem"]
            if problem:
                break
            time.sleep(0.05)
        assert "run1 was purged" in problem
