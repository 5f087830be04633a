"""Levels of an axis: buckets of its points, buckets of those buckets, and so on, each in chunks like the points.

A full chunk of points becomes a *part* of level 1. Sixteen parts of a level become one row of it, and that a part of
the next level: so an append costs its own share only, and what is full is never written again. When the writer is
done, the rest of each level is put into one row. Whatever a level does not cover yet, a reader takes from below.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.points import buckets, chunks, payload
from trackrecord.store.points.buckets import AxisBuckets, ValueBuckets
from trackrecord.words.errors import FormatError

Array = np.ndarray[Any, Any]

FAN_OUT = 1 << buckets.FAN_OUT_EXPONENT
#: a level that ends with fewer buckets is the last one
_FEW = 1024
#: so many values are held at a time: metrics are taken in groups
_MOST_VALUES = 1 << 22

_AXIS_ARRAYS = ("counts", "low_steps", "high_steps", "low_times", "high_times")
_VALUE_ARRAYS = ("lows", "highs", "means", "firsts", "lasts")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a level, without its payloads; of the points themselves (level 0) a row is a chunk.

    Covers the chunks from ``first`` up to and without ``behind``. ``entries`` are its buckets, or points.
    """

    level: int
    first: int
    behind: int
    entries: int
    points: int
    low_step: float
    high_step: float
    low_time: int
    high_time: int
    low_place: int | None
    high_place: int | None


_COLUMNS = (
    "level, first, behind, buckets, points, low_step, high_step, low_time, high_time, low_place, high_place"
)
_CHUNK_COLUMNS = (
    "0, n, n + 1, points, points, low_step, high_step, low_time, high_time, low_place, high_place"
)


def rows_of(
    connection: sqlite3.Connection, axis: int, level: int, begin: int = 0, behind: int = 1 << 62
) -> list[Row]:
    """Return the rows of a level (the chunks of level 0) that begin at a chunk in this range, in order."""
    if level:
        sql = f"SELECT {_COLUMNS} FROM axis_level WHERE axis = ? AND level = ? AND first >= ? AND first < ? ORDER BY first"  # noqa: S608, E501
        return [Row(*row) for row in connection.execute(sql, (axis, level, begin, behind))]
    sql = f"SELECT {_CHUNK_COLUMNS} FROM axis_chunk WHERE axis = ? AND n >= ? AND n < ? ORDER BY n"  # noqa: S608
    return [Row(*row) for row in connection.execute(sql, (axis, begin, behind))]


def append(
    connection: sqlite3.Connection,
    axis: int,
    metrics: Sequence[int],
    rows: chunks.AxisRows,
    values: Array,
    *,
    last: bool = False,
) -> None:
    """Put rows behind those that an axis has, and bring its levels up to them.

    ``values`` has a row for each and a column for each of ``metrics``, which are all metrics of the axis. ``last`` says
    that its writer adds no more. Raises FormatError when the chunk to extend is damaged.
    """
    if _is_sealed(connection, axis):
        reopen(connection, axis, metrics)
    if rows.flags.any():
        connection.execute("UPDATE axis SET flagged = 1 WHERE number = ?", (axis,))
    have, new = chunks.append(connection, axis, metrics, rows, values, last=last)
    if new:
        _count_late(connection, axis, have, new)
    if have <= 1:  # one chunk needs no levels
        connection.execute("UPDATE axis SET sealed = ? WHERE number = ?", (int(last), axis))
    elif last or new:
        complete(connection, axis, metrics, sealed=last)


def seal(connection: sqlite3.Connection, axis: int) -> None:
    """Pack the last chunk of an axis to which its writer adds no more, and let its levels reach its end."""
    if not _is_sealed(connection, axis):
        metrics = metrics_of(connection, axis)
        none = np.empty(0, np.int64)
        nothing = chunks.AxisRows(none, none, none, np.empty(0, np.uint8))
        append(connection, axis, metrics, nothing, np.empty((0, len(metrics))), last=True)


def metrics_of(connection: sqlite3.Connection, axis: int) -> list[int]:
    """Return the numbers of all metrics of an axis."""
    return [
        metric
        for (metric,) in connection.execute(
            "SELECT metric FROM metric_chunk WHERE axis = ? AND n = 0 ORDER BY metric",
            (axis,),
        )
    ]


def _count_late(connection: sqlite3.Connection, axis: int, have: int, new: int) -> None:
    """Count new full chunks that begin before the end of what is ahead of them; ``late_points`` sorts them."""
    begin = max(0, have - new - 1)
    furthest = connection.execute(
        "SELECT max(high_step) FROM axis_chunk WHERE axis = ? AND n < ?", (axis, begin)
    ).fetchone()[0]
    late = 0
    for row in rows_of(connection, axis, 0, begin):
        if row.points == chunks.FULL and furthest is not None and row.low_step < furthest:
            late += 1
        furthest = row.high_step if furthest is None else max(furthest, row.high_step)
    if late:
        connection.execute("UPDATE axis SET late = late + ? WHERE number = ?", (late, axis))


def _is_sealed(connection: sqlite3.Connection, axis: int) -> bool:
    return bool(connection.execute("SELECT sealed FROM axis WHERE number = ?", (axis,)).fetchone()[0])


def complete(
    connection: sqlite3.Connection, axis: int, metrics: Sequence[int], *, sealed: bool = False
) -> None:
    """Build what is missing in the levels of an axis, from the points up; ``sealed`` to its very end.

    ``metrics`` are all metrics of the axis. Building twice changes nothing. Raises FormatError for a damaged chunk.
    """
    _Builder(connection, axis, metrics).run(sealed=sealed)


def reopen(connection: sqlite3.Connection, axis: int, metrics: Sequence[int]) -> None:
    """Take away what was built for the end of an axis that goes on; call before points are appended."""
    full = connection.execute(
        "SELECT count(*) FROM axis_chunk WHERE axis = ? AND points = ?", (axis, chunks.FULL)
    ).fetchone()[0]
    for number, level, first, behind in connection.execute(
        "SELECT number, level, first, behind FROM axis_level WHERE axis = ?", (axis,)
    ).fetchall():
        span = behind - first
        regular = span in (FAN_OUT**level, FAN_OUT ** (level - 1)) and first % span == 0 and behind <= full
        if not regular:
            connection.execute("DELETE FROM axis_level WHERE number = ?", (number,))
            connection.executemany(
                "DELETE FROM metric_level WHERE metric = ? AND axis = ? AND level = ? AND first = ?",
                [(metric, axis, level, first) for metric in metrics],
            )
    connection.execute("UPDATE axis SET sealed = 0 WHERE number = ?", (axis,))


def remove(connection: sqlite3.Connection, axis: int, metrics: Sequence[int]) -> None:
    """Take away all levels of an axis; ``complete`` builds them again."""
    connection.execute("DELETE FROM axis_level WHERE axis = ?", (axis,))
    connection.executemany(
        "DELETE FROM metric_level WHERE metric = ? AND axis = ?", [(metric, axis) for metric in metrics]
    )
    connection.execute("UPDATE axis SET sealed = 0, exponent = NULL WHERE number = ?", (axis,))


class _Builder:
    """Builds the levels of one axis."""

    def __init__(self, connection: sqlite3.Connection, axis: int, metrics: Sequence[int]) -> None:
        self._connection = connection
        self._axis = axis
        self._metrics = metrics
        found = connection.execute("SELECT exponent FROM axis WHERE number = ?", (axis,)).fetchone()
        self._base: int | None = found[0]

    def run(self, *, sealed: bool) -> None:
        points = rows_of(self._connection, self._axis, 0, self._covered(1))
        if not points and not sealed:
            return
        level = 0
        while level == 0 or rows_of(self._connection, self._axis, level):
            self._add_parts(level)
            self._join_parts(level + 1)
            level += 1
        if sealed:
            self._seal()
            self._connection.execute("UPDATE axis SET sealed = 1 WHERE number = ?", (self._axis,))

    def _covered(self, level: int) -> int:
        found = self._connection.execute(
            "SELECT max(behind) FROM axis_level WHERE axis = ? AND level = ?", (self._axis, level)
        ).fetchone()
        return found[0] or 0

    def _add_parts(self, level: int) -> None:
        """Let each full row of a level that the next level does not cover yet be a part of that."""
        for row in rows_of(self._connection, self._axis, level, self._covered(level + 1)):
            full = row.points == chunks.FULL if level == 0 else row.behind - row.first == FAN_OUT**level
            if not full:
                break
            self._write(level + 1, [row], payload.RAW)

    def _join_parts(self, level: int) -> None:
        """Join parts of a level, sixteen at a time."""
        one, all_of_them = FAN_OUT ** (level - 1), FAN_OUT**level
        parts = [row for row in rows_of(self._connection, self._axis, level) if row.behind - row.first == one]
        for begin in range(len(parts) - FAN_OUT + 1):
            group = parts[begin : begin + FAN_OUT]
            if group[0].first % all_of_them == 0 and group[-1].behind == group[0].first + all_of_them:
                self._write(level, group, payload.PCODEC)

    def _seal(self) -> None:
        """Let every level reach the end of the axis, up to the first one of few buckets."""
        level = 0
        while True:
            rows = rows_of(self._connection, self._axis, level)
            if sum(row.entries for row in rows) <= (chunks.FULL if level == 0 else _FEW):
                return
            one = FAN_OUT**level
            above = rows_of(self._connection, self._axis, level + 1)
            parts = [row for row in above if row.behind - row.first == one]
            rest = [row for row in rows if row.first >= (above[-1].behind if above else 0)]
            if parts or rest:
                self._write(level + 1, [*parts, *rest], payload.PCODEC)
            level += 1

    def _write(self, level: int, rows: Sequence[Row], codec: int) -> None:
        """Write one row of a level: in place of some rows of it, then of some of the level below, which stay."""
        parts = axis_entries(self._connection, self._axis, rows)
        exponent = self._exponent(parts, sum(row.entries for row in rows if row.level < level), rows)
        how = buckets.merging(parts.low_steps, parts.high_steps, parts.low_times, parts.high_times, exponent)
        merged = buckets.merged_axis(parts, how)
        first, behind = rows[0].first, rows[-1].behind
        values = []
        for group in self._groups(len(parts)):
            found = value_entries(self._connection, self._axis, rows, group)
            made = buckets.merged_values(found, parts.counts, how)
            values += [
                (metric, self._axis, level, first, *_packed_values(made, index, codec))
                for index, metric in enumerate(group)
            ]
        for row in rows:
            if row.level == level:
                self._delete(row)
        self._connection.execute(
            "INSERT INTO axis_level (axis, level, first, behind, exponent, buckets, points, low_step, high_step,"
            " low_time, high_time, low_place, high_place, counts, low_steps, high_steps, low_times, high_times)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._axis, level, first, behind, exponent, len(merged), sum(row.points for row in rows)),
                *_ranges(rows),
                *(payload.encode(getattr(merged, name), codec) for name in _AXIS_ARRAYS),
            ),
        )
        self._connection.executemany(
            "INSERT INTO metric_level (metric, axis, level, first, lows, highs, means, firsts, lasts, nonfinite)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    def _exponent(self, parts: AxisBuckets, below: int, rows: Sequence[Row]) -> int:
        if self._base is None:
            self._base = buckets.base_exponent(parts.low_steps)
            self._connection.execute(
                "UPDATE axis SET exponent = ? WHERE number = ?", (self._base, self._axis)
            )
        # rows are joined at the width of the widest of them, and no part has more buckets than a quarter of a chunk
        widths = [self._exponent_of(row) for row in rows if row.level]
        if below:
            least = max([self._base, *widths])
            widths.append(buckets.exponent_for(parts.low_steps[-below:], least, chunks.FULL // 4))
        return max(widths)

    def _exponent_of(self, row: Row) -> int:
        return int(
            self._connection.execute(
                "SELECT exponent FROM axis_level WHERE axis = ? AND level = ? AND first = ?",
                (self._axis, row.level, row.first),
            ).fetchone()[0]
        )

    def _delete(self, row: Row) -> None:
        where = "axis = ? AND level = ? AND first = ?"
        self._connection.execute(f"DELETE FROM axis_level WHERE {where}", (self._axis, row.level, row.first))  # noqa: S608
        self._connection.executemany(
            f"DELETE FROM metric_level WHERE metric = ? AND {where}",  # noqa: S608
            [(metric, self._axis, row.level, row.first) for metric in self._metrics],
        )

    def _groups(self, entries: int) -> Iterator[Sequence[int]]:
        size = max(1, _MOST_VALUES // max(1, entries))
        for begin in range(0, len(self._metrics), size):
            yield self._metrics[begin : begin + size]


def axis_entries(connection: sqlite3.Connection, axis: int, rows: Sequence[Row]) -> AxisBuckets:
    """Return the entries of several rows, one row behind the other."""
    parts = [read_axis(connection, axis, row) for row in rows]
    return AxisBuckets(
        np.concatenate([part.counts for part in parts]),
        chunks.join_steps([part.low_steps for part in parts]),
        chunks.join_steps([part.high_steps for part in parts]),
        np.concatenate([part.low_times for part in parts]),
        np.concatenate([part.high_times for part in parts]),
    )


def value_entries(
    connection: sqlite3.Connection, axis: int, rows: Sequence[Row], metrics: Sequence[int]
) -> ValueBuckets:
    """Return the values of some metrics in the entries of several rows; arrays of shape (metrics, entries)."""
    per_metric = [
        ValueBuckets.joined([read_values(connection, axis, metric, row) for row in rows])
        for metric in metrics
    ]
    return ValueBuckets(
        *(
            np.concatenate([getattr(found, name) for found in per_metric])
            for name in (*_VALUE_ARRAYS, "nonfinite")
        )
    )


def read_axis(connection: sqlite3.Connection, axis: int, row: Row) -> AxisBuckets:
    """Return the entries of a row: buckets, or points, each of which is a bucket of its own."""
    if row.level == 0:
        steps, times = connection.execute(
            "SELECT steps, times FROM axis_chunk WHERE axis = ? AND n = ?", (axis, row.first)
        ).fetchone()
        at, when = payload.decode(steps), payload.decode(times)
        return AxisBuckets(np.ones(len(at), np.int64), at, at, when, when)
    found = connection.execute(
        f"SELECT {', '.join(_AXIS_ARRAYS)} FROM axis_level WHERE axis = ? AND level = ? AND first = ?",  # noqa: S608
        (axis, row.level, row.first),
    ).fetchone()
    return AxisBuckets(*map(payload.decode, found))


def read_values(connection: sqlite3.Connection, axis: int, metric: int, row: Row) -> ValueBuckets:
    """Return the values of one metric in the entries of a row; arrays of shape (1, entries)."""
    if row.level == 0:
        found = connection.execute(
            "SELECT vals FROM metric_chunk WHERE metric = ? AND n = ? AND axis = ?", (metric, row.first, axis)
        ).fetchone()
        values = payload.decode(found[0] if found else b"").reshape(1, -1)
        finite = np.isfinite(values)
        shown = np.where(finite, values, np.nan)
        return ValueBuckets(shown, shown, shown, values, values, (~finite).astype(np.int64))
    found = connection.execute(
        f"SELECT {', '.join(_VALUE_ARRAYS)}, nonfinite FROM metric_level"  # noqa: S608
        " WHERE metric = ? AND axis = ? AND level = ? AND first = ?",
        (metric, axis, row.level, row.first),
    ).fetchone()
    if found is None:
        raise FormatError(
            f"metric {metric} lacks the row {row.first} of level {row.level} of its axis {axis}",
            hint="run `trackrecord check --fix`",
        )
    arrays = [payload.decode(packed).reshape(1, -1) for packed in found[:-1]]
    if any(array.shape != (1, row.entries) for array in arrays):
        raise FormatError(
            f"level {row.level} of metric {metric} and axis {axis} does not fit",
            hint="run `trackrecord check --fix`",
        )
    nonfinite = (
        np.zeros((1, row.entries), np.int64)
        if found[-1] is None
        else payload.decode(found[-1]).reshape(1, -1)
    )
    lows, highs, means, firsts, lasts = arrays
    return ValueBuckets(lows, highs, means, firsts, lasts, nonfinite)


def _packed_values(made: ValueBuckets, index: int, codec: int) -> list[bytes | None]:
    packed: list[bytes | None] = [
        payload.encode(np.ascontiguousarray(getattr(made, name)[index]), codec) for name in _VALUE_ARRAYS
    ]
    nonfinite = np.ascontiguousarray(made.nonfinite[index])
    return [*packed, payload.encode(nonfinite, codec) if nonfinite.any() else None]


def _ranges(rows: Sequence[Row]) -> tuple[Any, ...]:
    """Return ranges of step, time and place over some rows; places are not known where one of them does not know."""
    low_places = [row.low_place for row in rows if row.low_place is not None]
    high_places = [row.high_place for row in rows if row.high_place is not None]
    known = len(low_places) == len(high_places) == len(rows)
    return (
        min(row.low_step for row in rows),
        max(row.high_step for row in rows),
        min(row.low_time for row in rows),
        max(row.high_time for row in rows),
        min(low_places) if known else None,
        max(high_places) if known else None,
    )
