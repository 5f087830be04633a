"""Points of short runs that are new and over: all series of a transaction are worked out and written together.

Most runs of a sweep are short. Written one by one, each series costs a dozen statements and numpy calls whatever its
length; together they cost one of each. What comes out is what ``apply_rows`` would write, and what it is not
sure of it hands on to that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trackrecord.journal.bulk import Rows
from trackrecord.store.intake.apply_rows import Points
from trackrecord.store.intake.short_sums import sums_of
from trackrecord.store.intake.transaction import Source, Transaction
from trackrecord.store.points import chunks, figures, payload

Array = np.ndarray[Any, Any]

#: an axis with more rows is no longer written as one raw chunk
_MOST_ROWS = 63


@dataclass(slots=True)
class _Axis:
    """The rows of one axis, with a column of values for each of its (sorted) keys."""

    run: int
    writer: str
    keys: tuple[str, ...]
    steps: Array
    times: Array
    places: Array
    values: Array


class SmallSeries:
    """Stands before ``Points``: takes rows as they come, decides with ``settle``, writes with ``write``."""

    def __init__(self, tx: Transaction, points: Points) -> None:
        self._tx = tx
        self._points = points
        self._waiting: dict[int, list[tuple[Source, Rows]]] = {}
        self._axes: list[_Axis] = []

    def rows(self, source: Source, rows: Rows) -> None:
        """Gather the rows of some calls of ``log()``."""
        if source.run in self._tx.new_runs:
            self._waiting.setdefault(source.run, []).append((source, rows))
        else:
            self._points.rows(source, rows)

    def settle(self) -> None:
        """Decide which runs are written together, and hand the rows of the others on."""
        for run, parts in self._waiting.items():
            axes = self._small_axes(run, parts)
            if axes is None:
                for source, rows in parts:
                    self._points.rows(source, rows)
                continue
            self._axes += axes
            self._tx.done.difference_update([(run, source.writer) for source, _ in parts])
            steps = [
                axis.steps.max()
                for axis in axes
                if not all(key.lower().startswith("system/") for key in axis.keys)
            ]
            self._tx.set_run(run, "points", sum(axis.values.size for axis in axes))
            self._tx.set_run(run, "last_step", float(max(steps)) if steps else None)
        self._waiting = {}

    def write(self) -> None:
        """Write all of them."""
        if not self._axes:
            return
        connection = self._tx.connection
        (axis_number,) = connection.execute("SELECT coalesce(max(number), 0) FROM axis").fetchone()
        (metric_number,) = connection.execute("SELECT coalesce(max(number), 0) FROM metric").fetchone()
        axes, axis_chunks, metrics, metric_chunks = [], [], [], []
        all_figures = _figures(self._axes)
        for axis in self._axes:
            axis_number += 1
            axes.append((axis_number, axis.run, axis.writer, _digest(axis.keys)))
            axis_chunks.append((axis_number, *_encoded(axis)))
            for key, column in zip(axis.keys, axis.values.T, strict=True):
                metric_number += 1
                metrics.append((metric_number, axis.run, key, *next(all_figures)))
                metric_chunks.append((metric_number, axis_number, payload.encode(column)))
        connection.executemany(
            "INSERT INTO axis (number, run, writer, keys, sealed) VALUES (?, ?, ?, ?, 1)", axes
        )
        connection.executemany(
            f"INSERT INTO metric (number, run, key, {figures.COLUMNS}) VALUES ({', '.join('?' * 17)})",  # noqa: S608
            metrics,
        )
        connection.executemany(
            "INSERT INTO axis_chunk (axis, n, points, low_step, high_step, low_time, high_time, low_place, high_place,"
            " steps, times, places) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            axis_chunks,
        )
        connection.executemany(
            "INSERT INTO metric_chunk (metric, axis, n, vals) VALUES (?, ?, 0, ?)", metric_chunks
        )
        self._axes = []

    def _small_axes(self, run: int, parts: list[tuple[Source, Rows]]) -> list[_Axis] | None:
        """Return the axes of a run; None when it takes more than one chunk each, or looking at points again."""
        if run in self._tx.rewound:
            return None
        by_axis: dict[tuple[str, tuple[str, ...]], list[tuple[Source, Rows]]] = {}
        for source, rows in parts:
            if (run, source.writer) not in self._tx.done or rows.retried.any() or not rows.keys:
                return None
            by_axis.setdefault((source.writer, tuple(sorted(set(rows.keys)))), []).append((source, rows))
        named: set[str] = set()
        axes = []
        for (writer, keys), found in by_axis.items():
            count = sum(len(rows.steps) for _, rows in found)
            if count > _MOST_ROWS or not named.isdisjoint(keys):
                return None
            named.update(keys)
            axis = _joined(run, writer, keys, found)
            if axis.steps.dtype.kind == "f" and not np.isfinite(axis.steps).all():
                return None
            axes.append(axis)
        return axes


def _joined(run: int, writer: str, keys: tuple[str, ...], found: list[tuple[Source, Rows]]) -> _Axis:
    steps, times, places, values = [], [], [], []
    for source, rows in found:
        steps.append(rows.steps)
        times.append(rows.times)
        places.append(source.place(0) + rows.offsets)
        values.append(rows.values if rows.keys == keys else rows.values[:, _columns_of(keys, rows.keys)])
    if len(found) == 1:
        return _Axis(run, writer, keys, steps[0], times[0], places[0], values[0])
    return _Axis(
        *(run, writer, keys, chunks.join_steps(steps)),
        *(np.concatenate(times), np.concatenate(places), np.concatenate(values)),
    )


@lru_cache(maxsize=256)
def _columns_of(keys: tuple[str, ...], given: tuple[str, ...]) -> list[int]:
    # of a name given twice the last value counts
    column_of = {key: column for column, key in enumerate(given)}
    return [column_of[key] for key in keys]


@lru_cache(maxsize=256)
def _digest(keys: tuple[str, ...]) -> str:
    return hashlib.sha256("\0".join(keys).encode("utf-8", "replace")).hexdigest()[:32]


def _encoded(axis: _Axis) -> tuple[Any, ...]:
    return (
        len(axis.steps),
        float(axis.steps.min()),
        float(axis.steps.max()),
        int(axis.times.min()),
        int(axis.times.max()),
        int(axis.places.min()),
        int(axis.places.max()),
        payload.encode(chunks.whole_if_possible(axis.steps)),
        payload.encode(axis.times),
        payload.encode(axis.places),
    )


def _figures(axes: list[_Axis]) -> Iterator[tuple[Any, ...]]:
    """Return the figures of every metric of every axis, each as the columns of its row.

    Where steps grow and all values are finite, those of all axes are worked out at once.
    """
    plain = [axis for axis in axes if (np.diff(axis.steps) > 0).all() and np.isfinite(axis.values).all()]
    together = _figures_together(plain) if plain else iter(())
    is_plain = {id(axis) for axis in plain}
    for axis in axes:
        if id(axis) in is_plain:
            for _ in axis.keys:
                yield next(together)
        else:
            for found in figures.of_columns(axis.steps, axis.times, axis.values):
                yield found.row()


def _figures_together(axes: list[_Axis]) -> Iterator[tuple[Any, ...]]:
    counts = np.array([len(axis.steps) for axis in axes for _ in axis.keys])
    behind = np.cumsum(counts)
    begin = behind - counts
    values = np.concatenate([axis.values.T.reshape(-1) for axis in axes])
    lows, highs = np.minimum.reduceat(values, begin), np.maximum.reduceat(values, begin)
    # where each extreme is first reached: steps grow, so that is its least step
    low_at = _first_of_each(values == np.repeat(lows, counts), begin) - begin
    high_at = _first_of_each(values == np.repeat(highs, counts), begin) - begin
    ends = zip(
        *(values[begin].tolist(), values[behind - 1].tolist(), lows.tolist(), highs.tolist()),
        *(low_at.tolist(), high_at.tolist(), sums_of(values, begin, counts)),
        strict=True,
    )
    for axis in axes:
        steps, times = axis.steps.tolist(), axis.times.tolist()
        for _ in axis.keys:
            first, last, low, high, low_row, high_row, (total, mean) = next(ends)
            yield (
                *(len(steps), 0, first, last, low, high, mean, total, steps[low_row], steps[high_row]),
                *(steps[0], steps[-1], times[0], times[-1]),
            )


def _first_of_each(marked: Array, begin: Array) -> Array:
    """Return the first marked place at or behind each of ``begin``."""
    places = np.flatnonzero(marked)
    return places[np.searchsorted(places, begin)]
