"""The rows of the levels of one metric, as entries of a curve, cut exactly at the ends of what is asked for.

A bucket that lies across the end of a range, or the step of a fork, is opened: what it is made of is taken from the
level below, and so on down to the points. So is one that is wider than a pixel: points of the same steps may be far
apart in time. So a curve shows what lies in its range and nothing else, and where it lies.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.contract import RELATIVE, STEP, SeriesRequest
from trackrecord.store.points import chunks, payload
from trackrecord.store.points.entries import Entries
from trackrecord.store.points.history import NOTHING, Ancestor, History, ordered, visible_rows
from trackrecord.store.points.levels import Row, rows_of
from trackrecord.store.points.planner import Part, Window

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis that a metric of a run, or of one that it was forked from, has points on."""

    number: int
    writer: str
    ancestor: Ancestor
    flagged: bool

    @property
    def metric(self) -> int:
        """The number of the metric that has points on it."""
        assert self.ancestor.metric is not None
        return self.ancestor.metric


@dataclass(frozen=True, slots=True)
class Shared:
    """What all metrics of an axis share in one row of a level: points of each bucket, and where it begins and ends."""

    counts: Array
    begins: Array
    ends: Array


@dataclass(frozen=True, slots=True)
class _Limits:
    """What of a row is wanted: what lies in a window and, where they are given, in some stretches of steps.

    The stretches are apart from each other and in order. No bucket may be wider than ``widest``.
    """

    window: Window
    widest: float
    begins: Array | None = None
    ends: Array | None = None

    def hold(self, begins: Array, ends: Array) -> Array:
        """Tell of each entry, by its least and greatest step, whether it lies in one of the stretches."""
        if self.begins is None or self.ends is None:
            return np.ones(len(begins), bool)
        at = np.searchsorted(self.begins, begins, side="right") - 1
        held: Array = (at >= 0) & (ends <= self.ends[at])
        return held

    def meet(self, row: Row) -> bool:
        """Tell whether a row may have anything in one of the stretches."""
        if self.begins is None or self.ends is None:
            return True
        return bool(((self.begins <= row.high_step) & (self.ends >= row.low_step)).any())


class RowReader:
    """Reads rows of one moment of the store; what several curves share is read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._shared: dict[tuple[int, int, int, bool], Shared] = {}
        self._created: dict[str, int] = {}
        self.bytes_read = 0

    def created(self, run: str) -> int:
        """Return when a run was created, in nanoseconds since 1970; 0 when it is not here."""
        if run not in self._created:
            row = self._connection.execute("SELECT created FROM run WHERE id = ?", (run,)).fetchone()
            self._created[run] = 0 if row is None else row[0]
        return self._created[run]

    def x(self, found: History, request: SeriesRequest) -> Array:
        """Return where points lie on the axis of a request."""
        if request.x == STEP:
            return found.steps.astype(np.float64)
        return (found.times - (self.created(request.run) if request.x == RELATIVE else 0)) / 1e9

    def points(self, plans: list[tuple[Axis, list[Part]]]) -> History:
        """Return the points of some chunks, in order."""
        parts = []
        for axis, chosen in plans:
            for part in chosen:
                steps, times, places, flags, values = self._connection.execute(
                    "SELECT c.steps, c.times, c.places, c.flags, m.vals FROM axis_chunk c"
                    " JOIN metric_chunk m ON m.metric = ? AND m.n = c.n AND m.axis = c.axis"
                    " WHERE c.axis = ? AND c.n = ?",
                    (axis.metric, axis.number, part.row.first),
                ).fetchone()
                rows = chunks.decode_rows(steps, times, None if part.whole else places, flags)
                numbers = chunks.decode_values(values, len(rows), axis.metric, axis.number)
                self.bytes_read += len(steps) + len(times) + len(values) + (0 if part.whole else len(places))
                found = History(rows.steps, rows.times, numbers)
                if not part.whole:
                    kept = visible_rows(axis.writer, rows, axis.ancestor.rewinds)
                    kept &= rows.steps <= axis.ancestor.limit
                    found = found.kept(kept)
                parts.append(found)
        return ordered(parts, None) if parts else NOTHING

    def entries(
        self,
        plans: list[tuple[Axis, list[Part]]],
        request: SeriesRequest,
        window: Window,
        widest: float = np.inf,
    ) -> Entries:
        """Return what some rows hold in a window, axis by axis; no bucket of several points is wider than ``widest``.

        ``widest`` is in the units of the window: steps or nanoseconds.
        """
        found: list[Entries] = []
        for axis, parts in plans:
            for part in parts:
                found += self._within(axis, part, request, _Limits(window, widest))
        return Entries.joined(found)

    def shared(self, axis: Axis, row: Row, *, by_time: bool) -> Shared:
        """Return what all metrics share in a row of a level: ranges of steps, or of times in nanoseconds since 1970."""
        key = (axis.number, row.level, row.first, by_time)
        found = self._shared.get(key)
        if found is None:
            names = "counts, low_times, high_times" if by_time else "counts, low_steps, high_steps"
            packed = self._connection.execute(
                f"SELECT {names} FROM axis_level WHERE axis = ? AND level = ? AND first = ?",  # noqa: S608
                key[:3],
            ).fetchone()
            self.bytes_read += sum(map(len, packed))
            found = self._shared[key] = Shared(*map(payload.decode, packed))
        return found

    def _within(self, axis: Axis, part: Part, request: SeriesRequest, limits: _Limits) -> list[Entries]:
        row, window = part.row, limits.window
        if row.level == 0:
            points = self.points([(axis, [part])])
            points = points.kept(limits.hold(points.steps, points.steps))
            at = points.times if window.by_time else points.steps
            points = points.kept(window.sort_out(at, at)[0])
            return [Entries.of_points(self.x(points, request), points.values)]
        found = self._buckets(axis, row, request)
        here = self.shared(axis, row, by_time=window.by_time)
        # times as whole numbers, which float64 knows to 256 ns only; steps as float64, where no distance is too great
        begins = here.begins if window.by_time else here.begins.astype(np.float64)
        wide = (here.ends - begins > limits.widest) & (here.counts > 1)
        if limits.begins is None and part.whole and window.holds(row) and not wide.any():
            return [found]
        steps = self.shared(axis, row, by_time=False)
        wanted, across = window.sort_out(here.begins, here.ends)
        inside = limits.hold(steps.begins, steps.ends) & (steps.begins <= part.shown.cut)
        opened = (across | (wanted & (wide | (steps.ends > part.shown.cut)))) & inside
        parts = [found.kept(wanted & inside & ~opened)]
        if opened.any():
            narrower = _Limits(window, limits.widest, steps.begins[opened], steps.ends[opened])
            for below in rows_of(self._connection, axis.number, row.level - 1, row.first, row.behind):
                if window.meets(below) and narrower.meet(below):
                    parts += self._within(axis, Part(below, part.shown), request, narrower)
        return parts

    def _buckets(self, axis: Axis, row: Row, request: SeriesRequest) -> Entries:
        shared = self.shared(axis, row, by_time=request.x != STEP)
        lows, highs, means, nonfinite = self._connection.execute(
            "SELECT lows, highs, means, nonfinite FROM metric_level"
            " WHERE metric = ? AND axis = ? AND level = ? AND first = ?",
            (axis.metric, axis.number, row.level, row.first),
        ).fetchone()
        self.bytes_read += sum(len(packed) for packed in (lows, highs, means, nonfinite or b""))
        begins, ends = shared.begins, shared.ends
        if request.x != STEP:
            start = self.created(request.run) if request.x == RELATIVE else 0
            begins, ends = (begins - start) / 1e9, (ends - start) / 1e9
        low, high, mean = (
            chunks.decode_values(packed, len(shared.counts), axis.metric, axis.number)
            for packed in (lows, highs, means)
        )
        return Entries(
            begins.astype(np.float64),
            ends.astype(np.float64),
            low,
            high,
            mean,
            shared.counts,
            np.zeros(len(shared.counts), np.int64) if nonfinite is None else payload.decode(nonfinite),
        )
