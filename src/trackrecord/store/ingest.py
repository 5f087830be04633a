"""The ingester: takes what waits in the inbox into the database, once and only once, however often it is killed.

Progress is committed in the same transaction as the data. A segment is removed only after that, and only when its
writer closed it or is proven to be gone (invariants J6 and J7).
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from trackrecord.journal.bulk import Batch, read_batch
from trackrecord.journal.format import FILE_HEADER, Kind
from trackrecord.journal.process import is_gone
from trackrecord.journal.reader import Record, check_file_header, scan
from trackrecord.journal.segments import NO_RUN
from trackrecord.store.apply import Application, Progress, progress_of
from trackrecord.store.embedded import EmbeddedStore
from trackrecord.store.inbox import Segment, find_segments
from trackrecord.store.lease import Lease
from trackrecord.store.liveness import process_of
from trackrecord.words.errors import FormatError, StoreError

#: a transaction ends after so many bytes or nanoseconds, so that others see what is there and a kill loses little
_GROUP_BYTES = 32 << 20
_GROUP_NS = 500_000_000
#: a segment that its writer has gone on from, and that has not grown for so long, grows no more
_GIVEN_UP_AFTER_NS = 30 * 10**9
#: no write of one record takes so long: a tail that has not grown meanwhile is looked at with suspicion
_QUIET_AFTER_NS = 5 * 10**9


@dataclass(slots=True)
class IngestReport:
    """What one pass did. ``problem`` is a sentence when the inbox could not be taken in; ``problems`` tells all."""

    segments: int = 0
    bytes: int = 0
    removed: int = 0
    revision: int | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def problem(self) -> str | None:
        """The first problem, or None."""
        return self.problems[0] if self.problems else None

    @property
    def changed(self) -> bool:
        """Whether views would show anything new."""
        return self.revision is not None


def take_in(
    store: EmbeddedStore,
    *,
    wait_s: float = 0.2,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> IngestReport:
    """Take in what waits in the inbox of ``store``, at most about ``limit`` bytes of it.

    ``on_progress`` is told how many of how many segments are done: at the beginning and after each transaction,
    never within one.
    Waits at most ``wait_s`` seconds for another ingester. Never raises for a store that is locked, read-only or full,
    nor for a journal that can't be read: the report says so, and what waits goes on waiting.

    ::

        report = take_in(store)
        if report.problem:
            print(report.problem)
    """
    report = IngestReport()
    try:
        _Pass(store, report, wait_s, limit).run(on_progress or _say_nothing)
    except (StoreError, sqlite3.Error, OSError) as error:
        report.problems.insert(0, str(error))
    return report


def _say_nothing(_done: int, _total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Life:
    """Whether a writer's process is proven to have ended, and whether that is news to the store."""

    gone: bool
    news: bool


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is new in a segment, read and understood."""

    batch: Batch
    life: _Life


class _Pass:
    """One pass over the inbox."""

    def __init__(self, store: EmbeddedStore, report: IngestReport, wait_s: float, limit: int | None) -> None:
        self._store = store
        self._report = report
        self._deadline = time.monotonic() + wait_s
        self._limit = limit
        self._lease = Lease()
        #: taken in completely by the present transaction, never to grow again
        self._complete: list[str] = []

    def run(self, on_progress: Callable[[int, int], None]) -> None:
        waiting = deque(self._work())
        if not waiting:
            return
        if self._store.read_only and not self._store.connections.can_write_again():
            self._report.problems.append(
                f"the store {self._store.path} is read-only or its disk is full: its inbox waits"
            )
            return
        one_by_one, total = 0, len(waiting)
        on_progress(0, total)
        while waiting and (self._limit is None or self._report.bytes < self._limit):
            group = deque(waiting)
            try:
                got_it = self._take_group(group, most=1 if one_by_one else None)
            except (FormatError, ValueError, TypeError, sqlite3.IntegrityError) as error:
                # one bad segment must not keep the others out
                if one_by_one:
                    bad = waiting.popleft()
                    self._report.problems.append(f"{bad.path} was not taken in: {error}")
                else:
                    one_by_one = len(waiting)
                continue
            if not got_it:
                if time.monotonic() >= self._deadline:
                    self._report.problems.append("another process is taking in the inbox at this moment")
                    return
                time.sleep(0.01)
                continue
            waiting = group
            one_by_one = max(0, one_by_one - 1)
            self._remove_complete()
            on_progress(total - len(waiting), total)

    def _work(self) -> list[Segment]:
        """Return the segments that have grown, or that can be removed."""
        segments = find_segments(self._store.inbox)
        if not segments:
            return []
        with self._store.connections.snapshot() as connection:
            return [segment for segment in segments if self._needs_a_look(connection, segment)]

    @staticmethod
    def _needs_a_look(connection: sqlite3.Connection, segment: Segment) -> bool:
        before = progress_of(connection, segment.name)
        if segment.size > before.taken or before.closed:
            return True
        return _life_of_writer(connection, segment).gone

    def _take_group(self, waiting: deque[Segment], most: int | None) -> bool:
        """Take in the first segments of ``waiting`` in one transaction, and remove them from it.

        False when another ingester holds the lease.
        """
        self._complete = []
        started, size, count = time.monotonic_ns(), 0, 0
        with self._store.connections.writing(max(0.0, self._deadline - time.monotonic())) as connection:
            if not self._lease.take(connection):
                return False
            application = Application(connection, self._store.blobs.folder, time.time_ns())
            while waiting and size < _GROUP_BYTES and time.monotonic_ns() - started < _GROUP_NS:
                if count == most or (self._limit is not None and self._report.bytes + size >= self._limit):
                    break
                size += self._take_segment(connection, application, waiting[0])
                waiting.popleft()
                count += 1
            revision = application.finish()
            if not waiting or self._limit is not None:
                self._lease.give_back(connection)
        self._report.segments += count
        self._report.bytes += size
        self._report.revision = self._report.revision if revision is None else revision
        # progress was made, so the next group may wait as long again
        self._deadline = max(self._deadline, time.monotonic() + 0.05)
        return True

    def _take_segment(
        self, connection: sqlite3.Connection, application: Application, segment: Segment
    ) -> int:
        """Take in what is new in one segment; return how many bytes that was."""
        before = progress_of(connection, segment.name)
        try:
            if segment.name.run == NO_RUN:
                return self._take_about_project(application, segment)
            piece = self._read(connection, segment, before)
        except FileNotFoundError:
            return 0  # another ingester has taken it in and removed it
        except FormatError as error:
            self._report.problems.append(f"{segment.path} was left alone: {error.message}")
            return 0
        except OSError as error:
            # a file of somebody else that may not be read must not keep the others out
            self._report.problems.append(f"{segment.path} can't be read: {error.strerror or error}")
            return 0
        if piece is None:
            # killed between making the file and writing its first record; looked at in this order, so that what a
            # process wrote before it ended is never overlooked
            if _life_of_writer(connection, segment).gone and os.path.getsize(segment.path) == 0:  # noqa: PTH202
                self._complete.append(segment.path)
            return 0
        batch = piece.batch
        after = before
        if batch.end > before.taken or piece.life.news:
            known_before = before.taken > 0
            grown_at = application.tx.now if known_before else min(segment.changed, application.tx.now)
            if batch.end == before.taken:
                grown_at = 0
            after = application.take(segment.name, batch, before, grown_at=grown_at, gone=piece.life.gone)
        if batch.not_understood is not None:
            self._report.problems.append(_newer(segment, batch.not_understood))
        elif after.closed or piece.life.gone:
            self._complete.append(segment.path)
        return after.taken - before.taken

    def _take_about_project(self, application: Application, segment: Segment) -> int:
        """Take in the journal of no run, once its writer is done with it: it is small, and may be taken in twice."""
        with open(segment.path, "rb") as file:  # noqa: PTH123
            data = file.read()
        if not check_file_header(data):
            return 0
        batch = read_batch(data, final=True)
        if not _is_closed(batch) and is_gone(_process_in(data)) is not True:
            return 0
        if batch.not_understood is not None:
            self._report.problems.append(_newer(segment, batch.not_understood))
            return 0
        application.take_about_project(segment.name, batch)
        self._complete.append(segment.path)
        return len(data)

    def _read(self, connection: sqlite3.Connection, segment: Segment, before: Progress) -> _Piece | None:
        """Read what is new in a segment; None when there is not even the beginning of one."""
        with open(segment.path, "rb") as file:  # noqa: PTH123
            file.seek(before.taken)
            data = file.read()
            if before.taken == 0:
                if not check_file_header(data):
                    return None
                gone = is_gone(_process_in(data)) is True
                life = _Life(gone, gone)
            else:
                life = _life_of_writer(connection, segment)
            if life.gone:
                # the process had ended before this: whatever it wrote is there now
                data += file.read()
        given_up = time.time_ns() - segment.changed > _GIVEN_UP_AFTER_NS and _is_followed(connection, segment)
        final = life.gone or before.closed or given_up
        quiet = time.time_ns() - segment.changed > _QUIET_AFTER_NS
        batch = read_batch(data, base=before.taken, columns=before.columns, final=final, quiet=quiet)
        if not final and _is_closed(batch) and batch.end < before.taken + len(data):
            # nothing comes behind a close: what lies there is damage
            rest = read_batch(
                data[batch.end - before.taken :], base=batch.end, columns=batch.columns, final=True
            )
            batch.items += rest.items
            batch.damage += rest.damage
            batch.end, batch.not_understood = rest.end, rest.not_understood
        return _Piece(batch, life)

    def _remove_complete(self) -> None:
        """Remove segments whose every byte is committed and synced."""
        for path in self._complete:
            try:
                os.unlink(path)  # noqa: PTH108
                self._report.removed += 1
            except FileNotFoundError:  # noqa: PERF203 - another ingester may have been quicker with any of them
                pass
            except OSError as error:
                self._report.problems.append(f"{path} is taken in but can't be removed: {error}")
        self._complete = []


def _life_of_writer(connection: sqlite3.Connection, segment: Segment) -> _Life:
    found = connection.execute(
        "SELECT w.gone, w.process FROM run r JOIN writer w ON w.run = r.number WHERE r.id = ? AND w.writer = ?",
        (segment.name.run, segment.name.writer),
    ).fetchone()
    if found is None:
        return _Life(gone=False, news=False)
    known, process = found
    gone = bool(known) or is_gone(process_of(process)) is True
    return _Life(gone, gone and not known)


def _is_followed(connection: sqlite3.Connection, segment: Segment) -> bool:
    """Tell whether the writer has begun a later segment, which may be gone from the inbox already."""
    name = segment.name
    return segment.followed or bool(
        connection.execute(
            "SELECT 1 FROM run r JOIN segment s ON s.run = r.number"
            " WHERE r.id = ? AND s.writer = ? AND s.n > ? LIMIT 1",
            name,
        ).fetchone()
    )


def _process_in(data: bytes) -> dict[str, Any]:
    """Return the process that the first record of a segment names."""
    for item in scan(data, FILE_HEADER.size):
        if isinstance(item, Record) and item.kind == Kind.SEGMENT:
            process = item.fields().get("process")
            return process if isinstance(process, dict) else {}
        break
    return {}


def _is_closed(batch: Batch) -> bool:
    return any(isinstance(item, Record) and item.kind == Kind.CLOSE for item in batch.items)


def _newer(segment: Segment, record: Record) -> str:
    return (
        f"{segment.path} was left from offset {record.offset} on: a newer Trackrecord wrote a record of kind"
        f" {record.kind}, which this one does not know; upgrade with: pip install -U trackrecord"
    )
