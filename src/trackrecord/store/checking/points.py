"""Whether the points of a run are whole: chunks against checksums, axes and headers, figures against points.

One run at a time, one chunk at a time: memory does not grow with the store.
"""

from __future__ import annotations

import math
import sqlite3
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trackrecord.store.checking.finding import Finding
from trackrecord.store.points import chunks, figures, payload
from trackrecord.store.points.history import Rewind, own_history, rewinds_of, visible_rows
from trackrecord.words.errors import FormatError

Array = np.ndarray[Any, Any]

_RANGES = "low_step, high_step, low_time, high_time, low_place, high_place"


@dataclass(slots=True)
class AxisDamage:
    """Which chunks of an axis can't be read.

    ``rows`` are chunks whose steps, times, places or flags are damaged or missing; ``values`` are by metric (number)
    the chunks of which only that metric's values are.
    """

    axis: int
    writer: str
    rows: set[int] = field(default_factory=set)
    values: dict[int, set[int]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.rows or self.values)


@dataclass(slots=True)
class RunPoints:
    """What the check of one run's points found, with all that a repair needs to know."""

    findings: list[Finding] = field(default_factory=list)
    damage: list[AxisDamage] = field(default_factory=list)
    #: (axis, chunk) to the header that it should have: points and ranges
    headers: dict[tuple[int, int], tuple[Any, ...]] = field(default_factory=dict)
    #: metric (number) to the figures that it should have
    figures: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    #: axes whose mark "some rows may be repetitions" is missing
    unflagged: set[int] = field(default_factory=set)
    points: int = 0
    chunks: int = 0


def check_points(connection: sqlite3.Connection, run: int, run_id: str) -> RunPoints:
    """Check all chunks and figures of a run (by number and id)."""
    return _Check(connection, run, run_id).run()


class _Check:
    def __init__(self, connection: sqlite3.Connection, run: int, run_id: str) -> None:
        self._connection = connection
        self._run, self._id = run, run_id
        self._found = RunPoints()
        self._rewinds: list[Rewind] = []
        #: figures so far of each metric; metrics with repetitions are added up at the end
        self._sums: dict[int, figures.Figures | None] = {}
        self._repeated: set[int] = set()
        self._names: dict[int, str] = {}

    def run(self) -> RunPoints:
        connection = self._connection
        self._rewinds = rewinds_of(connection, self._run)
        stored = {
            number: (key, tuple(row))
            for number, key, *row in connection.execute(
                f"SELECT number, key, {figures.COLUMNS} FROM metric WHERE run = ?",  # noqa: S608
                (self._run,),
            )
        }
        self._names = {number: key for number, (key, _) in stored.items()}
        axes = connection.execute(
            "SELECT number, writer, flagged FROM axis WHERE run = ? ORDER BY number", (self._run,)
        ).fetchall()
        parts = self._chunks_by_axis()
        for axis, writer, flagged in axes:
            damage = AxisDamage(axis, writer)
            self._check_axis(damage, bool(flagged), parts.pop(axis, {}))
            if damage:
                self._found.damage.append(damage)
        if not self._found.damage:  # else the repair changes what there is to sum up
            self._check_figures(stored)
        return self._found

    def _chunks_by_axis(self) -> dict[int, dict[int, set[int]]]:
        """Return axis to metric to the numbers of its chunks there."""
        parts: dict[int, dict[int, set[int]]] = {}
        for metric, axis, n in self._connection.execute(
            "SELECT c.metric, c.axis, c.n FROM metric m JOIN metric_chunk c ON c.metric = m.number WHERE m.run = ?",
            (self._run,),
        ):
            parts.setdefault(axis, {}).setdefault(metric, set()).add(n)
        return parts

    def _check_axis(self, damage: AxisDamage, flagged: bool, metrics: dict[int, set[int]]) -> None:
        axis = damage.axis
        held = {n for (n,) in self._connection.execute("SELECT n FROM axis_chunk WHERE axis = ?", (axis,))}
        expected = set(range(max((held | set().union(*metrics.values())) or {-1}) + 1))
        for n in sorted(expected - held):
            damage.rows.add(n)
            self._say("chunk", f"axis {axis}, chunk {n}", "the steps of this chunk are missing")
        for n in sorted(held):
            rows = self._axis_rows(axis, n)
            if isinstance(rows, str):
                damage.rows.add(n)
                self._say("chunk", f"axis {axis}, chunk {n}", f"its steps can't be read: {rows}")
                continue
            if rows.flags.any():
                self._repeated.update(metrics)
                if not flagged:
                    self._found.unflagged.add(axis)
                    self._say(
                        "header",
                        f"axis {axis}",
                        "the mark that some of its rows may be repetitions is missing",
                    )
                    flagged = True
            self._check_values(damage, n, rows, metrics)

    def _axis_rows(self, axis: int, n: int) -> chunks.AxisRows | str:
        """Return the rows of a chunk of an axis, or what is wrong with it."""
        points, *header, steps, times, places, flags = self._connection.execute(
            f"SELECT points, {_RANGES}, steps, times, places, flags FROM axis_chunk WHERE axis = ? AND n = ?",  # noqa: S608
            (axis, n),
        ).fetchone()
        self._found.chunks += 1
        try:
            at, when, where = _numbers(steps, "if"), _numbers(times, "i"), _numbers(places, "i")
            marks = np.zeros(len(at), np.uint8) if flags is None else _numbers(flags, "u")
        except FormatError as error:
            return error.message
        if not len(at) == len(when) == len(where) == len(marks) or not len(at):
            return f"it holds {len(at)} steps, {len(when)} times, {len(where)} places and {len(marks)} flags"
        rows = chunks.AxisRows(at, when, where, marks)
        truth = (len(at), *_ranges(rows))
        # places are not known of chunks that schema 1 wrote
        said = (points, *header)
        if any(have != should for have, should in zip(said, truth, strict=True) if have is not None):
            self._found.headers[axis, n] = truth
            self._say("header", f"axis {axis}, chunk {n}", f"says {said} of its points, which are {truth}")
        return rows

    def _check_values(
        self, damage: AxisDamage, n: int, rows: chunks.AxisRows, metrics: dict[int, set[int]]
    ) -> None:
        axis = damage.axis
        kept = visible_rows(damage.writer, rows, self._rewinds)
        all_kept = bool(kept.all())
        shown = (
            rows if all_kept else chunks.AxisRows(rows.steps[kept], rows.times[kept], rows.places, rows.flags)
        )
        ends = figures.ends(shown.steps, shown.times) if len(shown.steps) else None
        for metric, held in sorted(metrics.items()):
            values = self._values_of(metric, axis, n, len(rows)) if n in held else "they are missing"
            if isinstance(values, str):
                damage.values.setdefault(metric, set()).add(n)
                name = self._names.get(metric, metric)
                self._say(
                    "chunk", f"metric {name!r}, axis {axis}, chunk {n}", f"its values can't be read: {values}"
                )
                continue
            self._found.points += len(values)
            if ends is not None and metric not in self._repeated:
                self._add(metric, shown, values if all_kept else values[kept], ends)

    def _values_of(self, metric: int, axis: int, n: int, points: int) -> Array | str:
        (packed,) = self._connection.execute(
            "SELECT vals FROM metric_chunk WHERE metric = ? AND n = ? AND axis = ?", (metric, n, axis)
        ).fetchone()
        self._found.chunks += 1
        try:
            values = _numbers(packed, "f")
        except FormatError as error:
            return error.message
        return values if len(values) == points else f"it holds {len(values)} values at {points} steps"

    def _add(self, metric: int, rows: chunks.AxisRows, values: Array, ends: tuple[Array, Array]) -> None:
        new = figures.of_column(rows.steps, rows.times, values, *ends)
        before = self._sums.get(metric)
        self._sums[metric] = new if before is None else before + new

    def _check_figures(self, stored: dict[int, tuple[str, tuple[Any, ...]]]) -> None:
        for metric, (key, row) in stored.items():
            if metric in self._repeated:
                found = own_history(self._connection, metric, self._rewinds)
                total = figures.of_column(found.steps, found.times, found.values) if len(found) else None
            else:
                total = self._sums.get(metric)
            should = figures.NO_POINTS if total is None else total.row()
            wrong = [
                name
                for name, have, want in zip(figures.COLUMNS.split(", "), row, should, strict=True)
                if not _same(have, want)
            ]
            if wrong:
                self._found.figures[metric] = should
                self._say("figures", f"metric {key!r}", f"{', '.join(wrong)} do not fit its points")

    def _say(self, kind: str, place: str, message: str) -> None:
        self._found.findings.append(
            Finding(kind, f"store.db: run {self._id}, {place}", message, run=self._id)
        )


def _numbers(packed: object, kinds: str) -> Array:
    if not isinstance(packed, bytes):
        raise FormatError("the payload is missing")
    numbers = payload.decode(packed)
    if numbers.dtype.kind not in kinds:
        raise FormatError(f"the payload holds numbers of another kind ({numbers.dtype.str})")
    return numbers


def _ranges(rows: chunks.AxisRows) -> tuple[Any, ...]:
    return (
        *(float(rows.steps.min()), float(rows.steps.max())),
        *(int(rows.times.min()), int(rows.times.max())),
        *(int(rows.places.min()), int(rows.places.max())),
    )


def _same(have: Any, want: Any) -> bool:
    if isinstance(want, float) and math.isnan(want):
        want = None  # SQLite keeps NaN as NULL
    return bool(have == want)
