"""Series that schema 1 stored without levels get them, and show the same before and after."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.store.journals import Journal
from trackrecord.store.contract import SeriesRequest
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake import upkeep
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.points import chunks, levels, missing_levels


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


def test_a_damaged_series_does_not_keep_others_from_upkeep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One axis with a flipped bit is left as it is; the next one is sorted, and gets its levels."""
    monkeypatch.setattr(chunks, "FULL", 16)
    monkeypatch.setattr(levels, "_FEW", 8)
    for run in ("run1", "run2"):
        journal = Journal(run).begin()
        for count in range(500):
            journal.log({"loss": 1.0}, count % 50)
        journal.put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).problems == []
        with store.connections.writing(1) as connection:
            for axis in (1, 2):
                levels.remove(connection, axis, levels.metrics_of(connection, axis))
            connection.execute("UPDATE axis SET late = 20")
            connection.execute(
                "INSERT OR REPLACE INTO meta (key, value) VALUES ('levels_missing_behind', '0')"
            )
            (packed,) = connection.execute(
                "SELECT vals FROM metric_chunk WHERE metric = 1 AND n = 0"
            ).fetchone()
            bad = bytes([*packed[:-1], packed[-1] ^ 1])
            connection.execute("UPDATE metric_chunk SET vals = ? WHERE metric = 1 AND n = 0", (bad,))
        while upkeep.tend(store, 60.0):
            pass
        assert store.catalog.rows("SELECT DISTINCT axis FROM axis_level") == [(2,)]
        assert store.catalog.rows("SELECT late FROM axis") == [(0,), (0,)]
        assert store.catalog.rows("SELECT vals FROM metric_chunk WHERE metric = 1 AND n = 0") == [(bad,)]
        ((whole,),) = [
            store.catalog.rows("SELECT r.id FROM run r JOIN metric m ON m.run = r.number WHERE m.number = 2")
        ]
        assert len(store.series.points(whole[0], "loss").steps) == 500


def test_a_new_store_has_nothing_to_build(tmp_path: Path) -> None:
    """A store made by this version is never looked through for missing levels."""
    EmbeddedStore.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert not missing_levels.tidy(connection, 60.0)
