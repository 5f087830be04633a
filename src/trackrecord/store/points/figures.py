"""The row of figures of a metric: first, last, extremes, mean. Adding to it gives the same however points are split.

"First" and "last" are the values at the least and greatest (step, time, value), where NaN counts as greater than any
value. Minimum, maximum and mean are over the finite values.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.points.exact import ExactSum

Array = np.ndarray[Any, Any]

#: so many are asked for in one statement
_AT_ONCE = 500
#: (step, time, value)
Point = tuple[float, int, float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of some points of one metric; ``low`` and ``high`` are (value, least step that has it)."""

    points: int
    nonfinite: int
    first: Point
    last: Point
    low: tuple[float, float] | None
    high: tuple[float, float] | None
    total: ExactSum

    def __add__(self, other: Figures) -> Figures:
        """Return the figures of both sets of points together."""
        return Figures(
            self.points + other.points,
            self.nonfinite + other.nonfinite,
            _earlier(self.first, other.first),
            _later(self.last, other.last),
            _better(self.low, other.low, 1.0),
            _better(self.high, other.high, -1.0),
            self.total + other.total,
        )

    def row(self) -> tuple[Any, ...]:
        """Return the columns of the table ``metric`` from ``points`` on, in the order of COLUMNS."""
        finite = self.points - self.nonfinite
        return (
            self.points,
            self.nonfinite,
            self.first[2],
            self.last[2],
            None if self.low is None else self.low[0],
            None if self.high is None else self.high[0],
            self.total.over(finite) if finite else None,
            self.total.text(),
            None if self.low is None else self.low[1],
            None if self.high is None else self.high[1],
            float(self.first[0]),
            float(self.last[0]),
            self.first[1],
            self.last[1],
        )


COLUMNS = (
    "points, nonfinite, first, last, min, max, mean, total, min_step, max_step,"
    " first_step, last_step, first_time, last_time"
)
#: the row of a metric all of whose points are hidden
NO_POINTS: tuple[Any, ...] = (0, 0, None, None, None, None, None, "0:0", None, None, 0.0, 0.0, 0, 0)


def stored(
    connection: sqlite3.Connection, run: int, keys: Sequence[str]
) -> dict[str, tuple[int, Figures | None]]:
    """Return by name the number and the figures of those metrics that a run has, None where no point is visible."""
    found = {}
    for begin in range(0, len(keys), _AT_ONCE):
        part = keys[begin : begin + _AT_ONCE]
        for key, number, *row in connection.execute(
            f"SELECT key, number, {COLUMNS} FROM metric WHERE run = ? AND key IN ({', '.join('?' * len(part))})",  # noqa: S608
            (run, *part),
        ):
            found[key] = number, _from_row(row)
    return found


def _from_row(row: Sequence[Any]) -> Figures | None:
    points, nonfinite, first, last, low, high, _, total, low_step, high_step, *ends = row
    if not points:
        return None
    first_step, last_step, first_time, last_time = ends
    return Figures(
        points,
        nonfinite,
        (first_step, first_time, math.nan if first is None else first),
        (last_step, last_time, math.nan if last is None else last),
        None if low is None else (low, low_step),
        None if high is None else (high, high_step),
        ExactSum.from_text(total),
    )


def of_columns(steps: Array, times: Array, values: Array) -> list[Figures]:
    """Return the figures of each column of ``values``, whose rows are at ``steps`` and ``times``; at least one row."""
    first, last = ends(steps, times)
    if len(first) == len(last) == 1 and np.isfinite(values).all():
        return _of_plain_columns(steps, times, values, (int(first[0]), int(last[0])))
    return [of_column(steps, times, column, first, last) for column in values.T]


def _of_plain_columns(steps: Array, times: Array, values: Array, ends: tuple[int, int]) -> list[Figures]:
    """Return the figures of columns of finite values, given the one row at each end."""
    ended = []
    for row in ends:
        step, time = steps[row].item(), times[row].item()
        ended.append([(step, time, value) for value in values[row].tolist()])
    extremes = []
    furthest = steps.max()
    for extreme in (values.min(axis=0), values.max(axis=0)):
        at = np.where(values == extreme, steps[:, None], furthest).min(axis=0)
        extremes.append(zip(extreme.tolist(), at.astype(np.float64).tolist(), strict=True))
    found = zip(*ended, *extremes, values.T, strict=True)
    return [
        Figures(len(column), 0, first, last, low, high, ExactSum.of(column))
        for first, last, low, high, column in found
    ]


def of_column(
    steps: Array, times: Array, values: Array, first: Array | None = None, last: Array | None = None
) -> Figures:
    """Return the figures of one metric; ``first`` and ``last`` are the rows at the ends where those are known."""
    if first is None or last is None:
        first, last = ends(steps, times)
    finite = np.isfinite(values)
    count = int(np.count_nonzero(finite))
    if count == len(values):
        shown, at = values, steps
    else:
        shown, at = values[finite], steps[finite]
    low = high = None
    if count:
        least, greatest = shown.min(), shown.max()
        low = (float(least), float(at[shown == least].min()))
        high = (float(greatest), float(at[shown == greatest].min()))
    return Figures(
        len(values),
        len(values) - count,
        min((_point(steps, times, values, row) for row in first.tolist()), key=_rank),
        max((_point(steps, times, values, row) for row in last.tolist()), key=_rank),
        low,
        high,
        ExactSum.of(shown),
    )


def ends(steps: Array, times: Array) -> tuple[Array, Array]:
    """Return the rows with the least and those with the greatest (step, time)."""
    found = []
    for extreme in (np.min, np.max):
        rows = np.flatnonzero(steps == extreme(steps))
        found.append(rows[times[rows] == extreme(times[rows])])
    return found[0], found[1]


def _point(steps: Array, times: Array, values: Array, row: int) -> Point:
    return steps[row].item(), times[row].item(), values[row].item()


def _earlier(one: Point, other: Point) -> Point:
    if one[:2] != other[:2]:
        return one if one[:2] < other[:2] else other
    return min(one, other, key=_rank)


def _later(one: Point, other: Point) -> Point:
    if one[:2] != other[:2]:
        return one if one[:2] > other[:2] else other
    return max(one, other, key=_rank)


def _rank(point: Point) -> tuple[float, int, bool, float]:
    step, time, value = point
    missing = math.isnan(value)
    return step, time, missing, 0.0 if missing else value


def _better(
    one: tuple[float, float] | None, other: tuple[float, float] | None, sign: float
) -> tuple[float, float] | None:
    if one is None or other is None:
        return one or other
    if one[0] != other[0]:
        return one if sign * one[0] < sign * other[0] else other
    return one if one[1] <= other[1] else other
