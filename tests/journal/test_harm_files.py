"""What others do to the file of an open journal, and disks that take nothing just then."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import Inbox
from trackrecord.journal import column_sets, files
from trackrecord.journal import writer as writer_module
from trackrecord.journal.format import Kind, encode_structural
from trackrecord.journal.place import make_store
from trackrecord.journal.writer import JournalWriter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An empty store."""
    make_store(tmp_path / "store")
    return tmp_path / "store"


def _writer(store: Path) -> JournalWriter:
    return JournalWriter(str(store / "inbox"), "run1", "00ff00ff00ff00ff", project="p", made_by="test")


def _log(writer: JournalWriter, first: int, last: int) -> None:
    for step in range(first, last):
        writer.append_row({"x": float(step)}, step, step)


def _end(writer: JournalWriter) -> None:
    writer.close()
    writer.tend()


def _steps(store: Path) -> list[int]:
    return sorted(int(step) for step, _ in Inbox(store).points("x"))


def test_a_journal_emptied_by_somebody_keeps_what_comes_after(store: Path) -> None:
    """What is logged after the file was cut to nothing is kept, before and after that is noticed."""
    writer = _writer(store)
    _log(writer, 0, 10)
    os.truncate(writer.path, 0)
    _log(writer, 10, 15)
    writer.append_structural(Kind.HEARTBEAT, {})
    writer.tend()
    _log(writer, 15, 20)
    _end(writer)
    found = Inbox(store)
    assert _steps(store) == list(range(10, 20))
    assert len(found.records(Kind.HEARTBEAT)) == 1
    assert writer.damaged == 1
    assert writer.lost == 0


def test_a_journal_cut_in_the_middle_is_left_for_a_new_segment(store: Path) -> None:
    """Rows after a cut are never lost to the torn record before them."""
    writer = _writer(store)
    _log(writer, 0, 10)
    os.truncate(writer.path, Path(writer.path).stat().st_size - 20)
    _log(writer, 10, 12)
    writer.tend()
    _log(writer, 12, 20)
    _end(writer)
    found = Inbox(store)
    assert _steps(store) == [*range(9), *range(10, 20)]
    assert len(found.segments) == 2
    assert (writer.damaged, found.damage) == (1, 1)


def test_a_deleted_file_waits_for_room_to_be_put_back(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full just when a deleted journal is to be written again, it is tried until it succeeds."""
    writer = _writer(store)
    _log(writer, 0, 1000)
    shutil.rmtree(store)
    real, full = os.write, True

    def write(file: int, data: bytes) -> int:
        if full:
            real(file, data[:100])
            return 100
        return real(file, data)

    monkeypatch.setattr(os, "write", write)
    for _ in range(3):
        writer.tend()
    assert writer.trouble is not None
    _log(writer, 1000, 1010)
    full = False
    writer.tend()
    writer.tend()
    _end(writer)
    assert writer.trouble is None
    assert _steps(store) == list(range(1010))
    assert Inbox(store).damage == 0


def test_an_inbox_that_may_not_be_written_to_for_a_while(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where new segments are refused, points wait in memory, in order, and no file but the open one is touched."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 2000)
    real, allowed = os.open, False

    def refusing(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if not allowed and flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, flags, *rest, **more)

    writer = _writer(store)
    _log(writer, 0, 5)
    monkeypatch.setattr(os, "open", refusing)
    _log(writer, 5, 500)
    writer.tend()
    assert len(Inbox(store).segments) == 1
    assert isinstance(writer.trouble, PermissionError)
    allowed = True
    writer.tend()
    _end(writer)
    assert [step for step, _ in Inbox(store).points("x")] == list(range(500))


def test_old_segments_are_given_up(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that logs little leaves its segment after a day, closed, with the word that another one follows."""
    writer = _writer(store)
    _log(writer, 0, 3)
    writer.tend()
    day_later = time.monotonic() + writer_module.SEGMENT_AGE_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: day_later)
    writer.tend()
    assert writer.path == ""
    writer.tend()
    assert len(Inbox(store).segments) == 1
    _log(writer, 3, 6)
    writer.tend()
    _end(writer)
    found = Inbox(store)
    assert [step for step, _ in found.points("x")] == list(range(6))
    assert [record["next"] for record in found.records(Kind.CLOSE)] == [True, False]


def test_what_moves_to_another_inbox_says_what_the_run_is(store: Path, tmp_path: Path) -> None:
    """The first segment elsewhere begins with the introduction; the first inbox is not touched any more."""
    make_store(tmp_path / "other")
    writer = _writer(store)
    begin = encode_structural(Kind.BEGIN, {"t": 1, "role": "begin", "project": "p", "name": "me"})
    writer.append(begin)
    _log(writer, 0, 5)
    writer.move_to(str(tmp_path / "other" / "inbox"), begin)
    _log(writer, 5, 8)
    _end(writer)
    first, second = Inbox(store), Inbox(tmp_path / "other")
    assert [step for step, _ in first.points("x")] == list(range(5))
    assert [step for step, _ in second.points("x")] == list(range(5, 8))
    assert first.records(Kind.BEGIN) == second.records(Kind.BEGIN)
    assert second.segments[0].name.n == 1


def test_a_parked_journal_goes_on_in_its_file(store: Path) -> None:
    """A writer that closed its file for the time being opens the same one again; one that is gone is replaced."""
    writer = _writer(store)
    _log(writer, 0, 3)
    writer.park()
    assert writer.path == ""
    writer.tend()
    _log(writer, 3, 5)
    writer.park()
    assert len(Inbox(store).segments) == 1
    (path,) = (store / "inbox").iterdir()
    path.rename(store / "moved")
    _log(writer, 5, 7)
    _end(writer)
    assert _steps(store) == [5, 6]
    (store / "moved").rename(path)
    assert _steps(store) == list(range(7))


def test_names_made_up_for_ever_do_not_fill_the_memory(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets of very many names are forgotten early, and what is read stays the same."""
    monkeypatch.setattr(column_sets, "MOST_NAMES", 50)
    writer = _writer(store)
    for turn in range(40):
        writer.append_row({f"{turn % 7}/{number}": float(turn) for number in range(10)}, turn, turn)
    _end(writer)
    assert writer._columns._names <= 60
    found = Inbox(store)
    for number in range(7):
        assert [value for _, value in found.points(f"{number}/3")] == list(range(number, 40, 7))


def test_a_clock_that_jumps_changes_no_order(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times go into the journal as the clock said them, back and forth; nothing waits for them."""
    writer = _writer(store)
    times = [10**18, 10**18 + 10**15, 10**17, 5, -(10**17), 10**18]
    monkeypatch.setattr(time, "time_ns", lambda: times[0])
    for step, moment in enumerate(times):
        writer.append_row({"x": float(step)}, step, moment)
        writer.append_structural(Kind.HEARTBEAT, {})
        writer.tend()
    _end(writer)
    found = Inbox(store)
    assert [step for step, _ in found.points("x")] == list(range(6))
    assert [moment for rows in found.rows() for moment in rows.times.tolist()] == times


def test_what_cannot_be_written_again_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted file is put back whole or not at all."""
    path = tmp_path / "file"
    file = os.open(path, files.OPEN_FLAGS)
    os.write(file, b"content")
    path.unlink()
    monkeypatch.setattr(os, "write", lambda _file, _data: 3)
    with pytest.raises(OSError, match="short"):
        files.write_again(file, str(path))
    assert not path.exists()
    monkeypatch.undo()
    files.write_again(file, str(path))
    os.close(file)
    assert path.read_bytes() == b"content"
