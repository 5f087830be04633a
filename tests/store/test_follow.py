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


def test_a_link_that_leads_nowhere_does_not_end_the_following(tmp_path: Path) -> None:
    """A link in the inbox that leads round in a circle keeps no journal from being taken in."""
    told: queue.Queue[int] = queue.Queue()
    curve("run1", 1, 20).put(tmp_path)
    circle = Journal("run2", 2).path(tmp_path)
    circle.symlink_to(circle.name)
    with EmbeddedStore.open(tmp_path) as store:
        follower = Follower(store, told.put)
        follower.start()
        try:
            told.get(timeout=30)
            curve("run3", 3, 20).put(tmp_path)
            told.get(timeout=30)
        finally:
            follower.stop()
        assert len(store.catalog.rows("SELECT id FROM run")) == 2
