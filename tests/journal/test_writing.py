"""The writer: segments, columns, disks that take nothing, folders that go away, signals in the middle."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.recorded import Inbox
from trackrecord.journal import column_sets, recovery
from trackrecord.journal import writer as writer_module
from trackrecord.journal.format import Kind, encode_record, encode_structural
from trackrecord.journal.place import make_store
from trackrecord.journal.writer import JournalWriter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An empty store."""
    make_store(tmp_path / "store")
    return tmp_path / "store"


def _writer(store: Path) -> JournalWriter:
    return JournalWriter(str(store / "inbox"), "run1", "00ff00ff00ff00ff", project="p", made_by="test")


def _log(writer: JournalWriter, step: int, key: str = "x") -> None:
    writer.append_row({key: float(step)}, step, step)


def _end(writer: JournalWriter) -> None:
    writer.close()
    writer.tend()


class Disk:
    """Stands before ``os.write`` and lets only so many bytes through, as a disk does that fills up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.room: int | None = None
        real = os.write

        def write(file: int, data: bytes) -> int:
            if self.room is None:
                return real(file, data)
            if self.room == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            part = data[: self.room]
            self.room -= len(part)
            return real(file, part)

        monkeypatch.setattr(os, "write", write)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that the test can fill."""
    return Disk(monkeypatch)


def test_nothing_is_made_before_the_first_record(store: Path) -> None:
    """A writer that is never used leaves no file."""
    writer = _writer(store)
    _end(writer)
    assert list((store / "inbox").iterdir()) == []


def test_each_segment_stands_for_itself(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full segment is closed and says that another follows, which declares its columns anew."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 1000)
    writer = _writer(store)
    for step in range(100):
        _log(writer, step, "x" if step % 2 else "y")
    _end(writer)
    found = Inbox(store)
    assert [segment.name.n for segment in found.segments] == list(range(len(found.segments)))
    assert len(found.segments) > 5
    closes = found.records(Kind.CLOSE)
    assert [close["next"] for close in closes] == [True] * (len(closes) - 1) + [False]
    assert len(closes) == len(found.segments)
    heads = found.records(Kind.SEGMENT)
    assert [(head["n"], head["run"], head["project"]) for head in heads] == [
        (n, "run1", "p") for n in range(len(heads))
    ]
    assert all(head["process"]["pid"] == os.getpid() for head in heads)
    assert found.damage == 0
    assert sorted(found.points("x") + found.points("y")) == [(step, step) for step in range(100)]


@pytest.mark.parametrize("size", range(400, 1600, 8))
def test_a_promised_segment_always_follows(store: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Wherever the limit falls, the last segment and only the last says that none follows."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", size)
    writer = _writer(store)
    for step in range(12):
        _log(writer, step)
    writer.append_structural(Kind.FINISH, {"state": "finished"})
    _end(writer)
    closes = Inbox(store).records(Kind.CLOSE)
    assert [close["next"] for close in closes] == [True] * (len(Inbox(store).segments) - 1) + [False]


@pytest.mark.parametrize("room", [0, 1, 16, 47, 48, 500])
def test_a_full_disk_loses_nothing_and_raises_nothing(store: Path, disk: Disk, room: int) -> None:
    """What a full disk does not take waits in memory; torn bytes are never written behind; a new segment begins."""
    writer = _writer(store)
    _log(writer, 0)
    disk.room = room
    for step in range(1, 30):
        _log(writer, step, "x" if step % 3 else "y")
    assert writer.trouble is not None
    assert writer.backlog() > 0
    before = {path: path.read_bytes() for path in (store / "inbox").iterdir()}
    writer.tend()  # the disk is still full: nothing is gained, nothing lost
    disk.room = None
    writer.tend()
    assert (writer.backlog(), writer.lost) == (0, 0)
    for step in range(30, 40):
        _log(writer, step)
    _end(writer)
    for path, content in before.items():
        assert path.read_bytes() == content
    found = Inbox(store)
    assert sorted(found.points("x") + found.points("y")) == [(step, step) for step in range(40)]


def test_a_disk_that_fills_again_while_it_is_caught_up(store: Path, disk: Disk) -> None:
    """What waits is written in several goes, in order, when the disk fills up again in between."""
    writer = _writer(store)
    disk.room = 0
    for step in range(200):
        _log(writer, step, "x")
    while writer.backlog():
        disk.room = 1500
        writer.tend()
    disk.room = None
    _end(writer)
    assert Inbox(store).points("x") == [(step, step) for step in range(200)]


def test_a_backlog_of_several_segments_keeps_its_columns(
    store: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that waited can be read although the segments they went to began while they were written."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 1000)
    writer = _writer(store)
    disk.room = 0
    for step in range(200):
        _log(writer, step, "x" if step % 2 else "y")
    disk.room = None
    writer.tend()
    _end(writer)
    found = Inbox(store)
    assert len(found.segments) > 5
    assert sorted(found.points("x") + found.points("y")) == [(step, step) for step in range(200)]


def test_what_is_beyond_the_backlog_is_counted(
    store: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded: later rows are counted as lost, while the end of the run still gets through."""
    monkeypatch.setattr(recovery, "LARGEST_BACKLOG", 2000)
    writer = _writer(store)
    disk.room = 0
    for step in range(200):
        _log(writer, step)
    writer.append_structural(Kind.FINISH, {"state": "finished"})
    writer.close()
    assert writer.lost > 100
    disk.room = None
    writer.tend()
    found = Inbox(store)
    kept = found.points("x")
    assert kept == [(step, step) for step in range(len(kept))]
    assert len(kept) + writer.lost == 200
    assert found.state == "finished"
    assert found.records(Kind.CLOSE) != []


def test_a_real_file_size_limit_is_no_exception(store: Path) -> None:
    """The system's own short writes, at a limit on file sizes, tear at most one record of each segment."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = _writer(store)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2001, before[1]))
        for step in range(300):
            _log(writer, step)
            if writer.trouble is not None:
                writer.tend()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    writer.tend()
    _end(writer)
    assert Inbox(store).points("x") == [(step, step) for step in range(300)]
    assert writer.lost == 0


def test_a_removed_inbox_loses_nothing(store: Path) -> None:
    """When somebody deletes the store under a live run, the run makes it again and puts back what it had written."""
    writer = _writer(store)
    for step in range(5):
        _log(writer, step)
    shutil.rmtree(store)
    for step in range(5, 10):
        _log(writer, step)
    writer.tend()
    for step in range(10, 15):
        _log(writer, step)
    _end(writer)
    assert (store / "store.json").exists()
    assert sorted(Inbox(store).points("x")) == [(step, step) for step in range(15)]


def test_an_inbox_removed_just_before_the_end_loses_nothing(store: Path) -> None:
    """A run that ends before anybody noticed that its store is gone is put back whole."""
    writer = _writer(store)
    for step in range(5):
        _log(writer, step)
    shutil.rmtree(store)
    _log(writer, 5)
    _end(writer)
    assert Inbox(store).points("x") == [(step, step) for step in range(6)]


def test_a_removed_inbox_between_segments_is_made_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is gone just when the next segment is due costs nothing either."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 100)
    writer = _writer(store)
    _log(writer, 0)
    assert writer.path == ""
    shutil.rmtree(store)
    _log(writer, 1)
    writer.tend()
    _end(writer)
    assert Inbox(store).points("x") == [(1, 1)]


def test_a_moved_journal_is_left_where_it_is(store: Path) -> None:
    """A file that was moved away keeps what it has; the writer goes on in a new one in the old place."""
    writer = _writer(store)
    _log(writer, 0)
    moved = store.parent / "elsewhere.journal"
    Path(writer.path).rename(moved)
    writer.tend()
    _log(writer, 1)
    _end(writer)
    assert Inbox(store).points("x") == [(1, 1)]
    assert moved.stat().st_size > 0


def test_misfits_write_nothing(store: Path) -> None:
    """A call whose values are no numbers, or whose names can't be kept, leaves the journal as it was."""
    writer = _writer(store)
    _log(writer, 0)
    size = Path(writer.path).stat().st_size
    misfits: list[dict[Any, Any]] = [
        {"x": "abc"},
        {"x": None},
        {"x": 10**400},
        {3: 1.0},
        {"": 1.0},
        {"a" * 2000: 1.0},
        {"\ud800": 1.0},
    ]
    for values in misfits:
        with pytest.raises(Exception):  # noqa: B017, PT011 - what it is depends on the value
            writer.append_row(values, 1, 1)
    with pytest.raises(Exception):  # noqa: B017, PT011
        writer.append_row({"x": 1.0}, 2**63, 1)
    assert Path(writer.path).stat().st_size == size


def test_forgotten_columns_are_declared_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More sets of columns than are remembered change nothing about what is read."""
    monkeypatch.setattr(column_sets, "MOST_COLUMN_SETS", 5)
    writer = _writer(store)
    for step in range(60):
        _log(writer, step, f"metric {step % 12}")
    _end(writer)
    found = Inbox(store)
    points = sorted(point for number in range(12) for point in found.points(f"metric {number}"))
    assert points == [(step, step) for step in range(60)]


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no interval timer")
def test_a_signal_handler_may_write_at_any_moment(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that a handler writes in the middle of other rows are kept, new columns and full segments included."""
    monkeypatch.setattr(writer_module, "SEGMENT_BYTES", 3000)
    writer = _writer(store)
    counter = itertools.count()

    def handle(*_: object) -> None:
        number = next(counter)  # another signal may come while this one is handled
        _log(writer, number, f"from handler {number % 5}")

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for step in range(20_000):
            _log(writer, step, f"x{step % 3}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    _end(writer)
    found = Inbox(store)
    steps = [step for number in range(3) for step, _ in found.points(f"x{number}")]
    assert sorted(steps) == list(range(20_000))
    handled = next(counter)
    assert handled > 0
    from_handler = [step for number in range(5) for step, _ in found.points(f"from handler {number}")]
    assert sorted(from_handler) == list(range(handled))
    assert found.damage == 0
    assert writer.lost == 0


def _inside(
    store: Path, monkeypatch: pytest.MonkeyPatch, moment: str, act: Callable[[JournalWriter], None]
) -> Inbox:
    """Let ``act`` run inside of a row's append, as a signal handler does: at its write, or while a file is opened."""
    writer = _writer(store)
    if moment == "write":
        _log(writer, 0)
    armed = [True]
    real = getattr(os, moment)

    def interrupted(*arguments: Any) -> Any:
        if armed.pop() if armed else False:
            act(writer)
        return real(*arguments)

    monkeypatch.setattr(os, moment, interrupted)
    _log(writer, 1)
    monkeypatch.setattr(os, moment, real)
    _log(writer, 2)
    _end(writer)
    return Inbox(store)


@pytest.mark.parametrize("moment", ["write", "open"])
def test_an_append_inside_of_an_append_is_kept(
    store: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """What a handler writes while a row is being written, or a file opened for it, is kept, and so is the row."""

    def act(writer: JournalWriter) -> None:
        _log(writer, 7, "handler")
        writer.append_structural(Kind.HEARTBEAT, {})

    found = _inside(store, monkeypatch, moment, act)
    assert found.points("handler") == [(7, 7)]
    assert len(found.records(Kind.HEARTBEAT)) == 1
    assert [step for step, _ in found.points("x")] == ([0, 1, 2] if moment == "write" else [1, 2])


def test_other_records_are_whole_or_not_there(store: Path) -> None:
    """Several records handed over in one piece are all found."""
    writer = _writer(store)
    writer.append(
        encode_structural(Kind.HEARTBEAT, {"t": 1})
        + encode_record(200, b"x", 1)
        + encode_structural(Kind.HEARTBEAT, {"t": 2})
    )
    _end(writer)
    assert [fields["t"] for fields in Inbox(store).records(Kind.HEARTBEAT)] == [1, 2]
