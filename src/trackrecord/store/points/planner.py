"""Which rows of which level a curve is drawn from: the coarsest level that has a bucket for every pixel.

Goes down from the coarsest level, and in each one only into what the level above found in the range: the cost is that
of the pixels, not of the points.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from trackrecord.store.points.levels import Row, rows_of

Array = np.ndarray[Any, Any]

_END = 1 << 62


@dataclass(frozen=True, slots=True)
class Shown:
    """How much of what a row holds belongs to a history: what lies at a step up to ``cut``.

    ``mixed``: not even that much is certain, and the rows below have to be asked.
    """

    cut: float
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """The range that is asked for, of steps or of times in nanoseconds since 1970, ends included; None: unbounded."""

    by_time: bool = False
    low: float | None = None
    high: float | None = None

    @classmethod
    def of_times(cls, low: float | None, high: float | None, start: int) -> Window:
        """Return the range of times ``low`` to ``high`` seconds behind ``start``, exactly as float64 compares them."""
        return cls(
            True,
            None if low is None else _first_time(lambda time: (time - start) / 1e9 >= low, low * 1e9 + start),
            None
            if high is None
            else _first_time(lambda time: (time - start) / 1e9 > high, high * 1e9 + start) - 1,
        )

    def ends(self, row: Row) -> tuple[float, float]:
        """Return least and greatest x of a row."""
        return (row.low_time, row.high_time) if self.by_time else (row.low_step, row.high_step)

    def meets(self, row: Row) -> bool:
        """Tell whether a row has anything in the range."""
        low, high = self.ends(row)
        return (self.low is None or high >= self.low) and (self.high is None or low <= self.high)

    def holds(self, row: Row) -> bool:
        """Tell whether all of a row is in the range."""
        low, high = self.ends(row)
        return (self.low is None or low >= self.low) and (self.high is None or high <= self.high)

    def sort_out(self, begins: Array, ends: Array) -> tuple[Array, Array]:
        """Tell of each entry whether it lies in the range as a whole, and whether it lies across an end of it."""
        wanted = np.ones(len(begins), bool)
        outside = np.zeros(len(begins), bool)
        if self.low is not None:
            wanted &= begins >= self.low
            outside |= ends < self.low
        if self.high is not None:
            wanted &= ends <= self.high
            outside |= begins > self.high
        return wanted, ~wanted & ~outside

    def share(self, row: Row) -> float:
        """Return about how much of a row's entries lie in the range, from 0 to 1."""
        low, high = self.ends(row)
        begin = low if self.low is None else max(low, self.low)
        end = high if self.high is None else min(high, self.high)
        return 1.0 if high <= low else min(1.0, max(0.0, (end - begin) / (high - low)))


def _first_time(reached: Callable[[int], bool], about: float) -> int:
    """Return the least time in nanoseconds at which ``reached`` is true, which is near ``about``."""
    if not abs(about) < _END:
        return _END if about > 0 else -_END
    low = high = int(about)
    stride = 1
    while reached(low):
        low, stride = low - stride, stride * 2
    stride = 1
    while not reached(high):
        high, stride = high + stride, stride * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


@dataclass(frozen=True, slots=True)
class Part:
    """One row to be read, with how much of it belongs to the history; only rows of points are mixed."""

    row: Row
    shown: Shown

    @property
    def whole(self) -> bool:
        """Whether all of it belongs to the history."""
        return not self.shown.mixed and self.row.high_step <= self.shown.cut


class AxisPlan:
    """The levels of one axis, as one reader asks for them."""

    def __init__(
        self, connection: sqlite3.Connection, axis: int, window: Window, shown: Callable[[Row], Shown]
    ) -> None:
        self._connection = connection
        self._axis = axis
        self._window = window
        self._shown = shown
        found = connection.execute(
            "SELECT level, max(behind) FROM axis_level WHERE axis = ? GROUP BY level", (axis,)
        )
        #: up to which chunk each level reaches
        self._covered: dict[int, int] = dict(found.fetchall())

    @property
    def levels(self) -> int:
        """How many levels there are above the points."""
        return max(self._covered, default=0)

    def level_for(self, entries: int) -> int:
        """Return the coarsest level with about so many entries in the range; 0 when only the points have them."""
        span: tuple[int, int] | None = None
        for level in range(self.levels, 0, -1):
            rows = self._rows(level, span)
            covered = self._covered[level]
            held = sum(row.entries * self._window.share(row) for row in rows)
            if held >= entries:
                return level
            inside = [row for row in rows if row.first < covered]
            span = (inside[0].first, inside[-1].behind) if inside else (covered, covered)
        return 0

    def parts(self, level: int) -> list[Part]:
        """Return what to read for the range at a level; where that does not reach, from the levels below."""
        found: list[Part] = []
        begin = 0
        for each in range(level, -1, -1):
            for row in self._in_range(each, begin, _END):
                self._add(row, found)
            begin = max(begin, self._covered.get(each, begin))
        return found

    def extent(self) -> tuple[float, float] | None:
        """Return the least and greatest x of the history in the range; None when there is nothing."""
        ends = [self._window.ends(part.row) for part in self.parts(self.levels)]
        return (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None

    def counted(self) -> tuple[int, list[Part]]:
        """Return how many points lie in rows that are in range and history as a whole, and chunks that are in part."""
        whole, split = 0, []
        waiting = self.parts(self.levels)
        while waiting:
            part = waiting.pop()
            if part.whole and self._window.holds(part.row):
                whole += part.row.points
            elif part.row.level == 0:
                split.append(part)
            else:
                for row in self._in_range(part.row.level - 1, part.row.first, part.row.behind):
                    self._add(row, waiting)
        return whole, split

    def _rows(self, level: int, span: tuple[int, int] | None) -> list[Row]:
        """Return the rows of a level in the range: those below ``span``, and what no level above covers."""
        if span is None:
            return self._in_range(level, 0, _END)
        behind = max(reach for above, reach in self._covered.items() if above > level)
        inside = self._in_range(level, *span)
        return inside + self._in_range(level, max(behind, span[1]), _END)

    def _in_range(self, level: int, begin: int, behind: int) -> list[Row]:
        return [
            row
            for row in rows_of(self._connection, self._axis, level, begin, behind)
            if self._window.meets(row)
        ]

    def _add(self, row: Row, found: list[Part]) -> None:
        shown = self._shown(row)
        if row.low_step > shown.cut:
            return
        if not shown.mixed or row.level == 0:
            found.append(Part(row, shown))
            return
        for each in self._in_range(row.level - 1, row.first, row.behind):
            self._add(each, found)
