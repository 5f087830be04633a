"""One curve from the levels of its axes: which rows to read, at which level, and what to make of them."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from trackrecord.store.contract import RELATIVE, STEP, SampledSeries, SeriesRequest
from trackrecord.store.points.entries import Entries
from trackrecord.store.points.history import History, lineage
from trackrecord.store.points.planner import AxisPlan, Part, Window
from trackrecord.store.points.row_reader import Axis, RowReader
from trackrecord.store.points.sampling import sample, thin

Array = np.ndarray[Any, Any]

#: a logarithmic axis is read in stretches, each of which ends at 16 times where it begins, at most so many
_STRETCH, _MOST_STRETCHES = 16.0, 12


@dataclass(frozen=True, slots=True)
class Curve:
    """All axes of a metric of a run, those of its ancestors included, and how many points they have."""

    run: str
    axes: tuple[Axis, ...]
    total: int

    @property
    def can_be_thinned(self) -> bool:
        """Whether buckets say the same as the points: not where repetitions have to be found among these."""
        return not any(axis.flagged for axis in self.axes)


class CurveReader:
    """Reads curves of one moment of the store; what several of them share is read once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._rows = RowReader(connection)

    @property
    def bytes_read(self) -> int:
        """Bytes of payloads that were read."""
        return self._rows.bytes_read

    def created(self, run: str) -> int:
        """Return when a run was created, in nanoseconds since 1970; 0 when it is not here."""
        return self._rows.created(run)

    def curve(self, run: str, key: str) -> Curve:
        """Return where the points of a metric lie, and how many a view would show."""
        axes: list[Axis] = []
        total = 0
        for ancestor in lineage(self._connection, run, key):
            if ancestor.metric is None:
                continue
            own = [
                Axis(number, writer, ancestor, bool(flagged))
                for number, writer, flagged in self._connection.execute(
                    "SELECT a.number, a.writer, a.flagged FROM metric_chunk c JOIN axis a ON a.number = c.axis"
                    " WHERE c.metric = ? AND c.n = 0 ORDER BY a.writer, a.keys",
                    (ancestor.metric,),
                )
            ]
            axes += own
            if ancestor.limit == math.inf:
                found = self._connection.execute(
                    "SELECT points FROM metric WHERE number = ?", (ancestor.metric,)
                ).fetchone()
                total += found[0]
            else:
                total += sum(self._count(axis) for axis in own)
        return Curve(run, tuple(axes), total)

    def sampled(self, curve: Curve, request: SeriesRequest) -> SampledSeries:
        """Return a curve over steps or time, read at the coarsest level that has a bucket for every pixel."""
        left_out = 0
        if request.log_x:
            stretches = list(self._stretches(curve, request))
            left_out = self._without_logarithm(curve, request)
        else:
            stretches = [(request.low, request.high)]
        if len(stretches) == 1:
            low, high = stretches[0]
            plans = self._plans(curve, request, low, high)
            if all(part.row.level == 0 for _, parts in plans for part in parts):
                found = self._rows.points(plans)
                x = self._rows.x(found, request)
                if not (x[1:] >= x[:-1]).all():
                    order = np.argsort(x, kind="stable")
                    x, found = x[order], History(found.steps[order], found.times[order], found.values[order])
                made = sample(request, x, found.values, len(x))
                return replace(made, total=curve.total, left_out=left_out)
            entries = self._rows.entries(plans, request, self._window(request, low, high)).within(low, high)
        else:
            entries = Entries.joined([self._stretch(curve, request, *stretch) for stretch in stretches])
        return thin(request, entries.in_order(), curve.total, left_out)

    def joined(self, curve: Curve, request: SeriesRequest, other_key: str) -> SampledSeries:
        """Return a curve over another metric, joined bucket by bucket at the middle of each one's steps."""
        over_steps = replace(request, x=STEP, low=None, high=None, log_x=False)
        found = self._rows.entries(
            self._plans(curve, over_steps, None, None), over_steps, Window()
        ).in_order()
        other_curve = self.curve(request.run, other_key)
        other = self._rows.entries(
            self._plans(other_curve, over_steps, None, None), over_steps, Window()
        ).in_order()
        other = other.kept(np.isfinite(other.means))
        x = np.full(len(found), np.nan)
        if len(other):
            # nothing beyond its own ends
            x = np.interp(found.middles, other.middles, other.means, left=np.nan, right=np.nan)
        usable = np.isfinite(x) & (x > 0) if request.log_x else np.isfinite(x)
        left_out = int(found.counts[~usable].sum())
        there = found.kept(usable)
        x = x[usable]
        placed = replace(there, begins=x, ends=x).within(request.low, request.high)
        return thin(request, placed.in_order(), curve.total, left_out, approximate=True)

    # --- which rows

    def _plan(self, axis: Axis, window: Window) -> AxisPlan:
        return AxisPlan(
            self._connection, axis.number, window, partial(axis.ancestor.shown, writer=axis.writer)
        )

    def _plans(
        self, curve: Curve, request: SeriesRequest, low: float | None, high: float | None
    ) -> list[tuple[Axis, list[Part]]]:
        window = self._window(request, low, high)
        found = []
        for axis in curve.axes:
            plan = self._plan(axis, window)
            level = plan.level_for(max(1, request.pixels))
            parts = plan.parts(level)
            while level and sum(self._entries_in(part, axis, window) for part in parts) < request.pixels:
                level -= 1
                parts = plan.parts(level)
            found.append((axis, parts))
        return found

    def _entries_in(self, part: Part, axis: Axis, window: Window) -> int:
        """Return how many entries of a row lie in the range, exactly."""
        if part.row.level == 0 or window.holds(part.row):
            return part.row.entries
        shared = self._rows.shared(axis, part.row, by_time=window.by_time)
        inside = np.ones(len(shared.begins), bool)
        if window.low is not None:
            inside &= shared.ends >= window.low
        if window.high is not None:
            inside &= shared.begins <= window.high
        return int(np.count_nonzero(inside))

    def _window(self, request: SeriesRequest, low: float | None, high: float | None) -> Window:
        if request.x == STEP:
            return Window(False, low, high)
        return Window.of_times(low, high, self.created(request.run) if request.x == RELATIVE else 0)

    def _count(self, axis: Axis) -> int:
        whole, split = self._plan(axis, Window()).counted()
        return whole + len(self._rows.points([(axis, split)]))

    # --- a logarithmic axis

    def _stretch(
        self, curve: Curve, request: SeriesRequest, low: float | None, high: float | None
    ) -> Entries:
        """Return the entries whose middle lies in a stretch: each of them is in one stretch only."""
        window = self._window(request, low, high)
        entries = self._rows.entries(self._plans(curve, request, low, high), request, window)
        middles = entries.middles
        inside = middles > 0
        if low is not None:
            inside &= middles >= low
        if high is not None:
            inside &= middles <= high if high == request.high else middles < high
        return entries.kept(inside)

    def _stretches(self, curve: Curve, request: SeriesRequest) -> Iterator[tuple[float | None, float | None]]:
        """Yield ranges that together are the asked one, so that each is read at a level of its own, fine near 0."""
        high = request.high
        if high is None:
            window = self._window(request, None, None)
            ends = [
                window.ends(part.row)[1]
                for axis in curve.axes
                for plan in [self._plan(axis, window)]
                for part in plan.parts(plan.levels)
            ]
            furthest = max(ends, default=0.0)
            if request.x != STEP:
                start = self.created(request.run) if request.x == RELATIVE else 0
                furthest = (furthest - start) / 1e9
            high = furthest if furthest > 0 else None
        least = request.low if request.low is not None and request.low > 0 else None
        if high is None or not math.isfinite(high) or high <= 0:
            yield request.low, request.high
            return
        upper: float | None = request.high
        # buckets of steps begin at multiples of powers of two: none of them lies across such an edge
        edge = 2.0 ** math.ceil(math.log2(high)) if request.x == STEP and high < 2.0**1000 else high
        for _ in range(_MOST_STRETCHES):
            edge /= _STRETCH
            if least is not None and edge <= least:
                break
            yield edge, upper
            upper = edge
        yield least, upper

    def _without_logarithm(self, curve: Curve, request: SeriesRequest) -> int:
        """Return how many points lie at x <= 0."""
        window = self._window(request, None, 0.0)
        count = 0
        for axis in curve.axes:
            whole, split = self._plan(axis, window).counted()
            points = self._rows.points([(axis, split)])
            count += whole + int(np.count_nonzero(self._rows.x(points, request) <= 0))
        return count
