"""Points that came late are put in their place: the chunks of an axis are sorted by step, in the background.

Without this a metric whose steps begin again and again (a step per epoch) has chunks that all span the same range, and
a narrow range of a curve would be read from all of them. Nothing changes but where a point lies: its place in its
writer's journal stays with it, and readers put points in order by themselves.
"""

from __future__ import annotations

import sqlite3
import time

import numpy as np

from trackrecord.words.errors import FormatError

#: sorting is worth it when so many chunks, and so great a part of all, came late
_LEAST, _SHARE = 4, 4
#: more values than this are not sorted: it would hold up the ingester for seconds
_MOST_VALUES = 20_000_000


def is_due(connection: sqlite3.Connection) -> bool:
    """Tell whether an axis is worth sorting."""
    return _next(connection) is not None


def tidy(connection: sqlite3.Connection, budget_s: float) -> bool:
    """Sort axes with late points until the time is over; tell whether any is left. Needs a transaction that writes.

    An axis with a damaged chunk is left as it is: readers say what is wrong with it, and so does `trackrecord check`.
    """
    deadline = time.monotonic() + budget_s
    while True:
        axis = _next(connection)
        if axis is None:
            return False
        if time.monotonic() >= deadline:
            return True
        connection.execute("SAVEPOINT sorting")
        try:
            _sort(connection, axis)
        except FormatError:
            connection.execute("ROLLBACK TO sorting")
            connection.execute("UPDATE axis SET late = 0 WHERE number = ?", (axis,))
        connection.execute("RELEASE sorting")


def _next(connection: sqlite3.Connection) -> int | None:
    """Return an axis that is worth sorting; those of runs with rewinds are not: these cut by place, not by step."""
    if connection.execute("SELECT 1 FROM axis WHERE late >= ? LIMIT 1", (_LEAST,)).fetchone() is None:
        return None
    from trackrecord.store.points import chunks  # of no use to a process that has nothing to sort

    found = connection.execute(
        "SELECT a.number FROM axis a JOIN (SELECT axis, count(*) AS n FROM axis_chunk"
        " WHERE axis IN (SELECT number FROM axis WHERE late >= ?) GROUP BY axis) c ON c.axis = a.number"
        " WHERE a.late >= ? AND a.late * ? >= c.n AND NOT EXISTS (SELECT 1 FROM rewind r WHERE r.run = a.run)"
        " AND c.n * ? * (SELECT count(*) FROM metric_chunk m WHERE m.axis = a.number AND m.n = 0) <= ? LIMIT 1",
        (_LEAST, _LEAST, _SHARE, chunks.FULL, _MOST_VALUES),
    ).fetchone()
    return None if found is None else int(found[0])


def _sort(connection: sqlite3.Connection, axis: int) -> None:
    from trackrecord.store.points import chunks, levels
    from trackrecord.store.points.chunks import AxisRows

    metrics = levels.metrics_of(connection, axis)
    (sealed,) = connection.execute("SELECT sealed FROM axis WHERE number = ?", (axis,)).fetchone()
    full = [row for row in levels.rows_of(connection, axis, 0) if row.points == chunks.FULL]
    rows = AxisRows.joined([chunks.rows_in(connection, axis, row.first) for row in full])
    order = np.lexsort((rows.places, rows.times, rows.steps))
    rows = AxisRows(rows.steps[order], rows.times[order], rows.places[order], rows.flags[order])
    levels.remove(connection, axis, metrics)
    chunks.rewrite_rows(connection, axis, rows)
    for metric in metrics:
        values = np.concatenate([chunks.values_in(connection, axis, row.first, metric) for row in full])
        chunks.rewrite_values(connection, axis, metric, values[order])
    connection.execute("UPDATE axis SET late = 0 WHERE number = ?", (axis,))
    levels.complete(connection, axis, metrics, sealed=bool(sealed))
