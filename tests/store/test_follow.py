"""The follower: what a run logs is in the store soon, and whoever asked is told."""

from __future__ import annotations

import queue
from pathlib import Path

from tests.store.journals import Journal, curve
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.follow import Follower
from trackrecord.store.intake.ingest import take_in


def test_changes_are_told_as_they_come(tmp_path: Path) -> None:
    """Growth of the inbox, and what another process takes in, is told with its revision; then the thread ends."""
    told: queue.Queue[int] = queue.Queue()
    with EmbeddedStore.open(tmp_path) as store, EmbeddedStore.open(tmp_path) as other:
        follower = Follower(store, on_change=told.put)
        journal = Journal().begin().log({"loss": 1.0}, 0)
        journal.put(tmp_path)
        follower.start()
        first = told.get(timeout=30)
        assert store.catalog.rows("SELECT points FROM run") == [(1,)]
        journal.log({"loss": 2.0}, 1).put(tmp_path)
        second = told.get(timeout=30)
        assert second > first
        assert store.catalog.rows("SELECT points FROM run") == [(2,)]
        curve("run2", 2).put(tmp_path)
        take_in(other, wait_s=5.0)
        assert told.get(timeout=30) > second
        follower.stop()
        assert follower.report.problem is None


def test_stopping_without_starting_is_no_error(tmp_path: Path) -> None:
    """A follower that was never started can be stopped."""
    with EmbeddedStore.open(tmp_path) as store:
        Follower(store, on_change=print).stop()
