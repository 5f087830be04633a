"""Series that schema 1 stored without levels get them, and show the same before and after."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.store.journals import Journal
from trackrecord.store import chunks, levels, missing_levels
from trackrecord.store.contract import SeriesRequest
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.ingest import take_in


def test_old_series_get_their_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is stored without levels is drawn all the same, and from levels once the background was there."""
    monkeypatch.setattr(chunks, "FULL", 16)
    monkeypatch.setattr(levels, "_FEW", 8)
    for run in ("run1", "run2"):
        journal = Journal(run).begin()
        for step in range(500):
            journal.log({"loss": float(step % 13)}, step)
        journal.finish().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        with store.connections.writing(1) as connection:
            built = connection.execute(
                "SELECT axis, level, first, counts FROM axis_level ORDER BY 1, 2, 3"
            ).fetchall()
            for axis in (1, 2):
                levels.remove(connection, axis, levels.metrics_of(connection, axis))
            connection.execute("INSERT INTO meta (key, value) VALUES ('levels_missing_behind', '0')")
        request = SeriesRequest("run2", "loss", pixels=20)
        before = store.series.sampled(request)
        with store.connections.writing(1) as connection:
            assert missing_levels.tidy(connection, 0.0)
            assert not missing_levels.tidy(connection, 60.0)
            assert not missing_levels.tidy(connection, 60.0)
            again = connection.execute(
                "SELECT axis, level, first, counts FROM axis_level ORDER BY 1, 2, 3"
            ).fetchall()
        assert again == built
        after = store.series.sampled(request)
        assert (after.high.max(), after.count.sum()) == (before.high.max(), before.count.sum()) == (12.0, 500)


def test_a_new_store_has_nothing_to_build(tmp_path: Path) -> None:
    """A store made by this version is never looked through for missing levels."""
    EmbeddedStore.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert not missing_levels.tidy(connection, 60.0)
