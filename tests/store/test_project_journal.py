"""What is said of a project while no run of it is open."""

from __future__ import annotations

import shutil
from pathlib import Path

import trackrecord as tr
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in


def test_experiments_and_contracts_without_a_run(tmp_path: Path) -> None:
    """They belong to the project, make no run, and their journals leave the inbox."""
    place = tmp_path / "store"
    tr.define_metric("val/accuracy", project="digits", store=place, goal="max", primary=True)
    tr.define_experiment("depth", project="digits", store=place, hypothesis="3 is enough")
    tr.define_experiment("depth", project="digits", store=place, conclusion="it is")
    store = EmbeddedStore.open(place)

    report = take_in(store)

    assert report.problems == []
    assert list((place / "inbox").iterdir()) == []
    assert store.catalog.rows("SELECT count(*) FROM run") == [(0,)]
    assert store.catalog.rows("SELECT name FROM project") == [("digits",)]
    assert store.catalog.rows("SELECT name, hypothesis, conclusion FROM experiment") == [
        ("depth", "3 is enough", "it is")
    ]
    assert store.catalog.rows("SELECT pattern, goal, is_primary FROM contract") == [
        ("val/accuracy", "max", 1)
    ]
    assert store.catalog.revision() == 1
    store.close()


def test_taken_in_twice_and_in_any_order(tmp_path: Path) -> None:
    """A journal that comes again, after a later word, changes nothing."""
    place, kept = tmp_path / "store", tmp_path / "kept"
    tr.define_metric("loss", project="digits", store=place, goal="max")
    (first,) = (place / "inbox").iterdir()
    kept.mkdir()
    shutil.copy(first, kept)
    tr.define_metric("loss", project="digits", store=place, goal="min")
    store = EmbeddedStore.open(place)
    take_in(store)
    shutil.copy(kept / first.name, first)

    take_in(store)

    assert store.catalog.rows("SELECT pattern, goal FROM contract") == [("loss", "min")]
    assert list((place / "inbox").iterdir()) == []
    store.close()
