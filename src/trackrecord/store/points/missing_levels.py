"""Levels for series that an earlier Trackrecord stored without them, built in the background."""

from __future__ import annotations

import sqlite3
import time

from trackrecord.words.errors import FormatError

#: the row of ``meta`` that migration 0002 leaves in a store that has points already: the axis to go on behind
_MARK = "levels_missing_behind"


def is_due(connection: sqlite3.Connection) -> bool:
    """Tell whether an earlier Trackrecord's series may still lack their levels."""
    return connection.execute("SELECT 1 FROM meta WHERE key = ?", (_MARK,)).fetchone() is not None


def tidy(connection: sqlite3.Connection, budget_s: float) -> bool:
    """Build missing levels until the time is over; tell whether any is left. Needs a transaction that writes.

    An axis with a damaged chunk is left without: readers say what is wrong with it, and so does `trackrecord check`.
    """
    deadline = time.monotonic() + budget_s
    mark = connection.execute("SELECT value FROM meta WHERE key = ?", (_MARK,)).fetchone()
    behind = None if mark is None else int(mark[0])
    while behind is not None and time.monotonic() < deadline:
        behind = _one(connection, behind)
        if behind is None:
            connection.execute("DELETE FROM meta WHERE key = ?", (_MARK,))
        else:
            connection.execute("UPDATE meta SET value = ? WHERE key = ?", (str(behind), _MARK))
    return behind is not None


def _one(connection: sqlite3.Connection, behind: int) -> int | None:
    """Build the levels of the next axis that has several chunks; return its number, None when there is none."""
    from trackrecord.store.points import chunks, levels  # of no use to a process that has nothing to build

    found = connection.execute(
        "SELECT a.number, a.run, a.writer FROM axis a WHERE a.number > ? AND a.exponent IS NULL"
        " AND EXISTS (SELECT 1 FROM axis_chunk c WHERE c.axis = a.number AND c.n = 0 AND c.points = ?)"
        " ORDER BY a.number LIMIT 1",
        (behind, chunks.FULL),
    ).fetchone()
    if found is None:
        return None
    axis, run, writer = found
    ended = connection.execute(
        "SELECT 1 FROM writer WHERE run = ? AND writer = ? AND (ended IS NOT NULL OR gone)", (run, writer)
    ).fetchone()
    connection.execute("SAVEPOINT building")
    try:
        levels.complete(connection, axis, levels.metrics_of(connection, axis), sealed=ended is not None)
    except FormatError:
        connection.execute("ROLLBACK TO building")
    connection.execute("RELEASE building")
    return int(axis)
