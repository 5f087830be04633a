"""The state of a run from what its writers said and what signs of life they give (invariants S7 and S8)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.store.journals import BEGAN, EARLIER_BOOT, ELSEWHERE, SECOND, Journal
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.intake.ingest import take_in
from trackrecord.store.liveness import Writer, ending_of, run_states, state_of
from trackrecord.words.states import RunState

MINUTE = 60 * SECOND
NOW = BEGAN + 60 * MINUTE


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
    program = "import sys; from trackrecord.journal.process import this_process; import json; "
    program += "print(json.dumps(this_process()), flush=True); sys.stdin.read()"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    import json

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
            states = run_states(connection, grown_at + quiet_s * SECOND)
    assert list(states.values()) == [state]
