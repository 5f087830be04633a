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
from trackrecord.store.points.join import MOST_JOINED_EXACTLY, joined, of_points
from trackrecord.store.points.planner import AxisPlan, Part, Window
from trackrecord.store.points.row_reader import Axis, RowReader
from trackrecord.store.points.sampling import sample, thin

Array = np.ndarray[Any, Any]

#: a logarithmic axis is read in stretches, each of which ends at 16 times where it begins, at most so many
_STRETCH, _MOST_STRETCHES = 16.0, 12
#: at x a pixel of such an axis is at least so much of x, divided by the number of pixels
_NARROWEST = math.log(_STRETCH)
#: so often a range of another metric is looked up more closely
_MOST_NARROWINGS = 8


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
            window = self._window(request, low, high)
            plans = self._plans(curve, request, window)
            if all(part.row.level == 0 for _, parts in plans for part in parts):
                found = self._rows.points(plans)
                x = self._rows.x(found, request)
                if not (x[1:] >= x[:-1]).all():
                    order = np.argsort(x, kind="stable")
                    x, found = x[order], History(found.steps[order], found.times[order], found.values[order])
                made = sample(request, x, found.values, len(x))
                return replace(made, total=curve.total, left_out=left_out)
            pixel = self._pixel(curve, request, window)
            entries = self._rows.entries(plans, request, window, pixel).within(low, high)
            if request.log_x:
                entries = entries.kept(entries.middles > 0)
        else:
            entries = Entries.joined([self._stretch(curve, request, *stretch) for stretch in stretches])
        return thin(request, entries.in_order(), curve.total, left_out)

    def joined(self, curve: Curve, request: SeriesRequest, other_key: str) -> SampledSeries:
        """Return a curve over another metric: point by point where the range has few, else bucket by bucket."""
        over_steps = replace(request, x=STEP, low=None, high=None, log_x=False)
        other_curve = self.curve(request.run, other_key)
        window = self._steps_of(other_curve, request, over_steps)
        here = self._points_in(curve, window)
        there = self._points_in(other_curve, window)
        if (
            sum(row.points for _, parts in here + there for row in [part.row for part in parts])
            <= MOST_JOINED_EXACTLY
        ):
            found = self._rows.points(here)
            made = of_points(request, found, joined(found, self._rows.points(there)))
            outside = curve.total - len(found) if request.low is None and request.high is None else 0
            return replace(made, total=curve.total, left_out=made.left_out + outside)
        entries = self._read(curve, over_steps, window).in_order()
        other = self._read(other_curve, over_steps, window).in_order()
        other = other.kept(np.isfinite(other.means))
        x = np.full(len(entries), np.nan)
        if len(other):
            # nothing beyond its own ends
            x = np.interp(entries.middles, other.middles, other.means, left=np.nan, right=np.nan)
        usable = np.isfinite(x) & (x > 0) if request.log_x else np.isfinite(x)
        left_out = int(entries.counts[~usable].sum())
        x, entries = x[usable], entries.kept(usable)
        placed = replace(entries, begins=x, ends=x).within(request.low, request.high)
        return thin(request, placed.in_order(), curve.total, left_out, approximate=True)

    def _steps_of(self, other: Curve, request: SeriesRequest, over_steps: SeriesRequest) -> Window:
        """Return the steps from the first to the last at which a metric is in the range that is asked for."""
        window = Window()
        if request.low is None and request.high is None:
            return window
        low, high = request.low, request.high
        for _ in range(_MOST_NARROWINGS):
            found = self._read(other, over_steps, window)
            with np.errstate(invalid="ignore"):
                meets = np.isfinite(found.means)
                meets &= (found.highs >= low) if low is not None else True
                meets &= (found.lows <= high) if high is not None else True
            if not meets.any():
                return Window(False, 1.0, 0.0)  # no step at all
            narrower = Window(False, float(found.begins[meets].min()), float(found.ends[meets].max()))
            if narrower == window:
                break
            window = narrower
        return window

    def _points_in(self, curve: Curve, window: Window) -> list[tuple[Axis, list[Part]]]:
        """Return the chunks of points that meet a window."""
        return [(axis, self._plan(axis, window).parts(0)) for axis in curve.axes]

    # --- which rows

    def _plan(self, axis: Axis, window: Window) -> AxisPlan:
        return AxisPlan(
            self._connection, axis.number, window, partial(axis.ancestor.shown, writer=axis.writer)
        )

    def _plans(self, curve: Curve, request: SeriesRequest, window: Window) -> list[tuple[Axis, list[Part]]]:
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

    def _pixel(self, curve: Curve, request: SeriesRequest, window: Window) -> float:
        """Return how wide a pixel is, in the units of a window."""
        extents = [self._plan(axis, window).extent() for axis in curve.axes]
        found = [extent for extent in extents if extent is not None]
        if not found:
            return math.inf
        low = min(low for low, _ in found) if window.low is None else window.low
        high = max(high for _, high in found) if window.high is None else window.high
        # times are whole numbers; of steps halves, so that the width of a range from -1e308 to 1e308 is no infinity
        half = (high - low) / 2 if window.by_time else high / 2 - low / 2
        return max(0.0, half) / max(1, request.pixels) * 2

    def _entries_in(self, part: Part, axis: Axis, window: Window) -> int:
        """Return how many entries of a row lie in the range and belong to the history, exactly."""
        if part.row.level == 0 or (part.whole and window.holds(part.row)):
            return part.row.entries
        here = self._rows.shared(axis, part.row, by_time=window.by_time)
        wanted, across = window.sort_out(here.begins, here.ends)
        steps = self._rows.shared(axis, part.row, by_time=False)
        return int(np.count_nonzero((wanted | across) & (steps.begins <= part.shown.cut)))

    def _read(self, curve: Curve, request: SeriesRequest, window: Window) -> Entries:
        plans = self._plans(curve, request, window)
        return self._rows.entries(plans, request, window, self._pixel(curve, request, window))

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
        pixel = self._pixel(curve, request, window)
        if low is not None:
            # a pixel is narrowest where the stretch begins: there it is so much of x
            pixel = min(
                pixel, low * _NARROWEST / max(1, request.pixels) * (1.0 if request.x == STEP else 1e9)
            )
        entries = self._rows.entries(self._plans(curve, request, window), request, window, pixel)
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
