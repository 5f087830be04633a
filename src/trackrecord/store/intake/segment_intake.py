"""The segments of one transaction: each is opened, what is new in it read and applied, what became of it noted."""

from __future__ import annotations

import os
import time
from typing import Any, BinaryIO, Literal

from trackrecord.journal.bulk import Batch, read_batch
from trackrecord.journal.format import LONGEST_PAYLOAD, SEGMENT_BYTES, Kind
from trackrecord.journal.reader import Record, check_file_header
from trackrecord.journal.segments import NO_RUN
from trackrecord.store.intake.apply import Application
from trackrecord.store.intake.fields import fields_of
from trackrecord.store.intake.inbox import Segment
from trackrecord.store.intake.known import NOTHING, Known, Progress
from trackrecord.store.intake.segment_pieces import Piece, SegmentReader
from trackrecord.store.intake.short_journal import LONGEST
from trackrecord.store.intake.waiting import Waiting
from trackrecord.words.errors import FormatError

#: a journal of no run is read whole: its writer goes on to another segment long before
_LONGEST_ABOUT_PROJECT = SEGMENT_BYTES + LONGEST_PAYLOAD
#: a segment that its writer has gone on from, and that has not grown for so long, grows no more
_GIVEN_UP_AFTER_NS = 30 * 10**9
#: no write of one record takes so long: a tail that has not grown meanwhile is looked at with suspicion
_QUIET_AFTER_NS = 5 * 10**9


class Intake:
    """Takes in segments one after the other. What it says holds once the transaction is committed.

    ``segments`` and ``bytes`` count what was taken in, ``complete`` are the paths of segments that are not needed any
    more, ``latest`` is the segment that was opened last, ``refused`` are sentences about what was dropped for good.
    """

    def __init__(self, waiting: Waiting) -> None:
        self.segments = 0
        self.bytes = 0
        self.complete: list[str] = []
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.latest: Segment | None = None
        self.waiting = waiting

    def take_next(self, application: Application, room: int) -> bool:
        """Take in what is new in the next segment, until ``bytes`` reaches ``room``; False when there is none."""
        found = self.waiting.next(application.tx.connection)
        if found is None:
            return False
        segment, known = found
        self.latest = segment
        self.segments += 1
        try:
            if segment.name.run == NO_RUN:
                self._take_about_project(application, segment)
                self.waiting.settle()
                # it may be about runs whose segments wait: what was known of them is no longer sure
                self.waiting.look_again()
            elif not (known is NOTHING and self._take_short_run(application, segment)):
                with _READING:
                    file = open(segment.path, "rb", buffering=0)  # noqa: PTH123, SIM115 - closed right below
                with file:
                    _SegmentIntake(self, application, segment, known, file).run(room)
        except _NotReadError as error:
            # a file that is not ours, or may not be read, must not keep the others out
            if error.problem:
                self.tell(segment, f"{segment.path} {error.problem}", stays=error.stays)
            self.waiting.settle()
        return True

    def tell(self, segment: Segment, problem: str, *, stays: bool) -> None:
        """Report a problem; one that ``stays`` is there again whenever the same bytes are read by this version."""
        self.problems.append(problem)
        if stays:
            self.waiting.left_alone.remember(segment, problem)

    def _take_short_run(self, application: Application, segment: Segment) -> bool:
        """Take in the only segment of a short run that is over; False when the general way has to do it."""
        if not segment.alone or segment.size > LONGEST or self.waiting.late:
            return False
        with _READING, open(segment.path, "rb", buffering=0) as file:  # noqa: PTH123
            data = file.read(segment.size + 1)
        grown_at = min(segment.changed, application.tx.now)
        lives = self.waiting.lives
        if not application.take_short_run(segment.name, data, grown_at=grown_at, is_gone=lives.is_gone):
            return False
        self.bytes += len(data)
        self.complete.append(segment.path)
        self.waiting.settle()
        return True

    def _take_about_project(self, application: Application, segment: Segment) -> None:
        """Take in the journal of no run, once its writer is done with it: it is small, and may be taken in twice."""
        with _READING:
            if segment.size > _LONGEST_ABOUT_PROJECT:
                raise FormatError(
                    f"a journal of no run has {segment.size} bytes, and at most {_LONGEST_ABOUT_PROJECT} are read"
                )
            with open(segment.path, "rb") as file:  # noqa: PTH123
                data = file.read()
            if not check_file_header(data):
                return
        batch = read_batch(data, final=True)
        if not _is_closed(batch) and not self.waiting.lives.is_gone(_process_in(batch)):
            return
        if batch.not_understood is not None:
            self.tell(segment, _newer(segment, batch.not_understood), stays=True)
            return
        application.take_about_project(segment.name, batch)
        self.bytes += len(data)
        self.complete.append(segment.path)


class _SegmentIntake:
    """The intake of one segment of a run."""

    def __init__(
        self, intake: Intake, application: Application, segment: Segment, known: Known, file: BinaryIO
    ) -> None:
        self._intake = intake
        self._waiting = intake.waiting
        self._application = application
        self._segment = segment
        self._known = known
        self._file = file
        self._progress = known.progress
        #: whether the process is proven to have ended; before its first record was read nobody can know
        self._gone = self._waiting.lives.is_writer_gone(known)
        silent = time.time_ns() - segment.changed
        self._quiet = silent > _QUIET_AFTER_NS
        self._rests = silent > _GIVEN_UP_AFTER_NS
        self._given_up = self._rests and (segment.followed or known.followed)

    def run(self, room: int) -> None:
        """Take in what is new, and tell ``waiting`` what became of the segment."""
        begin = self._progress.taken
        reader = self._reader()
        while True:
            with _READING:
                piece = reader.next_piece(final=self._is_final, quiet=self._quiet)
            if piece is None:
                self._leave_without_beginning()
                return
            if self._progress.taken == 0 and self._has_ended_since(piece):
                # looked at in this order, so that what it wrote before it ended is never overlooked
                reader = self._reader()
                continue
            batch = piece.batch
            artifact = None if self._waiting.late else _first_artifact(batch)
            if artifact is not None and not self._known.purged:
                self._waiting.postpone(artifact)
                return
            self._apply(batch)
            if batch.not_understood is not None:
                self._intake.tell(self._segment, _newer(self._segment, batch.not_understood), stays=True)
                break
            if piece.at_end and not self._is_more_behind_close():
                self._leave(grown=self._progress.taken > begin)
                break
            if self._intake.bytes >= room:
                return  # goes on with the next transaction
        self._waiting.settle()

    @property
    def _is_final(self) -> bool:
        return self._gone or self._progress.closed or self._given_up

    def _reader(self) -> SegmentReader:
        return SegmentReader(self._file, self._progress.taken, self._progress.columns)

    def _has_ended_since(self, piece: Piece) -> bool:
        """Tell whether the process turns out to have ended, and the file to have to be read again for that."""
        if self._gone or self._known.process is not None:
            return False
        self._gone = self._waiting.lives.is_gone(_process_in(piece.batch))
        return self._gone and piece.at_end and self._size() > piece.batch.end

    def _apply(self, batch: Batch) -> None:
        before = self._progress
        if self._known.purged:
            closed = before.closed or _is_closed(batch)
            self._progress = Progress(batch.end, closed, before.damage, batch.columns)
            return
        grown = batch.end > before.taken
        if not grown and not (self._gone and not self._known.gone):
            return
        now = self._application.tx.now
        grown_at = now if before.taken else min(self._segment.changed, now)
        self._progress = self._application.take(
            self._segment.name, batch, before, grown_at=grown_at if grown else 0, gone=self._gone
        )
        self._intake.bytes += batch.end - before.taken

    def _is_more_behind_close(self) -> bool:
        """Tell whether something lies behind a close: nothing does that a writer wrote, so it is damage."""
        return self._progress.closed and self._size() > self._progress.taken

    def _leave(self, *, grown: bool) -> None:
        """Decide whether the file, read to its end, is needed any more."""
        segment = self._segment
        if self._progress.closed or self._gone:
            self._intake.complete.append(segment.path)
            if self._known.purged:
                self._intake.refused.append(
                    f"the run {segment.name.run} was purged: what was recorded of it since then was dropped;"
                    " record under a new id"
                )
            if self._known.rests_at is not None:
                self._application.forget_rest(segment.name)
        elif self._rests and (self._known.purged or not grown) and segment.size > self._known.progress.taken:
            self._application.keep_rest(segment.name, segment.size, segment.changed)

    def _leave_without_beginning(self) -> None:
        # killed between making the file and writing its first record
        if self._gone and self._size() == 0:
            self._intake.complete.append(self._segment.path)
        elif self._rests and self._segment.size:
            self._application.keep_rest(self._segment.name, self._segment.size, self._segment.changed)
        self._waiting.settle()

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size


class _NotReadError(Exception):
    """A file was not read. ``problem`` tells why, None when there is nothing to tell; ``stays`` as in ``tell``."""

    def __init__(self, problem: str | None, *, stays: bool = False) -> None:
        super().__init__(problem)
        self.problem = problem
        self.stays = stays


class _Reading:
    """Tells errors of reading a segment from those of the store, which end the transaction."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> Literal[False]:
        if isinstance(error, FileNotFoundError):
            raise _NotReadError(None) from None  # another ingester has taken it in and removed it
        if isinstance(error, FormatError):
            raise _NotReadError(f"was left alone: {error.message}", stays=True) from error
        if isinstance(error, OSError):
            raise _NotReadError(f"can't be read: {error.strerror or error}") from error
        return False


_READING = _Reading()


def _process_in(batch: Batch) -> dict[str, Any]:
    """Return the process that the first record of a segment names."""
    first = batch.items[0] if batch.items else None
    if isinstance(first, Record) and first.kind == Kind.SEGMENT:
        process = fields_of(first).get("process")
        return process if isinstance(process, dict) else {}
    return {}


def _is_closed(batch: Batch) -> bool:
    return any(isinstance(item, Record) and item.kind == Kind.CLOSE for item in batch.items)


def _first_artifact(batch: Batch) -> int | None:
    """Return the time of the first record about an artifact."""
    for item in batch.items:
        if isinstance(item, Record) and item.kind == Kind.ARTIFACT:
            time = item.fields().get("t")
            return time if isinstance(time, int) else 0
    return None


def _newer(segment: Segment, record: Record) -> str:
    return (
        f"{segment.path} was left from offset {record.offset} on: a newer Trackrecord wrote a record of kind"
        f" {record.kind}, which this one does not know; upgrade with: pip install -U trackrecord"
    )
