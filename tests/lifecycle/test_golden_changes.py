"""A journal of changes as this version wrote it, taken in: what each record of it does stays so."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.lifecycle.test_purge import store_with
from tests.store.journals import Journal
from trackrecord.lifecycle.history import history_of_run
from trackrecord.store.intake.ingest import take_in

GOLDEN = Path(__file__).parents[1] / "journal" / "golden" / "v1" / "changes-of-runs.journal"


def test_the_golden_changes_do_what_the_page_says(tmp_path: Path) -> None:
    """Every field of docs/format.md, "change", has its effect on the runs that the journal names."""
    runs = [
        Journal(f"run{n}", n, time=1_780_000_000 * 10**9).begin(name="x", tags=["b"]).finish()
        for n in (1, 2, 3)
    ]
    with store_with(tmp_path / "s", *runs) as store:
        shutil.copyfile(GOLDEN, store.inbox / "-.00000000000000ed.0.journal")
        assert take_in(store).problems == []
        assert store.catalog.rows(
            "SELECT r.id, r.name, notes, group_name, p.name, archived, deleted,"
            " (SELECT group_concat(t.name) FROM tag t WHERE t.run = r.number)"
            " FROM run r JOIN project p ON p.number = r.project ORDER BY r.id"
        ) == [
            ("run1", "best é", None, "g", "other", 1_790_000_000 * 10**9, None, "a,c"),
            ("run2", "best é", None, None, "digits", None, None, "b"),
        ]
        assert store.catalog.rows("SELECT run, who FROM tombstone") == [("run3", "ada")]
        assert len(history_of_run(store, "run1")) == 8
        shutil.copyfile(GOLDEN, store.inbox / "-.00000000000000ed.0.journal")
        take_in(store)
        assert len(history_of_run(store, "run1")) == 8
