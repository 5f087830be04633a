"""The row of segments of one writer: which file is open, the next one, and those left behind that are not synced yet.

Knows files only: no lock, no columns, no records kept in memory. Its owner calls it from one thread at a time.
"""

from __future__ import annotations

import errno
import os
import time
from typing import NamedTuple

from trackrecord.journal.clock import now_ns
from trackrecord.journal.files import (
    OPEN_AGAIN_FLAGS,
    OPEN_FLAGS,
    close_quietly,
    read_all,
    remove_quietly,
    sync_folder,
    sync_quietly,
    write_again,
)
from trackrecord.journal.format import MAGIC, Kind, encode_structural, file_header
from trackrecord.journal.misplaced import Place, find_place, whole_records
from trackrecord.journal.place import INBOX, make_store
from trackrecord.journal.process import this_process
from trackrecord.journal.segments import SegmentName


class OpenSegment(NamedTuple):
    """A segment that was made, with its first records in it."""

    file: int
    path: str
    size: int
    identity: tuple[int, int]


class SegmentRow:
    """The segments of one journal. ``file`` is -1 while none is open."""

    def __init__(self, inbox: str, run: str, writer: str, *, project: str, made_by: str) -> None:
        self.inbox = inbox
        self.run = run
        self.writer = writer
        self.project = project
        self.made_by = made_by
        self.file = -1
        self.path = ""
        self.size = 0
        #: device and inode of the open file
        self.identity = (0, 0)
        self.next_n = 0
        #: written with the next segment's header
        self.first_words = b""
        #: the last segment ended with the word that another one follows
        self.following_promised = False
        #: something was written since the last sync
        self.unsynced = False
        self._folder_unsynced = False
        self._opened_s = 0.0
        self._left: list[int] = []
        self._parked: OpenSegment | None = None
        self._homeless: list[tuple[int, str]] = []
        self._process = this_process()

    def create(self) -> OpenSegment:
        """Make the next segment's file with its first records, or open the parked one again.

        Changes nothing of this object but the counter.
        """
        parked, self._parked = self._parked, None
        if parked is not None:
            again = _open_again(parked)
            if again is not None:
                return again
        n = self.next_n
        self.next_n = n + 1
        path = os.path.join(self.inbox, SegmentName(self.run, self.writer, n).file_name())
        header = file_header() + encode_structural(
            Kind.SEGMENT,
            {
                "t": now_ns(),
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
        header += self.first_words
        try:
            if os.write(file, header) != len(header):
                raise OSError(errno.ENOSPC, "a write came out short", path)
        except BaseException:  # a signal handler's too
            os.close(file)
            remove_quietly(path)
            raise
        state = os.fstat(file)
        return OpenSegment(file, path, len(header), (state.st_dev, state.st_ino))

    def install(self, made: OpenSegment) -> None:
        """Write into this segment from now on; the one before must have been left."""
        self.file, self.path, self.size, self.identity = made
        self.unsynced = self._folder_unsynced = True
        self.first_words = b""
        self.following_promised = False
        self._opened_s = time.monotonic()

    def leave(self) -> None:
        """Write no more into the open segment; it is synced and closed by ``sync``."""
        if self.file >= 0:
            # in this order: a signal handler that raises must not find a file that is both left and open
            file, self.file, self.path = self.file, -1, ""
            self._left.append(file)

    def park(self) -> None:
        """Close the open segment, to go on with it later: a process may have only so many open files."""
        if self.file >= 0:
            self._parked = OpenSegment(-1, self.path, self.size, self.identity)
            close_quietly(self.file)
            self.file, self.path = -1, ""

    def is_parked(self) -> bool:
        """Tell whether a segment waits to be opened again."""
        return self._parked is not None

    def lose(self) -> None:
        """Forget the open segment, whose descriptor somebody closed and may use for a file of theirs."""
        self.file, self.path = -1, ""

    def open_for_s(self) -> float:
        """Return for how many seconds the present segment has been open; 0 when none is."""
        return time.monotonic() - self._opened_s if self.file >= 0 else 0.0

    def what_to_sync(self) -> tuple[int, list[int], bool]:
        """Take the open file if it was written to (else -1), the left ones, and whether the folder has new names."""
        file = self.file if self.unsynced else -1
        left, self._left = self._left, []
        folder = self._folder_unsynced
        self.unsynced = self._folder_unsynced = False
        return file, left, folder

    def sync(self, file: int, left: list[int], folder: bool, *, wait: bool) -> None:
        """Sync what ``what_to_sync`` gave, and close the left files; without ``wait`` only the latter.

        May wait for a slow disk. Without it the system writes everything to disk in its own time.
        """
        for old in left:
            if wait:
                sync_quietly(old)
            close_quietly(old)
        if file >= 0 and wait:
            sync_quietly(file)
        if folder and wait:
            sync_folder(self.inbox)

    def close_without_writing(self) -> None:
        """Close everything: the files belong to the parent of this forked process."""
        for file in [self.file, *self._left, *(file for file, _ in self._homeless)]:
            if file >= 0:
                close_quietly(file)
        self.file, self._left, self._homeless = -1, [], []

    def make_inbox(self) -> None:
        """Make the folder again that somebody removed under a live run, with the store around it."""
        store, name = os.path.split(self.inbox)
        if name == INBOX:
            make_store(store)
        else:
            os.makedirs(self.inbox, mode=0o700, exist_ok=True)

    def put_back(self, file: int, path: str) -> None:
        """Write a file that is no longer at its place there again, if it was deleted and not only moved away.

        Where that can't be done now, ``put_back_left`` tries again.
        """
        try:
            state = os.fstat(file)
            self.make_inbox()
            if state.st_nlink == 0:
                write_again(file, path)
        except OSError:
            self._homeless.append((os.dup(file), path))
            raise

    def take_left_along(self) -> None:
        """Have deleted files that could not be put back written into the present inbox instead."""
        self._homeless = [
            (file, os.path.join(self.inbox, os.path.basename(path))) for file, path in self._homeless
        ]

    def put_back_left(self) -> None:
        """Try again to put back deleted files that could not be. Raises OSError while that goes on."""
        homeless, self._homeless = self._homeless, []
        while homeless:
            file, path = homeless.pop()
            try:
                self.put_back(file, path)
            except OSError:
                self._homeless += homeless
                raise
            finally:
                close_quietly(file)

    def salvage(self) -> list[bytes]:
        """Take the whole records out of the open segment if its beginning is gone, and remove it; else nothing."""
        content = read_all(self.file)
        if content.startswith(MAGIC):
            return []
        remove_quietly(self.path)
        return [record for record in whole_records(content) if record[8] not in (Kind.SEGMENT, Kind.CLOSE)]


def _open_again(parked: OpenSegment) -> OpenSegment | None:
    """Open a segment again to write at its end; None when it is not there any more as it was."""
    try:
        file = os.open(parked.path, OPEN_AGAIN_FLAGS)
    except FileNotFoundError:
        return None
    if find_place(file, parked.path, parked.size, parked.identity) is Place.AS_IT_WAS:
        return parked._replace(file=file)
    os.close(file)
    return None
