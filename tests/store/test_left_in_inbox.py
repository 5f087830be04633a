"""What stays in the inbox: segments of runs that were purged, of writers nothing is known of, and torn ones."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from tests.store.journals import EARLIER_BOOT, ELSEWHERE, GONE, Journal, curve
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake import segment_intake, upkeep
from trackrecord.store.intake.follow import Follower
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.intake.left_alone import LeftAlone


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of segments that were opened."""
    paths: list[str] = []

    def counting(path: str, *arguments: Any, **options: Any) -> Any:
        paths.append(path)
        return open(path, *arguments, **options)  # noqa: PTH123

    monkeypatch.setattr(segment_intake, "open", counting, raising=False)
    return paths


def _age(path: Path, seconds: float = 3600) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_is_taken_in_and_stays_is_not_opened_again(tmp_path: Path, opened: list[str]) -> None:
    """Segments of an earlier boot stay; later passes look at their size only, and write nothing."""
    whole = Journal("whole", 1, process=EARLIER_BOOT).begin().log({"loss": 1.0}, 0).put(tmp_path)
    torn = Journal("torn", 2, process=EARLIER_BOOT).begin().log({"loss": 1.0}, 0)
    torn.segments[0][-1] = torn.segments[0][-1][:-3]
    torn.put(tmp_path)
    headless = tmp_path / "inbox" / f"headless.{3:016x}.0.journal"
    headless.write_bytes(torn.bytes()[:30])
    for path in (whole.path(tmp_path), torn.path(tmp_path), headless):
        _age(path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        take_in(store)
        opened.clear()
        written = (tmp_path / "store.db-wal").stat()
        for _ in range(3):
            report = take_in(store)
            assert (report.problems, report.segments, report.changed) == ([], 0, False)
        assert opened == []
        assert (tmp_path / "store.db-wal").stat() == written
        # what grows again is taken in again
        with torn.path(tmp_path).open("ab") as file:
            file.write(torn.log({"loss": 2.0}, 1).bytes()[torn.path(tmp_path).stat().st_size :])
        take_in(store)
        assert opened == [str(torn.path(tmp_path))]


def test_a_torn_tail_is_given_up_once_its_writer_has_gone_on(tmp_path: Path) -> None:
    """A segment that rests with a torn tail is complete as soon as its writer has begun the next one."""
    journal = Journal("run1", 1).begin().log({"loss": 1.0}, 0).raw(b"\xa7\xf1TR torn")
    journal.put_part(tmp_path, 0, len(journal.bytes(0)))
    _age(journal.path(tmp_path, 0))
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        take_in(store)
        assert store.catalog.rows("SELECT damage FROM segment") == [(0,)]
        journal._open()
        journal.log({"loss": 2.0}, 1).put_part(tmp_path, 1, len(journal.bytes(1)))
        take_in(store)
        assert store.catalog.rows("SELECT n, damage FROM segment ORDER BY n") == [(0, 9), (1, 0)]


def test_segments_of_a_purged_run_are_never_taken_in(tmp_path: Path, opened: list[str]) -> None:
    """What comes of a purged run is dropped once its writer is done, with a line that says so, and else left alone."""
    closed, gone = curve("away", 1), Journal("away", 2, process=GONE).begin().log({"loss": 1.0}, 0)
    living = Journal("away", 3, process=ELSEWHERE).begin().log({"loss": 1.0}, 0)
    with EmbeddedStore.open(tmp_path) as store:
        with store.connections.writing(1.0) as connection:
            connection.execute("INSERT INTO tombstone (run, time, who) VALUES ('away', 1, 'ada')")
        for journal in (closed, gone, living, curve("stays", 4)):
            journal.put(tmp_path)
        _age(living.path(tmp_path))
        report = take_in(store)
        assert report.problems == []
        assert report.refused == [
            "the run away was purged: what was recorded of it since then was dropped; record under a new id"
        ]
        assert store.catalog.rows("SELECT id FROM run") == [("stays",)]
        assert list((tmp_path / "inbox").iterdir()) == [living.path(tmp_path)]
        opened.clear()
        again = take_in(store)
        assert (again.problems, again.refused) == ([], [])
        assert opened == []
        living.finish().put(tmp_path)
        assert "was purged" in take_in(store).refused[0]
        assert list((tmp_path / "inbox").iterdir()) == []
        assert store.catalog.rows("SELECT id FROM run") == [("stays",)]


def test_upkeep_is_done_when_nothing_is_left_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a pass that left nothing to do upkeep is called in a transaction of its own, by passes and followers."""
    calls: list[float] = []
    due = True

    def tidy(connection: sqlite3.Connection, budget_s: float) -> bool:
        assert connection.in_transaction
        assert connection.execute("SELECT count(*) FROM lease").fetchone() == (1,)
        calls.append(budget_s)
        return True

    monkeypatch.setattr(upkeep, "is_due", lambda _connection: due)
    monkeypatch.setattr(upkeep, "tidy", tidy)
    curve().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        report = take_in(store, wait_s=10.0)
        assert (report.problems, report.upkeep_left) == ([], True)
        assert calls == [0.1]
        assert store.catalog.rows("SELECT count(*) FROM lease") == [(0,)]
        follower = Follower(store, lambda _revision: None)
        follower.start()
        deadline = time.monotonic() + 20
        while len(calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)
        follower.stop()
        assert len(calls) >= 3
        due = False
        calls.clear()
        assert take_in(store, wait_s=10.0).problems == []
        assert calls == []


def test_damage_in_a_million_places_is_told_of_in_a_hundred(tmp_path: Path) -> None:
    """All damaged bytes are counted; only the first places of a segment are told one by one, however it is cut."""
    journal = Journal("run1", 1).begin()
    for step in range(150):
        journal.raw(b"damaged!").log({"loss": 1.0}, step)
    journal.finish()
    for place, cuts in (("whole", [1]), ("pieces", [3, 2, 1])):
        with EmbeddedStore.open(tmp_path / place) as store:
            for part in cuts:
                journal.put_part(tmp_path / place, 0, len(journal.bytes()) // part)
                assert take_in(store).problems == []
            messages = store.catalog.rows(
                "SELECT message FROM problem WHERE code = 'damage' ORDER BY message"
            )
            assert len(messages) == 100
            assert store.catalog.rows("SELECT damage FROM segment") == [(150 * 8,)]
            assert store.catalog.rows("SELECT points, problems FROM run") == [(150, 100)]
            if place == "whole":
                whole = messages
    assert messages == whole


def test_what_can_not_be_read_is_opened_once(tmp_path: Path, opened: list[str]) -> None:
    """Who takes in continually opens a file of a newer format, or of none, once, and goes on to say what is wrong."""
    inbox = tmp_path / "inbox"
    curve("whole", 1).put(tmp_path)
    newer = Journal("newer", 2).begin().unknown(99, skippable=False).put(tmp_path).path(tmp_path)
    foreign = inbox / f"foreign.{3:016x}.0.journal"
    foreign.write_bytes(b"no journal at all" * 10)
    about = Journal("-", 4, process=GONE).unknown(99, skippable=False).close().put(tmp_path).path(tmp_path)
    left_alone = LeftAlone()
    with EmbeddedStore.open(tmp_path) as store:
        first = take_in(store, left_alone=left_alone).problems
        assert len(first) == 3
        opened.clear()
        again = take_in(store, left_alone=left_alone)
        assert (sorted(again.problems), again.segments, opened) == (sorted(first), 0, [])
        # another process, perhaps of a newer version, looks for itself
        assert sorted(take_in(store).problems) == sorted(first)
        assert {str(newer), str(foreign), str(about)} <= set(opened)
        # what has changed is looked at again
        foreign.write_bytes(curve("foreign", 3).bytes())
        assert len(take_in(store, left_alone=left_alone).problems) == 2
        assert store.catalog.rows("SELECT count(*) FROM run WHERE id = 'foreign'") == [(1,)]
