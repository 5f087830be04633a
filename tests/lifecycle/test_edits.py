"""Changes after the fact through the store: at once, safely, in the right order, in bulk."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import environment, python
from tests.store.journals import BEGAN, SECOND, Journal
from trackrecord.journal.format import Kind
from trackrecord.lifecycle import edits
from trackrecord.lifecycle.choosing import choose_runs
from trackrecord.lifecycle.history import history_of_project, history_of_run, undo
from trackrecord.lifecycle.recording import record_edits
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.words.errors import StoreUnavailableError, UsageError


def store_with(path: Path, *runs: str, **begin: Any) -> EmbeddedStore:
    """Return a store that has taken in some finished runs."""
    for at, run in enumerate(runs):
        Journal(run, at + 1).begin(name=run, **begin).log({"loss": 0.5}, 0).finish().put(path)
    store = EmbeddedStore.open(path)
    assert take_in(store).problems == []
    return store


def names(store: EmbeddedStore) -> dict[str, str]:
    """Return the names of all runs by id."""
    return dict(store.catalog.rows("SELECT id, name FROM run"))


def test_an_edit_is_shown_at_once_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """What is asked in one call holds together, by one person at one time, and its journal is taken in."""
    with store_with(tmp_path / "s", "run1") as store:
        report = record_edits(store, ["run1"], [edits.rename("best"), edits.add_tags(["good"])], who="ada")

        assert (report.shown, report.runs, report.problem) == (True, ("run1",), None)
        assert names(store) == {"run1": "best"}
        found = history_of_run(store, "run1")
        assert [(each.who, each.field, each.before, each.after) for each in found] == [
            ("ada", "tags", [], ["good"]),
            ("ada", "name", "run1", "best"),
        ]
        assert len({each.time for each in found}) == 1
        assert list(store.inbox.iterdir()) == []


def test_what_holds_already_is_not_recorded(tmp_path: Path) -> None:
    """An edit that changes nothing leaves no trace; one of several runs is kept of those that it changes."""
    with store_with(tmp_path / "s", "run1", "run2") as store:
        record_edits(store, ["run1"], [edits.add_tags(["a"])])
        for edit in (
            edits.add_tags(["a"]),
            edits.remove_tags(["b"]),
            edits.set_tags(["a"]),
            edits.rename("run1"),
            edits.set_note(None),
            edits.set_deleted(False),
            edits.set_archived(False),
        ):
            report = record_edits(store, ["run1"], [edit])
            assert (report.runs, report.unchanged, report.shown) == (("run1",), ("run1",), True)
        assert len(history_of_run(store, "run1")) == 1

        report = record_edits(store, ["run1", "run2"], [edits.add_tags(["a"]), edits.set_archived(False)])
        assert (report.runs, report.unchanged) == (("run1", "run2"), ("run1",))
        assert [len(history_of_run(store, run)) for run in ("run1", "run2")] == [1, 1]

        undo(store, ["run1"])
        assert [change.after for change in history_of_run(store, "run1")] == [[], ["a"]]


def test_what_waits_in_the_inbox_is_not_forgotten(tmp_path: Path) -> None:
    """While something waits, what seems to hold already is recorded, since the last word counts."""
    with store_with(tmp_path / "s", "run1") as store:
        (store.inbox / "waiting.somewhere").write_bytes(b"")
        report = record_edits(store, ["run1"], [edits.set_deleted(False)], wait_s=0.1)

        assert report.unchanged == ()


def test_an_edited_run_looks_neither_alive_nor_joined(tmp_path: Path) -> None:
    """An edit adds no writer to a run and changes neither its state nor its end."""
    with store_with(tmp_path / "s", "run1") as store:
        look = "SELECT ended_state, ended, grown_at, (SELECT count(*) FROM writer) FROM run"
        before = store.catalog.rows(look)
        record_edits(store, ["run1"], [edits.set_note("later")])

        assert store.catalog.rows(look) == before
        assert store.catalog.live_states() == {}


@pytest.mark.parametrize(
    "make",
    [
        lambda: edits.rename(" "),
        lambda: edits.rename("x" * 2000),
        lambda: edits.rename("a\x00b"),
        lambda: edits.add_tags([]),
        lambda: edits.add_tags([""]),
        lambda: edits.move_to(".."),
        lambda: edits.set_group(""),
        lambda: edits.set_note("x" * 1_000_001),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(make: object) -> None:
    """Names that are empty, too long or not to be written, no tags at all, and endless notes are errors."""
    with pytest.raises(UsageError):
        make()  # type: ignore[operator]


def test_a_clock_that_is_behind_loses_no_edit(tmp_path: Path) -> None:
    """Whoever asks later wins, even when an earlier change carries a time of the future."""
    path = tmp_path / "s"
    future = 4_000_000_000 * SECOND
    Journal("run1").begin(name="first").say(
        Kind.CHANGE, t=future, field="name", value="far ahead"
    ).finish().put(path)
    with EmbeddedStore.open(path) as store:
        take_in(store)
        record_edits(store, ["run1"], [edits.rename("now")])

        assert names(store) == {"run1": "now"}


def test_moving_takes_the_experiment_along_and_an_empty_project_goes(tmp_path: Path) -> None:
    """A run that is moved belongs to the experiment of the same name there; undo moves it back."""
    with store_with(tmp_path / "s", "run1", "run2", experiment="depth") as store:
        where = "SELECT r.id, p.name, e.name, q.name FROM run r JOIN project p ON p.number = r.project"
        where += (
            " JOIN experiment e ON e.number = r.experiment JOIN project q ON q.number = e.project ORDER BY 1"
        )
        record_edits(store, ["run1"], [edits.move_to("other")])
        assert store.catalog.rows(where) == [
            ("run1", "other", "depth", "other"),
            ("run2", "digits", "depth", "digits"),
        ]
        undo(store, ["run1"])
        assert {row[1] for row in store.catalog.rows(where)} == {"digits"}


def test_a_project_that_everything_has_left_is_gone(tmp_path: Path) -> None:
    """The last run to leave takes the project with it, and a record that the run still writes brings it not back."""
    path = tmp_path / "s"
    journal = Journal("run1").begin(name="run1").log({"loss": 1.0}, 0)
    journal.put(path)
    with EmbeddedStore.open(path) as store:
        take_in(store)
        record_edits(store, ["run1"], [edits.move_to("other")])
        journal.rotate().log({"loss": 2.0}, 1).finish().put(path)
        take_in(store)

        assert store.catalog.rows("SELECT name FROM project") == [("other",)]
        assert store.catalog.rows("SELECT points FROM metric") == [(2,)]


def test_undo_turns_back_the_last_call_and_only_its_tags(tmp_path: Path) -> None:
    """Undo takes back all of one call; again, it brings it again; tags of others stay."""
    with store_with(tmp_path / "s", "run1", tags=["a"]) as store:
        record_edits(store, ["run1"], [edits.add_tags(["b"]), edits.set_note("n")])
        undo(store, ["run1"])
        state = "SELECT notes, (SELECT group_concat(name) FROM tag) FROM run"
        assert store.catalog.rows(state) == [(None, "a")]
        undo(store, ["run1"])
        assert store.catalog.rows(state) == [("n", "a,b")]
        with pytest.raises(UsageError, match="nothing to undo"):
            undo(store, ["nobody"])


def test_what_is_said_of_experiments_and_contracts_is_audited(tmp_path: Path) -> None:
    """A conclusion or contract that is changed shows who, before and after; saying the same again is no news."""
    path = tmp_path / "s"
    for at, conclusion in enumerate(["deeper is better", "deeper is better", "deeper is worse"]):
        journal = Journal("-", 50 + at, time=BEGAN + at * SECOND)
        journal.say(Kind.EXPERIMENT, name="depth", conclusion=conclusion, who="ada")
        journal.say(Kind.CONTRACT, pattern="loss", goal="min", unit=None if at < 2 else "nats", primary=True)
        journal.say(Kind.CLOSE, next=False).put(path)
        with EmbeddedStore.open(path) as store:
            assert take_in(store).problems == []
    with EmbeddedStore.open(path) as store:
        found = [
            (each.about, each.name, each.field, each.who, each.before, each.after)
            for each in history_of_project(store, "digits")
        ]
    least = {"goal": "min", "primary": True}
    assert found == [
        ("contract", "loss", "contract", "", least, {**least, "unit": "nats"}),
        ("experiment", "depth", "conclusion", "ada", "deeper is better", "deeper is worse"),
        ("contract", "loss", "contract", "", None, least),
        ("experiment", "depth", "conclusion", "ada", None, "deeper is better"),
    ]


def test_a_bulk_edit_is_one_transaction(tmp_path: Path) -> None:
    """Whatever the number of runs: all of them are changed in one revision, and lists leave them out."""
    path = tmp_path / "s"
    runs = [f"run{number}" for number in range(400)]
    with store_with(path, *runs) as store:
        revision = store.catalog.revision()
        chosen = [run.id for run in choose_runs(store, where='name ~ "run"')]
        report = record_edits(store, chosen, [edits.set_archived()])

        assert (len(report.runs), report.shown) == (400, True)
        assert store.catalog.rows("SELECT count(*) FROM run WHERE archived IS NULL") == [(0,)]
        assert store.catalog.revision() == revision + 1
        assert choose_runs(store, where="") == []
        assert len(choose_runs(store, where="", among="archived")) == 400


def test_an_edit_waits_safely_while_another_process_writes(tmp_path: Path) -> None:
    """While the database is locked the answer says that the change is recorded; afterwards it is shown."""
    path = tmp_path / "s"
    with store_with(path, "run1") as store:
        other = sqlite3.connect(path / "store.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        report = record_edits(store, ["run1"], [edits.rename("later")], wait_s=0.1)
        assert not report.shown
        assert report.problem
        assert names(store) == {"run1": "run1"}
        other.execute("ROLLBACK")
        other.close()
        take_in(store)
        assert names(store) == {"run1": "later"}


def test_a_kill_between_writing_and_taking_in_loses_nothing(tmp_path: Path) -> None:
    """An editor that is killed as soon as its journal is written has changed the run all the same."""
    store_with(tmp_path / "store", "run1").close()
    python(
        tmp_path,
        """
        import os, signal
        from pathlib import Path
        from trackrecord.journal.format import Kind
        from trackrecord.lifecycle.edit_journal import put_journal
        inbox = Path(os.environ["TRACKRECORD_STORE"], "inbox")
        fields = {"who": "ada", "runs": ["run1"], "field": "name", "value": "kept"}
        put_journal(inbox, 2_000_000_000 * 10**9, [(Kind.CHANGE, fields)])
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        expect=-9,
    )
    with EmbeddedStore.open(tmp_path / "store") as store:
        take_in(store)
        assert names(store) == {"run1": "kept"}


def test_a_store_that_takes_no_file_says_so_and_keeps_all(tmp_path: Path) -> None:
    """Where no file can be written the edit is an error with the place; no half journal and no change is left."""
    store_with(tmp_path / "store", "run1").close()
    done = python(
        tmp_path,
        """
        import os, resource
        from trackrecord.lifecycle import edits
        from trackrecord.lifecycle.recording import record_edits
        from trackrecord.store.embedded import EmbeddedStore
        from trackrecord.words.errors import StoreUnavailableError
        with EmbeddedStore.open(os.environ["TRACKRECORD_STORE"]) as store:
            store.catalog.revision()
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
            try:
                record_edits(store, ["run1"], [edits.rename("never")])
            except StoreUnavailableError as error:
                print(error.message)
        """,
    )
    assert "takes no changes" in done.stdout
    assert "nothing was changed" in done.stdout
    with EmbeddedStore.open(tmp_path / "store") as store:
        assert list(store.inbox.iterdir()) == []
        assert names(store) == {"run1": "run1"}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_store_is_not_changed(tmp_path: Path) -> None:
    """A folder without the right to write gives a clear error."""
    path = tmp_path / "s"
    store_with(path, "run1").close()
    (path / "inbox").chmod(0o500)
    try:
        with (
            EmbeddedStore.open(path) as store,
            pytest.raises(StoreUnavailableError, match="takes no changes"),
        ):
            record_edits(store, ["run1"], [edits.rename("never")])
    finally:
        (path / "inbox").chmod(0o700)


def test_two_editors_at_once_lose_nothing(tmp_path: Path) -> None:
    """Two processes that tag the same runs at the same time leave all tags, one audit row for each, in one order."""
    path = tmp_path / "store"
    store_with(path, "run1", "run2").close()
    script = """
import sys
from trackrecord.lifecycle import edits
from trackrecord.lifecycle.recording import record_edits
from trackrecord.store.embedded import EmbeddedStore
with EmbeddedStore.open(sys.argv[1]) as store:
    for number in range(15):
        record_edits(store, ["run1", "run2"], [edits.add_tags([f"{sys.argv[2]}{number}"])], wait_s=10)
"""
    editors = [
        subprocess.Popen([sys.executable, "-c", script, str(path), who], env=environment(tmp_path))
        for who in ("ada", "bob")
    ]
    assert [editor.wait(120) for editor in editors] == [0, 0]
    with EmbeddedStore.open(path) as store:
        take_in(store)
        assert store.catalog.rows("SELECT run, count(*) FROM tag GROUP BY run") == [(1, 30), (2, 30)]
        changes = history_of_run(store, "run1")[::-1]
        assert len(changes) == 30
        assert [each.before for each in changes] == [[], *(each.after for each in changes[:-1])]


def test_threads_of_one_process_may_edit_together(tmp_path: Path) -> None:
    """Several threads that share an open store, as the server's do, change runs without an error or a loss."""
    with store_with(tmp_path / "s", "run1") as store:
        reports = []

        def edit(number: int) -> None:
            reports.append(record_edits(store, ["run1"], [edits.add_tags([f"t{number}"])], wait_s=20))

        threads = [threading.Thread(target=edit, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [report.shown for report in reports] == [True] * 8
        assert store.catalog.rows("SELECT count(*) FROM tag") == [(8,)]
