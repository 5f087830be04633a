"""The state of a run from what its writers said and what signs of life they give (invariants S7 and S8)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.store.journals import BEGAN, EARLIER_BOOT, ELSEWHERE, GONE, SECOND, Journal
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.liveness import Writer, ending_of, run_states, state_of
from trackrecord.words.states import RunState

MINUTE = 60 * SECOND
NOW = BEGAN + 60 * MINUTE
_SAY_WHO = """
import json, sys
from trackrecord.journal.process import this_process
print(json.dumps(this_process()), flush=True)
sys.stdin.read()
"""


def _writer(name: str = "w", role: str = "begin", **known: Any) -> Writer:
    fields = {
        "run": 1, "writer": name, "role": role, "state": None, "started": BEGAN, "ended": None,
        "last_time": BEGAN + MINUTE, "grown_at": NOW, "gone": False, "process": "{}",
    }  # fmt: skip
    return Writer(**{**fields, **known})


def _ended(name: str, role: str, state: str, at: int = BEGAN + 2 * MINUTE, **known: Any) -> Writer:
    return _writer(name, role, state=state, ended=at, **known)


def _state(*writers: Writer, gone: bool | None = None) -> RunState:
    return state_of(list(writers), NOW, lambda _: gone)


def test_silence_counts_by_the_readers_clock() -> None:
    """Running while it grows, silent after 2 minutes, crashed after 10 when nothing can be known of the process."""
    assert _state(_writer(grown_at=NOW - MINUTE)) == RunState.RUNNING
    assert _state(_writer(grown_at=NOW - 3 * MINUTE)) == RunState.SILENT
    assert _state(_writer(grown_at=NOW - 11 * MINUTE)) == RunState.CRASHED


def test_a_process_that_is_seen_decides() -> None:
    """Gone is crashed at once; one that is seen alive is never more than silent."""
    assert _state(_writer(), gone=True) == RunState.CRASHED
    assert _state(_writer(grown_at=NOW - 30 * MINUTE), gone=False) == RunState.SILENT


def test_the_run_ends_with_its_beginner_and_is_as_bad_as_its_worst_writer() -> None:
    """A joining writer that goes on does not keep the run from ending; one that failed or vanished shows."""
    done = _ended("a", "begin", "finished")
    assert ending_of([done]).state == "finished"
    assert ending_of([done, _ended("b", "join", "failed", exit_code=3)]).state == "failed"
    assert ending_of([done, _ended("b", "join", "failed", exit_code=3)]).exit_code == 3
    assert ending_of([done, _writer("b", "join")]).state == "finished"
    assert ending_of([done, _writer("b", "join", gone=True)]).state is None
    assert _state(done, _writer("b", "join", gone=True)) == RunState.CRASHED
    assert ending_of([_writer("a"), _ended("b", "join", "failed")]).state is None
    assert _state(_writer("a"), _ended("b", "join", "failed")) == RunState.RUNNING


def test_forked_children_do_not_count() -> None:
    """A worker made by fork() that was killed neither ends the run nor makes it crashed."""
    assert (
        ending_of([_ended("a", "begin", "finished"), _writer("b", "forked", gone=True)]).state == "finished"
    )
    assert _state(_writer("a"), _writer("b", "forked", gone=True)) == RunState.RUNNING


def test_a_resumed_run_lives_by_who_resumed_it() -> None:
    """A writer that starts after the beginner had ended, or was gone, carries the run: earlier ends count no more."""
    killed = _writer("a", gone=True)
    later = {"started": BEGAN + 5 * MINUTE}
    assert _state(killed, _writer("b", "join", **later)) == RunState.RUNNING
    assert (
        ending_of([killed, _ended("b", "join", "finished", BEGAN + 9 * MINUTE, **later)]).state == "finished"
    )
    again = _ended("b", "begin", "finished", BEGAN + 9 * MINUTE, **later)
    assert ending_of([killed, again]).state == "finished"
    assert ending_of([killed, _ended("c", "join", "failed"), again]).state == "finished"
    failed = _ended("a", "begin", "failed")
    assert _state(failed, _writer("b", "join", **later)) == RunState.RUNNING
    assert (
        ending_of([failed, _ended("b", "join", "finished", BEGAN + 9 * MINUTE, **later)]).state == "finished"
    )


def test_a_killed_process_makes_a_crashed_run(tmp_path: Path) -> None:
    """A real process: the run is running while it lives, crashed once it was killed, running again when resumed."""
    child = subprocess.Popen(
        [sys.executable, "-c", _SAY_WHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child, EmbeddedStore.open(tmp_path) as store:
        assert child.stdout is not None
        process = json.loads(child.stdout.readline())
        Journal("run1", 1, process=process).begin().log({"loss": 1.0}, 0).put(tmp_path)
        take_in(store)
        assert list(store.catalog.live_states().values()) == [RunState.RUNNING]
        child.kill()
        child.wait()
        assert list(store.catalog.live_states().values()) == [RunState.CRASHED]
        report = take_in(store)
        assert report.removed == 1
        assert list(store.catalog.live_states().values()) == [RunState.CRASHED]
        assert store.catalog.rows("SELECT ended_state FROM run") == [(None,)]
        Journal("run1", 2, process=ELSEWHERE, time=BEGAN + SECOND).begin("join").put(tmp_path)
        take_in(store)
        assert list(store.catalog.live_states().values()) == [RunState.RUNNING]


def test_another_boot_proves_nothing(tmp_path: Path) -> None:
    """Two machines of one name may share a folder: a writer of another boot keeps its journal, and may go on."""
    journal = Journal(process=EARLIER_BOOT).begin().log({"loss": 1.0}, 0)
    journal.put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        assert take_in(store).removed == 0
        assert list(store.catalog.live_states().values()) == [RunState.RUNNING]
        journal.log({"loss": 2.0}, 1).put(tmp_path)
        assert take_in(store).removed == 0
        assert store.series.points("run1", "loss").values.tolist() == [1.0, 2.0]
    assert len(list((tmp_path / "inbox").glob("*.journal"))) == 1


@pytest.mark.parametrize(
    ("quiet_s", "state"),
    [(119, RunState.RUNNING), (120, RunState.SILENT), (599, RunState.SILENT), (600, RunState.CRASHED)],
)
def test_silence_is_counted_in_minutes(quiet_s: int, state: RunState, tmp_path: Path) -> None:
    """A writer that can't be seen is silent after two minutes without growth and crashed after ten."""
    Journal(process=ELSEWHERE).begin().put(tmp_path)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        with store.connections.snapshot() as connection:
            (grown_at,) = connection.execute("SELECT grown_at FROM writer").fetchone()
            states = run_states(connection, grown_at + quiet_s * SECOND, store.inbox)
    assert list(states.values()) == [state]


@pytest.mark.parametrize("segments", [1, 2])
def test_what_is_not_taken_in_may_say_how_it_ended(segments: int, tmp_path: Path) -> None:
    """A process that has ended is not crashed while its journal, or the next one of it, was not read to its end."""
    with subprocess.Popen([sys.executable, "-c", _SAY_WHO], stdin=-1, stdout=-1, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        journal = Journal(process=json.loads(child.stdout.readline())).begin().log({"loss": 1.0}, 0)
        journal.put(tmp_path)
        with EmbeddedStore.open(tmp_path) as store:
            if segments == 2:
                journal.rotate().put_part(tmp_path, 0, len(journal.bytes(0)))
            take_in(store)
            child.stdin.close()
            child.wait()
            journal.finish().put(tmp_path)
            assert list(store.catalog.live_states().values()) == [RunState.RUNNING]
            with EmbeddedStore.open(tmp_path, read_only=True) as looking:
                assert list(looking.catalog.live_states().values()) == [RunState.RUNNING]
                with looking.catalog.columns.reading() as view:
                    assert list(view.live_states().values()) == [RunState.RUNNING]
            os.utime(journal.path(tmp_path, segments - 1), (BEGAN // SECOND, BEGAN // SECOND))
            with store.connections.snapshot() as connection:
                states = run_states(connection, time.time_ns() + 20 * MINUTE, store.inbox)
            assert list(states.values()) == [RunState.SILENT]
            take_in(store)
            assert store.catalog.rows("SELECT ended_state FROM run") == [("finished",)]


def test_what_was_taken_in_meanwhile_is_not_taken_for_a_crash(tmp_path: Path) -> None:
    """Whoever sees the store as it was before the last pass finds no journal any more, and does not say crashed."""
    Journal(process=GONE).begin().put_part(tmp_path, 0, 1 << 20)
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)  # read whole, of a process that is gone: removed
        assert list(store.catalog.live_states().values()) == [RunState.CRASHED]
        with store.connections.writing(1) as connection:
            connection.execute("UPDATE writer SET gone = 0")
        assert list(store.catalog.live_states().values()) == [RunState.RUNNING]
        store.inbox.rmdir()
        assert list(store.catalog.live_states().values()) == [RunState.CRASHED]


def test_a_journal_whose_rest_can_not_be_read_does_not_keep_a_run_alive(tmp_path: Path) -> None:
    """A writer of another machine that stopped in the midst of a record is crashed once its silence has lasted."""
    journal = Journal(process=ELSEWHERE).begin().log({"loss": 1.0}, 0)
    whole = len(journal.bytes())
    journal.log({"loss": 2.0}, 1).put_part(tmp_path, 0, whole + 5)
    os.utime(journal.path(tmp_path), (BEGAN // SECOND, BEGAN // SECOND))
    with EmbeddedStore.open(tmp_path) as store:
        take_in(store)
        take_in(store)
        with store.connections.snapshot() as connection:
            states = run_states(connection, time.time_ns() + 20 * MINUTE, store.inbox)
    assert list(states.values()) == [RunState.CRASHED]
