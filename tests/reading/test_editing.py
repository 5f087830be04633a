"""Changing recorded runs from Python: one that is open, or all of a table."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import trackrecord as tr
from trackrecord.words.errors import UsageError


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store of four runs."""
    place = tmp_path / "store"
    for at in range(4):
        with tr.init(
            "digits", name=f"run-{at}", params={"at": at}, store=place, console=False, system_metrics=False
        ) as run:
            run.log({"loss": 1.0}, step=0)
    return place


def test_an_open_run_shows_its_changes_at_once(store: Path) -> None:
    """Each change is seen on the handle that made it and by whoever opens the run next."""
    with tr.open_run("run-1", store=store) as run:
        assert run.rename("base").shown
        run.add_tags("a", "b")
        run.remove_tags("b")
        run.set_note("good")
        run.set_group("g")
        run.move("attic")
        assert (run.name, run.tags, run.notes, run.group, run.project) == (
            "base",
            ("a",),
            "good",
            "g",
            "attic",
        )
        assert [change.field for change in run.changes()] == [
            "project",
            "group",
            "notes",
            "tags",
            "tags",
            "name",
        ]
        run.undo()
        run.set_tags("x", "y")
        assert (run.project, run.tags) == ("digits", ("x", "y"))
    assert tr.open_run("base", store=store).notes == "good"


def test_a_table_is_changed_as_a_whole(store: Path) -> None:
    """All runs of a table change alike; those put away or thrown away leave the lists and come back."""
    table = tr.runs("params.at >= 2", store=store)
    assert len(table.archive().runs) == 2
    assert [run.name for run in tr.runs(order_by="name", store=store)] == ["run-0", "run-1"]
    table.unarchive()
    table[:1].delete()
    assert len(tr.runs(store=store)) == 3
    tr.runs("deleted is not missing", store=store).undelete()
    assert len(tr.runs(store=store)) == 4
    report = table.purge()
    assert (len(report.runs), report.shown, report.after <= report.before) == (2, True, True)
    assert len(tr.runs(store=store)) == 2
    assert tr.runs("params.at > 99", store=store).add_tags("none").runs == ()


def test_a_value_that_cannot_be_used_changes_nothing(store: Path) -> None:
    """An empty name, no tag, a project that no address can hold: an error, and the run is as it was."""
    run = tr.open_run("run-1", store=store)
    changes: list[Callable[[], object]] = [
        lambda: run.rename(""),
        lambda: run.add_tags(),
        lambda: run.move(".."),
        lambda: run.set_note(3),  # type: ignore[arg-type]
        run.undo,
    ]
    for change in changes:
        with pytest.raises(UsageError):
            change()
    assert run.changes() == []


def test_a_change_that_has_to_wait_warns(store: Path) -> None:
    """While another program writes to the database a change is recorded, and a warning says that it shows later."""
    run = tr.open_run("run-1", store=store)
    other = sqlite3.connect(store / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.warns(RuntimeWarning, match="Recorded, shown soon"):
        assert not run.rename("later").shown
    other.execute("ROLLBACK")
    other.close()
    assert tr.open_run("later", store=store).id == run.id
