"""Whether the journal of a writer holds what is not taken in yet: such a writer may have said that it ended well.

A process is gone the moment it ends, its last records are in the database a moment later. Only the files that a writer
has, or goes on in, are looked at, by their names: the inbox may hold a hundred thousand others.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from trackrecord.journal.segments import SegmentName


class UnreadJournals:
    """Looks into an inbox as the state of the database that ``connection`` sees knows it; ``inbox`` may be missing."""

    def __init__(self, connection: sqlite3.Connection, inbox: Path) -> None:
        self._connection = connection
        self._inbox = inbox

    def changed(self, run: int, writer: str) -> int | None:
        """Return when a writer wrote last (nanoseconds since 1970), if something of it is not taken in; else None.

        0 when that can't be told: its file was taken in and removed after this state of the database.
        """
        last = self._connection.execute(
            "SELECT r.id, s.n, s.taken, s.closed, w.gone, q.size, q.changed"
            " FROM run r JOIN segment s ON s.run = r.number"
            " JOIN writer w ON w.run = s.run AND w.writer = s.writer"
            " LEFT JOIN resting_segment q ON q.run = r.id AND q.writer = s.writer AND q.n = s.n"
            " WHERE s.run = ? AND s.writer = ? ORDER BY s.n DESC LIMIT 1",
            (run, writer),
        ).fetchone()
        if last is None:
            return None
        run_id, n, taken, closed, gone, size, changed = last
        later = self._state(SegmentName(run_id, writer, n + 1))
        if later is not None:
            return later.st_mtime_ns
        state = self._state(SegmentName(run_id, writer, n))
        if state is None:
            # only what is closed, or whose process is known to be gone, is removed
            return None if closed or gone or not self._inbox.is_dir() else 0
        if state.st_size <= taken or (state.st_size, state.st_mtime_ns) == (size, changed):
            return None  # all is taken in, or all that can be read
        return state.st_mtime_ns

    def _state(self, name: SegmentName) -> os.stat_result | None:
        try:
            return (self._inbox / name.file_name()).stat()
        except OSError:
            return None  # not there, or it leads nowhere
