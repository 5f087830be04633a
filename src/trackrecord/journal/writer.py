"""The writer of one journal: hands each record to the operating system before it returns.

Lock order: ``_lock`` is the only lock that a logging thread takes, and nothing slow happens under it but the
``write`` call itself. ``_sync_lock`` is the background thread's; it is never taken while ``_lock`` is held.

A signal handler may log while the thread it interrupts is in the middle of an append. The lock lets it in (it is the
same thread), so ``_busy`` says that the bookkeeping is not to be touched: see ``_append_inside``.
"""

from __future__ import annotations

import itertools
import os
import threading
import time
from typing import Any

from trackrecord.journal.files import (
    OPEN_FLAGS,
    close_quietly,
    remove_quietly,
    sync_folder,
    sync_quietly,
    write_again,
)
from trackrecord.journal.format import (
    SEGMENT_BYTES,
    Kind,
    RowEncoder,
    encode_structural,
    file_header,
)
from trackrecord.journal.place import INBOX, make_store
from trackrecord.journal.process import this_process
from trackrecord.journal.segments import SegmentName
from trackrecord.words.keys import mend_key

#: what is kept in memory while the disk takes nothing
LARGEST_BACKLOG = 64 << 20
#: further room for what is neither a row nor content: the end of the run and its problems have to get through
BACKLOG_FOR_WORDS = 1 << 20
#: after so many different sets of columns the oldest are forgotten (they are declared anew when they come again)
MOST_COLUMN_SETS = 20_000

#: kinds of which there may be any number
_BULKY = frozenset((Kind.COLUMNS, Kind.ROW, Kind.CONTENT, Kind.CONSOLE))

#: kinds of numpy's types that Python turns into a float, though they mean something else
_NO_NUMBERS = frozenset("cMmSU")


class JournalWriter:
    """Appends records to segments in an inbox.

    ``run`` and ``writer`` name the files; ``project`` and ``made_by`` go into each segment's first record.
    Nothing is opened before the first record. No method raises OSError: what the disk does not take is kept in
    memory up to LARGEST_BACKLOG and written by ``tend`` as soon as it does; what is beyond is counted in ``lost``.
    """

    def __init__(self, inbox: str, run: str, writer: str, *, project: str, made_by: str) -> None:
        self.inbox = inbox
        self.run = run
        self.writer = writer
        self.project = project
        self.made_by = made_by
        #: records that could not be kept
        self.lost = 0
        #: the last error of the disk, while it lasts
        self.trouble: OSError | None = None
        self._process = this_process()
        self._lock = threading.RLock()
        self._sync_lock = threading.Lock()
        self._file = -1
        self._path = ""
        self._size = 0
        self._next_n = 0
        self._unsynced = False
        self._folder_unsynced = False
        self._left_files: list[int] = []  # rotated away; synced and closed by tend
        self._backlog: list[bytes] = []
        self._backlog_bytes = 0
        self._encoders: dict[tuple[str, ...], RowEncoder] = {}  # declared in the present segment
        self._columns_ids: dict[tuple[str, ...], int] = {}
        self._columns_by_id: dict[int, tuple[str, ...]] = {}
        self._columns_counter = itertools.count()
        self._closed = False
        self._following_promised = False  # the last segment ended with the word that another one follows
        self._first_words = (
            b""  # written with the first segment's header, by writers that begin without being asked
        )
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
            self._busy = True
            try:
                encoder = self._encoders.get(tuple(values))
                if encoder is not None:
                    self._append(encoder.encode(step, time_ns, values.values(), flags))
                    return
                # opened first, so that the declaration and the row that needs it come into the same segment
                if self._file < 0 and not self._closed:
                    self._open_next()
                if len(self._columns_ids) >= MOST_COLUMN_SETS and not self._backlog:
                    self._columns_ids.clear()
                    self._columns_by_id.clear()
                    self._encoders.clear()
                record, keys, encoder = self._declared_row(values, step, time_ns, flags)
                self._encoders[keys] = encoder
                self._append(record)
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
            self._busy = True
            try:
                self._append(record)
            finally:
                self._busy = False
                if self._inside:
                    self._catch_up()

    def append_structural(self, kind: Kind, fields: dict[str, Any]) -> None:
        """Append a JSON record; its time is now."""
        self.append(encode_structural(kind, {"t": time.time_ns(), **fields}))

    def close(self) -> None:
        """Say that no more comes, and leave syncing and closing of the file to ``tend``."""
        with self._sync_lock:
            self._check_place()  # the last chance to save what lies in a file that was deleted a moment ago
        with self._lock:
            if self._closed:
                return
            if self._file >= 0 or self._backlog or self._following_promised:
                self._append(_close_record(following=False), rotate=False)
            self._closed = True
            self._leave_file()

    def has_begun(self) -> bool:
        """Tell whether anything was recorded, on disk or waiting for it."""
        return self._next_n > 0 or bool(self._backlog)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closed

    @property
    def path(self) -> str:
        """The file that is being written, or an empty text."""
        return self._path

    def _append(self, record: bytes, *, rotate: bool = True) -> None:
        if self._file < 0 and (self._closed or not self._open_next()):
            self._keep(record)
            return
        try:
            written = os.write(self._file, record)
        except OSError as error:
            self._give_up_file(error)
            self._keep(record)
            return
        if written != len(record):
            # never append behind torn bytes: a new segment begins once the disk takes data again
            self._give_up_file(OSError(28, "a write came out short"))
            self._keep(record)
            return
        self._size += written
        self._unsynced = True
        if rotate and self._size >= SEGMENT_BYTES:
            self._rotate()

    def _append_inside(self, record: bytes) -> None:
        """Append for a signal handler that interrupted another append of this thread.

        Whole records are handed to the system at once where a file is open; nothing else of this object changes
        under the interrupted call. What can't be written now waits until that call comes to its end.
        """
        if self._file >= 0 and not self._inside:
            try:
                written = os.write(self._file, record)
            except OSError:
                written = 0
            if written == len(record):
                return
            self._torn_inside = self._torn_inside or written > 0
        self._inside.append(record)

    def _catch_up(self) -> None:
        while self._inside:
            self._busy = True
            if self._torn_inside:
                self._torn_inside = False
                self._leave_file()
            while self._inside:
                self._append(self._inside.pop(0))
            self._busy = False

    def _declared_row(
        self, values: dict[str, Any], step: int | float, time_ns: int, flags: int
    ) -> tuple[bytes, tuple[str, ...], RowEncoder]:
        """Return a row with the declaration of its columns before it, its keys and their encoder."""
        keys = tuple(values)
        columns_id = self._columns_ids.get(keys)
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
            columns_id = next(self._columns_counter)  # one step, so that a signal handler never gets the same
            self._columns_by_id[columns_id] = keys
            self._columns_ids[keys] = columns_id
        encoder = RowEncoder(columns_id, len(keys))
        row = encoder.encode(step, time_ns, values.values(), flags)
        return _columns_record(columns_id, keys) + row, keys, encoder

    # -- files --------------------------------------------------------------------------------------------

    def _open_next(self) -> bool:
        """Open the next segment and write its first record; False when the disk does not let us."""
        if self.trouble is not None:
            return False  # the background thread tries again, so that no logging thread waits for a bad disk
        try:
            self._install(self._create())
        except OSError as error:
            self.trouble = error
            return False
        return True

    def _create(self) -> tuple[int, str, int]:
        """Make the next segment's file with its first records; touches nothing of this object but the counter."""
        n = self._next_n
        self._next_n = n + 1
        path = os.path.join(self.inbox, SegmentName(self.run, self.writer, n).file_name())
        header = file_header() + encode_structural(
            Kind.SEGMENT,
            {
                "t": time.time_ns(),
                "run": self.run,
                "writer": self.writer,
                "n": n,
                "made_by": self.made_by,
                "project": self.project,
                "path": path,
                "process": self._process,
            },
        )
        file = os.open(path, OPEN_FLAGS, 0o644)
        header += self._first_words
        try:
            if os.write(file, header) != len(header):
                raise OSError(28, "a write came out short", path)
        except OSError:
            os.close(file)
            remove_quietly(path)
            raise
        return file, path, len(header)

    def _install(self, created: tuple[int, str, int]) -> None:
        self._file, self._path, self._size = created
        self._unsynced = self._folder_unsynced = True
        self._first_words = b""
        self._following_promised = False
        self._encoders.clear()

    def _rotate(self) -> None:
        record = _close_record(following=True)
        try:
            self._following_promised = os.write(self._file, record) == len(record)
        except OSError:
            pass  # without it the segment is taken in when this process is gone: nothing is lost
        self._leave_file()

    def _leave_file(self) -> None:
        if self._file >= 0:
            self._left_files.append(self._file)
            self._file, self._path = -1, ""
        self._encoders.clear()

    def _give_up_file(self, error: OSError) -> None:
        self.trouble = error
        self._leave_file()

    def _keep(self, record: bytes) -> None:
        room = LARGEST_BACKLOG if record[8] in _BULKY else LARGEST_BACKLOG + BACKLOG_FOR_WORDS
        if self._closed or self._backlog_bytes + len(record) > room:
            self.lost += 1
            return
        self._backlog.append(record)
        self._backlog_bytes += len(record)

    # -- the background thread's side ---------------------------------------------------------------------

    def tend(self) -> None:
        """Sync to disk, write what had to wait, and make sure that the file still is where it was made.

        Called about once a second by a background thread; may wait for a slow disk.
        """
        with self._sync_lock:
            self._check_place()
            self._sync()
            if self.trouble is not None and (self._backlog or not self._closed):
                self._recover()

    def move_to(self, inbox: str) -> None:
        """Go on in another inbox, when the disk of the first takes nothing: what waits in memory is written there."""
        with self._sync_lock, self._lock:
            self.inbox = inbox
            self.trouble = self.trouble or OSError("moved")
            self._leave_file()
            self._recover()
        with self._sync_lock:
            self._sync()

    def abandon(self) -> None:
        """Forget the files without writing to them: they belong to the parent of this forked process."""
        for file in [self._file, *self._left_files]:
            if file >= 0:
                close_quietly(file)
        self._file, self._left_files = -1, []
        self._closed = True

    def backlog(self) -> int:
        """Return how many records wait in memory for the disk."""
        return len(self._backlog)

    def _check_place(self) -> None:
        with self._lock:
            file, path = self._file, self._path
        if file < 0:
            return
        try:
            here = os.fstat(file)
            there = os.stat(path)
            in_place = (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
        except FileNotFoundError:
            in_place = False
        except OSError:
            return  # a server that does not answer says nothing about the file
        if not in_place:
            with self._lock:
                if self._file == file:
                    self._leave_file()
            try:
                self._make_inbox()
                if here.st_nlink == 0:
                    write_again(file, here.st_size, path)
            except OSError as error:
                self.trouble = error

    def _make_inbox(self) -> None:
        """Make the folder again that somebody removed under a live run, with the store around it."""
        store, name = os.path.split(self.inbox)
        if name == INBOX:
            make_store(store)
        else:
            os.makedirs(self.inbox, mode=0o700, exist_ok=True)

    def _sync(self) -> None:
        with self._lock:
            file = self._file if self._unsynced else -1
            left, self._left_files = self._left_files, []
            folder = self._folder_unsynced
            self._unsynced = self._folder_unsynced = False
        for old in left:
            sync_quietly(old)
            close_quietly(old)
        if file >= 0:
            sync_quietly(file)
        if folder:
            sync_folder(self.inbox)

    def _recover(self) -> None:
        """Open a new segment and write what waits. The file is made outside of the lock: it may take long."""
        try:
            try:
                created = self._create()
            except FileNotFoundError:
                self._make_inbox()
                created = self._create()
        except OSError as error:
            self.trouble = error
            return
        with self._lock:
            if self._file >= 0:
                self._leave_file()
            self.trouble = None
            self._install(created)
            waiting, self._backlog, self._backlog_bytes = self._backlog, [], 0
            declared: set[int] = set()
            segment = self._path
            was_closed, self._closed = self._closed, False
            for position, record in enumerate(waiting):
                self._append(self._missing_columns(record, declared) + record)
                if self._path != segment:  # rotated: the next segment knows no columns yet
                    segment = self._path
                    declared.clear()
                if self._backlog:
                    # the record itself was kept by _append; put the others behind it
                    for later in waiting[position + 1 :]:
                        self._keep(later)
                    break
            self._closed = was_closed
            if was_closed:
                self._leave_file()

    def _missing_columns(self, record: bytes, declared: set[int]) -> bytes:
        """Return the columns record that a waiting row needs in this segment, or nothing."""
        if record[8] != Kind.ROW:
            return b""
        columns_id = int.from_bytes(record[16:20], "little")
        if columns_id in declared:
            return b""
        declared.add(columns_id)
        return _columns_record(columns_id, self._columns_by_id[columns_id])


def _columns_record(columns_id: int, keys: tuple[str, ...]) -> bytes:
    return encode_structural(Kind.COLUMNS, {"t": time.time_ns(), "id": columns_id, "keys": list(keys)})


def _close_record(*, following: bool) -> bytes:
    return encode_structural(Kind.CLOSE, {"t": time.time_ns(), "next": following})
