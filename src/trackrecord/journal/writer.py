"""The writer of one journal: hands each record to the operating system before it returns.

Lock order: ``_lock`` is the only lock that a logging thread takes, and nothing slow happens under it but the
``write`` call itself. ``_sync_lock`` is the background thread's; it is never taken while ``_lock`` is held.

A signal handler may log while the thread it interrupts is in the middle of an append. The lock lets it in (it is the
same thread), so ``_busy`` says that the bookkeeping is not to be touched: see ``_append_inside``.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from trackrecord.journal.clock import now_ns
from trackrecord.journal.column_sets import ColumnSets, columns_record
from trackrecord.journal.format import SEGMENT_BYTES, Kind, RowEncoder, encode_structural
from trackrecord.journal.interruption import let_through
from trackrecord.journal.misplaced import Place, find_place
from trackrecord.journal.recovery import Recovery
from trackrecord.journal.segment_row import OpenSegment, SegmentRow
from trackrecord.words.keys import mend_key

#: a segment is given up for the next one after this time also when it is small: what a run of months logged long ago
#: is then closed, so that it is taken in for good and removed, and no file grows old that only one process answers for
SEGMENT_AGE_S = 24 * 3600.0

#: kinds of numpy's types that Python turns into a float, though they mean something else
_NO_NUMBERS = frozenset("cMmSU")


class JournalWriter:
    """Appends records to segments in an inbox.

    ``run`` and ``writer`` name the files; ``project`` and ``made_by`` go into each segment's first record.
    Nothing is opened before the first record. No method raises OSError: what the disk does not take is kept in
    memory up to a limit and written by ``tend`` as soon as it does; what is beyond is counted in ``lost``.
    """

    def __init__(self, inbox: str, run: str, writer: str, *, project: str, made_by: str) -> None:
        self._segments = SegmentRow(inbox, run, writer, project=project, made_by=made_by)
        self._recovery = Recovery()
        self._columns = ColumnSets()
        self._encoders: dict[tuple[str, ...], RowEncoder] = {}  # declared in the present segment
        #: how often somebody else cut the file short, or closed it behind our back: what was in it may be lost
        self.damaged = 0
        self._lock = threading.RLock()
        self._sync_lock = threading.Lock()
        self._closed = False
        self._busy = False
        self._inside: list[bytes] = []
        self._torn_inside = False

    # -- the logging threads' side ------------------------------------------------------------------------

    def append_row(self, values: dict[str, Any], step: int | float, time_ns: int, flags: int = 0) -> None:
        """Append one row.

        For values that are no numbers, and names that are not fit to be kept, it raises (struct.error, ValueError or
        whatever the value's own conversion does) and nothing is written.
        """
        with self._lock:
            if self._busy:
                self._append_inside(self._declared_row(values, step, time_ns, flags)[0])
                return
            try:
                self._busy = True
                encoder = self._encoders.get(tuple(values))
                if encoder is not None:
                    self._append(encoder.encode(step, time_ns, values.values(), flags))
                    return
                # opened first, so that the declaration and the row that needs it come into the same segment
                if self._segments.file < 0 and not self._closed:
                    self._open_next()
                if self._columns.are_many() and not self._recovery:
                    self._columns.forget()
                    self._encoders.clear()
                record, keys, encoder = self._declared_row(values, step, time_ns, flags)
                segment = self._segments.path
                self._append(record)
                # only now, and only in the segment that has the declaration: a signal handler may raise in between
                if self._segments.path == segment:
                    self._encoders[keys] = encoder
            finally:
                self._busy = False
                if self._inside:
                    self._catch_up()

    def append(self, record: bytes) -> None:
        """Append one or several whole records, in one piece."""
        with self._lock:
            if self._busy:
                self._append_inside(record)
                return
            try:  # not by _alone(): a signal handler that raises must find no frame that holds the lock
                self._busy = True
                self._append(record)
            finally:
                self._busy = False
                if self._inside:
                    self._catch_up()

    def append_structural(self, kind: Kind, fields: dict[str, Any]) -> None:
        """Append a JSON record; its time is now."""
        self.append(encode_structural(kind, {"t": now_ns(), **fields}))

    def close(self) -> None:
        """Say that no more comes, and leave syncing and closing of the file to ``tend``."""
        with self._sync_lock:
            self._check_place()  # the last chance to save what lies in a file that was deleted a moment ago
        with self._alone():
            if self._closed:
                return
            segments = self._segments
            begun = segments.file >= 0 or segments.is_parked() or segments.following_promised
            if begun or self._recovery:
                self._append(_close_record(following=False), rotate=False)
            self._closed = True
            self._leave_segment()

    def park(self) -> None:
        """Close the file for now; the next record opens it again. For a run that has ended and waits for its facts."""
        with self._alone():
            self._segments.park()
            self._encoders.clear()

    def has_begun(self) -> bool:
        """Tell whether anything was recorded, on disk or waiting for it."""
        return self._segments.next_n > 0 or bool(self._recovery)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    @property
    def run(self) -> str:
        """The run this journal is about."""
        return self._segments.run

    @property
    def inbox(self) -> str:
        """The folder in which the next segment is made."""
        return self._segments.inbox

    @property
    def path(self) -> str:
        """The file that is being written, or an empty text."""
        return self._segments.path

    @property
    def lost(self) -> int:
        """How many records could not be kept."""
        return self._recovery.lost

    @property
    def trouble(self) -> OSError | None:
        """The last error of the disk, while it lasts."""
        return self._recovery.trouble

    def backlog(self) -> int:
        """Return how many records wait in memory for the disk."""
        return len(self._recovery)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock; what a signal handler records meanwhile is appended at the end."""
        with self._lock:
            try:
                self._busy = True
                yield
            finally:
                self._busy = False
                if self._inside:
                    self._catch_up()

    def _append(self, record: bytes, *, rotate: bool = True) -> None:
        segments = self._segments
        if segments.file < 0 and (self._closed or not self._open_next()):
            self._keep(record)
            return
        written = -1
        try:
            written = os.write(segments.file, record)
        except OSError as error:
            let_through(error)
            self._give_up_segment(error)
            self._keep(record)
            return
        finally:
            if written < 0 and segments.file >= 0:
                self._find_what_was_written(len(record))
        if written != len(record):
            # never append behind torn bytes: a new segment begins once the disk takes data again
            self._give_up_segment(OSError(errno.ENOSPC, "a write came out short"))
            self._keep(record)
            return
        segments.unsynced = True
        segments.size += written
        if segments.size >= SEGMENT_BYTES and rotate:
            self._rotate()

    def _find_what_was_written(self, length: int) -> None:
        """Go on after a signal handler raised out of a write: the record is in the file, or it is not.

        Where that can't be told, what others write must not come behind torn bytes.
        """
        segments = self._segments
        try:
            size = os.fstat(segments.file).st_size
        except OSError as error:
            let_through(error)
            size = -1
        if size - segments.size not in (0, length):
            self._leave_segment()
            return
        segments.size = size
        segments.unsynced = True

    def _keep(self, record: bytes) -> None:
        if self._closed:
            self._recovery.lost += 1
        else:
            self._recovery.keep(record)

    def _append_inside(self, record: bytes) -> None:
        """Append for a signal handler that interrupted another append of this thread.

        Whole records are handed to the system at once where a file is open; nothing else of this object changes
        under the interrupted call. What can't be written now waits until that call comes to its end.
        """
        if self._segments.file >= 0 and not self._inside:
            try:
                written = os.write(self._segments.file, record)
            except OSError as error:
                let_through(error)
                written = 0
            if written == len(record):
                return
            self._torn_inside = self._torn_inside or written > 0
        self._inside.append(record)

    def _catch_up(self) -> None:
        while self._inside:
            try:
                self._busy = True
                if self._torn_inside:
                    self._torn_inside = False
                    self._leave_segment()
                while self._inside:
                    self._append(self._inside.pop(0))
            finally:
                self._busy = False

    def _declared_row(
        self, values: dict[str, Any], step: int | float, time_ns: int, flags: int
    ) -> tuple[bytes, tuple[str, ...], RowEncoder]:
        """Return a row with the declaration of its columns before it, its keys and their encoder."""
        keys = tuple(values)
        columns_id = self._columns.id_of(keys)
        if columns_id is None:
            for key in keys:
                if mend_key(key)[1] is not None:
                    raise ValueError(f"{key!r:.80} is not fit to be a metric's name")
            for value in values.values():
                if (
                    type(value) is not float
                    and getattr(getattr(value, "dtype", None), "kind", "") in _NO_NUMBERS
                ):
                    raise ValueError(
                        "a complex number, a moment or a text of numpy is no number, though it has a float"
                    )
            columns_id = self._columns.add(keys)
        encoder = RowEncoder(columns_id, len(keys))
        row = encoder.encode(step, time_ns, values.values(), flags)
        return columns_record(columns_id, keys) + row, keys, encoder

    def _open_next(self) -> bool:
        """Open the next segment and write its first record; False when the disk does not let us."""
        if self._recovery.trouble is not None:
            return False  # the background thread tries again, so that no logging thread waits for a bad disk
        try:
            self._install(self._segments.create())
        except OSError as error:
            let_through(error)
            self._recovery.trouble = error
            return False
        return True

    def _install(self, made: OpenSegment) -> None:
        self._encoders.clear()
        self._segments.install(made)

    def _rotate(self) -> None:
        record = _close_record(following=True)
        try:
            self._segments.following_promised = os.write(self._segments.file, record) == len(record)
        except OSError as error:
            # without it the segment is taken in when this process is gone: nothing is lost
            let_through(error)
        finally:
            self._leave_segment()

    def _leave_segment(self) -> None:
        self._encoders.clear()
        self._segments.leave()

    def _give_up_segment(self, error: OSError) -> None:
        self._recovery.trouble = error
        if error.errno == errno.EBADF:
            self._leave_misplaced(Place.NOT_OURS)
        else:
            self._leave_segment()

    # -- the background thread's side ---------------------------------------------------------------------

    def tend(self, *, sync: bool = True) -> None:
        """Sync to disk, write what had to wait, and make sure that the file still is where it was made.

        Called about once a second by a background thread; may wait for a slow disk, less so without ``sync``.
        """
        with self._sync_lock:
            self._check_place()
            if self._segments.open_for_s() >= SEGMENT_AGE_S:
                with self._alone():
                    if self._segments.file >= 0:
                        self._rotate()
            self._sync(wait=sync)
            if self._recovery.trouble is not None and (self._recovery or not self._closed):
                self._recover()

    def move_to(self, inbox: str, introduction: bytes = b"") -> None:
        """Go on in another inbox, when the disk of the first takes nothing: what waits in memory is written there.

        ``introduction`` are records that say again what the run is: whoever finds the segments there may never see
        those in the first inbox.
        """
        with self._sync_lock:
            with self._alone():
                self._leave_segment()
                self._segments.inbox = inbox
                self._segments.first_words = introduction
                self._segments.take_left_along()
                self._recovery.trouble = self._recovery.trouble or OSError("moved")
            try:
                self._segments.put_back_left()
            except OSError as error:
                self._recovery.trouble = error
            self._recover()
            self._sync()

    def abandon(self) -> None:
        """Forget the files without writing to them: they belong to the parent of this forked process."""
        self._segments.close_without_writing()
        self._closed = True

    def _check_place(self) -> None:
        segments = self._segments
        with self._lock:
            file, path, size, identity = segments.file, segments.path, segments.size, segments.identity
        place = Place.AS_IT_WAS if file < 0 else find_place(file, path, size, identity)
        if place is not Place.AS_IT_WAS:
            with self._alone():
                if segments.file == file:
                    self._leave_misplaced(place)
        try:
            segments.put_back_left()
            if place is Place.GONE:
                segments.put_back(file, path)
        except OSError as error:
            self._recovery.trouble = error

    def _leave_misplaced(self, place: Place) -> None:
        if place is Place.NOT_OURS:
            self.damaged += 1
            self._segments.lose()
            self._encoders.clear()
            return
        salvaged: list[bytes] = []
        if place is Place.CUT:
            self.damaged += 1
            salvaged = self._segments.salvage()
        self._leave_segment()
        for record in salvaged:
            self._append(self._columns.before(record) + record)

    def _sync(self, *, wait: bool = True) -> None:
        with self._lock:
            what = self._segments.what_to_sync()
        self._segments.sync(*what, wait=wait)

    def _recover(self) -> None:
        """Open a new segment and write what waits. The file is made outside of the lock: it may take long."""
        made = self._recovery.new_segment(self._segments)
        if made is None:
            return
        with self._alone():
            self._leave_segment()
            self._recovery.trouble = None
            self._install(made)
            was_closed, self._closed = self._closed, False
            self._recovery.write_waiting(self._append, self._segments, self._columns)
            self._closed = was_closed
            if was_closed:
                self._leave_segment()


def _close_record(*, following: bool) -> bytes:
    return encode_structural(Kind.CLOSE, {"t": now_ns(), "next": following})
