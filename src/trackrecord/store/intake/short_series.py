"""The series of many short runs: worked out together, and written as ``apply_rows`` would write each by itself."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from trackrecord.store.intake.rows_to_tables import insert
from trackrecord.store.intake.short_journal import MOST_ROWS, Stretch
from trackrecord.store.intake.short_sums import sums_of
from trackrecord.store.points import chunks, figures, payload

Array = np.ndarray[Any, Any]

#: what a row is before its step, in words of eight bytes; behind it come step, time and values
_BEFORE_STEP = 3
_METRIC = f"metric (number, run, key, {figures.COLUMNS})"
_AXIS_CHUNK = (
    "axis_chunk (axis, n, points, low_step, high_step, low_time, high_time, low_place, high_place,"
    " steps, times, places)"
)


class ShortAxis:
    """The rows of one axis, in the order in which they were logged, as they lie in the journal."""

    __slots__ = ("count", "fractional", "keys", "order", "steps", "stretches", "times")

    def __init__(self, keys: tuple[str, ...], fractional: bool, stretches: list[Stretch]) -> None:
        self.keys, self.order = _sorted(keys)
        self.fractional = fractional
        self.stretches = stretches
        self.count = sum(stretch.length for stretch in stretches)
        stride = _BEFORE_STEP + 2 + len(keys)
        self.steps: list[int | float] = []
        self.times: list[int] = []
        if self.count <= MOST_ROWS:
            for stretch in stretches:
                words = stretch.rows.cast("q")
                self.times += words[_BEFORE_STEP + 1 :: stride].tolist()
                self.steps += (stretch.rows.cast("d") if fractional else words)[_BEFORE_STEP::stride].tolist()

    def is_short(self) -> bool:
        """Tell whether the axis is for here: few rows, each at a step that is a number."""
        return self.count <= MOST_ROWS and (not self.fractional or all(map(isfinite, self.steps)))


class _Waiting(NamedTuple):
    run: int
    writer: str
    axis: ShortAxis


class ShortSeries:
    """The series of the short runs of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._waiting: dict[tuple[int, bool], list[_Waiting]] = {}

    def add(self, run: int, writer: str, axes: list[ShortAxis]) -> None:
        """Add the axes of a run."""
        for axis in axes:
            shape = len(axis.keys), axis.fractional
            self._waiting.setdefault(shape, []).append(_Waiting(run, writer, axis))

    def write(self) -> None:
        """Write all of them."""
        for (columns, fractional), waiting in self._waiting.items():
            self._write_alike(columns, fractional, waiting)
        self._waiting = {}

    def _write_alike(self, columns: int, fractional: bool, waiting: list[_Waiting]) -> None:
        """Write axes with the same number of columns and the same kind of steps."""
        axis_number, metric_number = (
            self._connection.execute(f"SELECT coalesce(max(number), 0) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("axis", "metric")
        )
        table = _Table(columns, fractional, [axis for _, _, axis in waiting])
        axes, axis_chunks, metrics, metric_chunks = [], [], [], []
        found_figures, values = table.figures(), table.value_payloads()
        for (run, writer, axis), chunk in zip(waiting, table.axis_chunks(), strict=True):
            axis_number += 1
            axes.append((axis_number, run, writer, _digest(axis.keys), 1))
            axis_chunks.append((axis_number, 0, *chunk))
            for key in axis.keys:
                metric_number += 1
                metrics.append((metric_number, run, key, *next(found_figures)))
                metric_chunks.append((metric_number, axis_number, 0, next(values)))
        insert(self._connection, "axis (number, run, writer, keys, sealed)", axes)
        insert(self._connection, _METRIC, metrics)
        insert(self._connection, _AXIS_CHUNK, axis_chunks)
        insert(self._connection, "metric_chunk (metric, axis, n, vals)", metric_chunks)


class _Table:
    """The rows of many axes under one another, and what becomes of them."""

    def __init__(self, columns: int, fractional: bool, axes: Sequence[ShortAxis]) -> None:
        self._axes = axes
        self._fractional = fractional
        width = _BEFORE_STEP + 2 + columns
        stretches = [stretch for axis in axes for stretch in axis.stretches]
        words = np.frombuffer(b"".join([stretch.rows for stretch in stretches]), "<i8").reshape(-1, width)
        self.steps = np.ascontiguousarray(words[:, _BEFORE_STEP]).view("<f8" if fractional else "<i8")
        self.times = np.ascontiguousarray(words[:, _BEFORE_STEP + 1])
        lengths = np.array([stretch.length for stretch in stretches])
        offsets = np.array([stretch.offset for stretch in stretches])
        self.places = np.repeat(offsets, lengths) + 8 * width * _within(lengths)
        self._counts = np.array([axis.count for axis in axes])
        self._begin = np.cumsum(self._counts) - self._counts
        # one series behind the other: of each axis its metrics, in the order of their names
        order = np.array([axis.order for axis in axes])
        first = self._begin[:, None] * width + _BEFORE_STEP + 2 + order
        self._value_counts = np.repeat(self._counts, columns)
        at = np.repeat(first.reshape(-1), self._value_counts) + width * _within(self._value_counts)
        self.values = words.reshape(-1)[at].view("<f8")

    def axis_chunks(self) -> Iterator[tuple[Any, ...]]:
        """Yield the row of the chunk of each axis, from ``points`` on."""
        ranges = []
        for numbers in (self.steps, self.times, self.places):
            ranges += [np.minimum.reduceat(numbers, self._begin), np.maximum.reduceat(numbers, self._begin)]
        packed = [_payloads(numbers, self._counts) for numbers in (self.steps, self.times, self.places)]
        if self._fractional:
            packed[0] = (
                payload.encode(chunks.whole_if_possible(np.array(axis.steps))) for axis in self._axes
            )
        return zip(self._counts.tolist(), *(found.tolist() for found in ranges), *packed, strict=True)

    def value_payloads(self) -> Iterator[bytes]:
        """Yield the payload of each metric of each axis."""
        return _payloads(self.values, self._value_counts)

    def figures(self) -> Iterator[tuple[Any, ...]]:
        """Yield the row of figures of each metric of each axis.

        Where steps grow and all values are finite, those of all axes are worked out at once.
        """
        counts, columns = self._value_counts, len(self._axes[0].keys)
        begin = np.cumsum(counts) - counts
        finite = np.logical_and.reduceat(np.isfinite(self.values), begin).reshape(-1, columns).all(axis=1)
        grows = np.ones(len(self.steps), bool)
        np.greater(self.steps[1:], self.steps[:-1], out=grows[1:])
        grows[self._begin] = True
        plain = finite & np.logical_and.reduceat(grows, self._begin)
        series = np.flatnonzero(np.repeat(plain, columns))
        if len(series) < len(counts):
            chosen = np.repeat(np.repeat(plain, columns), counts)
            together = _figures_together(self.values[chosen], counts[series])
        else:
            together = _figures_together(self.values, counts)
        ends = zip(self._begin.tolist(), self._counts.tolist(), plain.tolist(), self._axes, strict=True)
        first_value = 0
        for row, count, is_plain, axis in ends:
            steps, times = axis.steps, axis.times
            if is_plain:
                axis_ends = steps[0], steps[-1], times[0], times[-1]
                for _ in range(columns):
                    *found, low_row, high_row = next(together)
                    yield (count, 0, *found, steps[low_row], steps[high_row], *axis_ends)
            else:
                table = self.values[first_value : first_value + count * columns].reshape(columns, count)
                rows = slice(row, row + count)
                for found_figures in figures.of_columns(self.steps[rows], self.times[rows], table.T):
                    yield found_figures.row()
            first_value += count * columns


def _figures_together(values: Array, counts: Array) -> Iterator[tuple[Any, ...]]:
    """Yield first, last, min, max, mean and total of each series, and the rows of min and max in it."""
    if not len(counts):
        return iter(())
    behind = np.cumsum(counts)
    begin = behind - counts
    lows, highs = np.minimum.reduceat(values, begin), np.maximum.reduceat(values, begin)
    # where each extreme is first reached: steps grow, so that is its least step
    low_at = _first_of_each(values == np.repeat(lows, counts), begin) - begin
    high_at = _first_of_each(values == np.repeat(highs, counts), begin) - begin
    sums = list(sums_of(values, begin, counts))
    return zip(
        *(values[begin].tolist(), values[behind - 1].tolist(), lows.tolist(), highs.tolist()),
        *([mean for _, mean in sums], [total for total, _ in sums]),
        *(low_at.tolist(), high_at.tolist()),
        strict=True,
    )


def _first_of_each(marked: Array, begin: Array) -> Array:
    """Return the first marked place at or behind each of ``begin``."""
    places = np.flatnonzero(marked)
    return places[np.searchsorted(places, begin)]


def _within(counts: Array) -> Array:
    """Return 0, 1, 2, ... for each of the counts, one behind the other."""
    within: Array = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return within


def _payloads(numbers: Array, counts: Array) -> Iterator[bytes]:
    """Yield the payload, as ``payload.encode`` returns it, of the first ``counts[0]`` numbers, the next, ..."""
    body = numbers.tobytes()
    is_fractional = numbers.dtype.kind == "f"
    begin = 0
    for count in counts.tolist():
        end = begin + 8 * count
        covered, checksum = _begin_of_payload(count, is_fractional)
        part = body[begin:end]
        yield covered + crc32(part, checksum).to_bytes(4, "little") + part
        begin = end


@lru_cache(maxsize=2 * MOST_ROWS)
def _begin_of_payload(count: int, is_fractional: bool) -> tuple[bytes, int]:
    covered = payload.begin_of_raw(np.dtype("<f8" if is_fractional else "<i8"), count)
    return covered, crc32(covered)


@lru_cache(maxsize=256)
def _sorted(keys: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the keys in order, and the column of each."""
    order = tuple(sorted(range(len(keys)), key=keys.__getitem__))
    return tuple(keys[column] for column in order), order


@lru_cache(maxsize=256)
def _digest(keys: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(keys).encode("utf-8", "replace")).hexdigest()[:32]
