"""A great inbox is taken in with the newest runs first, and artifacts are numbered oldest first all the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.store.journals import BEGAN, SECOND, Journal, curve
from tests.store.many_runs import fill_inbox, run_id
from trackrecord.journal.format import Kind
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.inbox import waiting_names
from trackrecord.store.intake.ingest import take_in


def test_the_newest_runs_are_there_first(tmp_path: Path) -> None:
    """After a part of a pass it is the newest runs that are in the store."""
    fill_inbox(tmp_path, 50)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store, limit=20_000)
        there = {run for (run,) in store.catalog.rows("SELECT id FROM run")}
        assert 0 < len(there) < 50
        assert there == {run_id(number) for number in range(50 - len(there), 50)}
        told: list[tuple[int, int]] = []
        assert take_in(store, on_progress=lambda done, total: told.append((done, total))).problems == []
        assert store.catalog.rows("SELECT count(*) FROM run") == [(50,)]
        assert told[0] == (0, 50 - len(there))
        assert told[-1] == (50 - len(there), 50 - len(there))


def test_runs_whose_id_tells_no_time_go_by_their_files(tmp_path: Path) -> None:
    """Of runs with other ids the one whose file changed last comes first; what is about no run comes before all."""
    for number, name in enumerate(("oldest", "newest", "middle")):
        journal = curve(name, 1 + number).put(tmp_path)
        seconds = {"oldest": 1, "middle": 2, "newest": 3}[name] + BEGAN // SECOND
        os.utime(journal.path(tmp_path), (seconds, seconds))
    Journal("-", 9).close().put(tmp_path)
    assert [name.run for name in waiting_names(tmp_path / "inbox")] == ["-", "newest", "middle", "oldest"]


def test_versions_follow_time_although_new_runs_come_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Artifacts that wait together are numbered in the order of being logged, in however many transactions."""
    monkeypatch.setattr("trackrecord.store.intake.ingest._GROUP_BYTES", 1)  # a transaction for each segment
    for number in range(6):
        journal = Journal(run_id(number), 1 + number, time=BEGAN + number * SECOND).begin()
        journal.say(
            Kind.ARTIFACT, name="model", kind="model", digest=f"sha256:{number:064x}", size=1, files=[]
        )
        journal.finish().put(tmp_path)
    fill_inbox(tmp_path, 3, first=10)
    with EmbeddedStore.open(tmp_path) as store:
        report = take_in(store)
        assert (report.problems, report.removed) == ([], 9)
        versions = store.catalog.rows("SELECT version, digest FROM artifact ORDER BY version")
        assert versions == [(1 + number, f"sha256:{number:064x}") for number in range(6)]


def test_one_bad_segment_among_many_keeps_nobody_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A segment that can't be taken in is named and waits; all others are taken in by the same pass."""
    from trackrecord.store.intake.apply import Application

    fill_inbox(tmp_path, 40)
    take = Application.take_short_run

    def failing(self: Application, name: object, *rest: object, **options: object) -> object:
        if getattr(name, "run", "") in (run_id(7), run_id(23)):
            raise ValueError("as a defect of ours would")
        return take(self, name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Application, "take_short_run", failing)
    with EmbeddedStore.open(tmp_path) as store:
        report = take_in(store)
        assert len(report.problems) == 2
        assert all("was not taken in: as a defect of ours would" in problem for problem in report.problems)
        assert store.catalog.rows("SELECT count(*) FROM run") == [(38,)]
        assert len(list((tmp_path / "inbox").iterdir())) == 2
        monkeypatch.undo()
        assert take_in(store).problems == []
        assert store.catalog.rows("SELECT count(*) FROM run") == [(40,)]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_thousand_runs_are_taken_in(tmp_path: Path) -> None:
    """100,000 finished runs that nobody has looked at: all of them, in memory that does not grow with their number."""
    import resource

    fill_inbox(tmp_path, 100_000)
    told = []
    with EmbeddedStore.open(tmp_path) as store:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        report = take_in(store, on_progress=lambda done, total: told.append((done, total)))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert (report.problems, report.segments, report.removed) == ([], 100_000, 100_000)
        assert store.catalog.rows("SELECT count(*), sum(points) FROM run") == [(100_000, 9_000_000)]
        assert store.catalog.rows("SELECT count(*) FROM metric") == [(300_000,)]
        assert store.catalog.rows("SELECT count(*) FROM param") == [(1_000_000,)]
        assert list((tmp_path / "inbox").iterdir()) == []
        assert told[-1] == (100_000, 100_000)
        assert grown < 300 << 10  # in KiB
        assert store.series.points(run_id(31), "val/loss").steps.tolist() == list(range(30))
