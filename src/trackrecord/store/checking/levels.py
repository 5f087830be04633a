"""Whether the levels above the points of a run say what the points say: each row against what it was made of.

A row of level k is made of the rows of level k - 1 (points, for level 1) that cover the same chunks; they are merged
again here and compared. So memory holds one row and its parts, whatever the length of the series.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trackrecord.store.checking.finding import NOTE, Finding
from trackrecord.store.points import buckets, chunks, levels
from trackrecord.words.errors import FormatError

Array = np.ndarray[Any, Any]

_EXACT_AXIS = ("counts", "low_steps", "high_steps", "low_times", "high_times")
_EXACT_VALUES = ("lows", "highs", "nonfinite")
#: means of means are rounded differently than those of points
_RELATIVE, _OF_RANGE = 1e-9, 1e-9


@dataclass(slots=True)
class RunLevels:
    """What was found about the levels of one run; ``wrong`` and ``behind`` are axes, with all their metrics."""

    findings: list[Finding] = field(default_factory=list)
    wrong: dict[int, list[int]] = field(default_factory=dict)
    behind: dict[int, list[int]] = field(default_factory=dict)
    rows: int = 0


def check_levels(connection: sqlite3.Connection, run: int, run_id: str, *, deep: bool) -> RunLevels:
    """Check the levels of a run whose chunks are whole.

    ``deep`` compares every bucket with what it was made of; without it payloads and ranges are checked only.
    """
    found = RunLevels()
    axes = connection.execute("SELECT number FROM axis WHERE run = ? ORDER BY number", (run,)).fetchall()
    for (axis,) in axes:
        metrics = levels.metrics_of(connection, axis)
        place = f"store.db: run {run_id}, axis {axis}"
        try:
            wrong = _wrong_in(connection, axis, metrics, found, deep=deep)
        except (FormatError, ValueError, TypeError) as error:
            wrong = getattr(error, "message", str(error))
        if wrong is not None:
            found.wrong[axis] = metrics
            found.findings.append(
                Finding("levels", place, f"its levels do not fit its points: {wrong}", run=run_id)
            )
        elif _is_behind(connection, axis):
            found.behind[axis] = metrics
            message = "its levels are not built yet; curves are made from the points meanwhile"
            found.findings.append(Finding("levels-behind", place, message, NOTE, run_id))
    return found


def _wrong_in(
    connection: sqlite3.Connection, axis: int, metrics: list[int], found: RunLevels, *, deep: bool
) -> str | None:
    below = levels.rows_of(connection, axis, 0)
    level = 1
    while True:
        rows = levels.rows_of(connection, axis, level)
        if not rows:
            break
        behind = 0
        for row in rows:
            found.rows += 1
            if row.first != behind or row.behind <= row.first:
                return f"row {row.first} of level {level} begins where the one before it does not end"
            behind = row.behind
            parts = [part for part in below if row.first <= part.first and part.behind <= row.behind]
            if [part.first for part in parts[:1]] != [row.first] or parts[-1].behind != row.behind:
                return f"row {row.first} of level {level} covers what the level below does not"
            wrong = _wrong_in_row(connection, axis, metrics, row, parts, deep=deep)
            if wrong:
                return f"row {row.first} of level {level}: {wrong}"
        below, level = rows, level + 1
    stray = connection.execute(
        "SELECT count(*) FROM axis_level WHERE axis = ? AND level >= ?", (axis, level)
    ).fetchone()[0]
    return f"{stray} rows lie above a level that is not there" if stray else None


def _wrong_in_row(
    connection: sqlite3.Connection,
    axis: int,
    metrics: list[int],
    row: levels.Row,
    parts: list[levels.Row],
    *,
    deep: bool,
) -> str | None:
    have = levels.read_axis(connection, axis, row)
    if len(have) != row.entries or any(len(getattr(have, name)) != row.entries for name in _EXACT_AXIS):
        return f"it holds {len(have)} buckets and says {row.entries}"
    if int(have.counts.sum()) != row.points or row.points != sum(part.points for part in parts):
        return f"its buckets count {int(have.counts.sum())} points, it says {row.points}"
    ranges = (
        *(float(have.low_steps.min()), float(have.high_steps.max())),
        *(int(have.low_times.min()), int(have.high_times.max())),
    )
    if ranges != (row.low_step, row.high_step, row.low_time, row.high_time):
        return "its ranges are not those of its buckets"
    if not deep:
        for metric in metrics:
            levels.read_values(connection, axis, metric, row)
        return None
    entries = [levels.read_axis(connection, axis, part) for part in parts]
    joined = buckets.AxisBuckets(
        np.concatenate([part.counts for part in entries]),
        chunks.join_steps([part.low_steps for part in entries]),
        chunks.join_steps([part.high_steps for part in entries]),
        np.concatenate([part.low_times for part in entries]),
        np.concatenate([part.high_times for part in entries]),
    )
    (exponent,) = connection.execute(
        "SELECT exponent FROM axis_level WHERE axis = ? AND level = ? AND first = ?",
        (axis, row.level, row.first),
    ).fetchone()
    how = buckets.merging(joined.low_steps, joined.high_steps, joined.low_times, joined.high_times, exponent)
    want = buckets.merged_axis(joined, how)
    for name in _EXACT_AXIS:
        if not np.array_equal(getattr(have, name), getattr(want, name)):
            return f"its {name} are not those of what it was made of"
    for metric in metrics:
        values = levels.read_values(connection, axis, metric, row)
        made_of = buckets.ValueBuckets.joined(
            [levels.read_values(connection, axis, metric, part) for part in parts]
        )
        wrong = _wrong_in_values(values, buckets.merged_values(made_of, joined.counts, how), how)
        if wrong:
            return f"{wrong} of metric {metric} are not those of what they were made of"
    return None


def _wrong_in_values(
    have: buckets.ValueBuckets, want: buckets.ValueBuckets, how: buckets.Merging
) -> str | None:
    for name in _EXACT_VALUES:
        if not np.array_equal(getattr(have, name), getattr(want, name), equal_nan=True):
            return name
    # where points of one step lie in several parts, any of them may be called the first or the last one
    if how.order is None:
        for name in ("firsts", "lasts"):
            if not np.array_equal(getattr(have, name), getattr(want, name), equal_nan=True):
                return name
    with np.errstate(over="ignore", invalid="ignore"):
        room = _OF_RANGE * (np.abs(want.lows) + np.abs(want.highs))
        apart = np.abs(have.means - want.means) > room + _RELATIVE * np.abs(want.means)
    unequal = np.isnan(have.means) != np.isnan(want.means)
    return "means" if bool((apart | unequal).any()) else None


def _is_behind(connection: sqlite3.Connection, axis: int) -> bool:
    full, level = connection.execute(
        "SELECT (SELECT count(*) FROM axis_chunk WHERE axis = :axis AND points = :full),"
        " (SELECT count(*) FROM axis_level WHERE axis = :axis)",
        {"axis": axis, "full": chunks.FULL},
    ).fetchone()
    return bool(full > 1 and level == 0)
