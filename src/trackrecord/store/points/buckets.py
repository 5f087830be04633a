"""Buckets: what is kept of the points of a stretch of steps. Pure functions of arrays.

A bucket of exponent ``e`` is ``2**e`` steps wide and begins at a multiple of that, so buckets of different axes, runs
and widths lie within each other and merge without being split. Two parts of the same bucket (points that came late)
are one bucket once they are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: where buckets get wider, they get wider by so many powers of two: 16 times
FAN_OUT_EXPONENT = 4
#: wider than any distance between two float64
_WIDEST = 2100


@dataclass(frozen=True, slots=True)
class AxisBuckets:
    """What all metrics of an axis share, one entry a bucket, ordered by step: points, ranges of step and of time."""

    counts: Array
    low_steps: Array
    high_steps: Array
    low_times: Array
    high_times: Array

    def __len__(self) -> int:
        return len(self.counts)


@dataclass(frozen=True, slots=True)
class ValueBuckets:
    """The values of some metrics in the buckets of their axis: arrays of shape (metrics, buckets).

    ``lows``, ``highs`` and ``means`` are of the finite values, NaN where a bucket has none. ``firsts`` and ``lasts``
    are the values at the least and greatest (step, time), finite or not. ``nonfinite`` counts NaN and infinities.
    """

    lows: Array
    highs: Array
    means: Array
    firsts: Array
    lasts: Array
    nonfinite: Array

    @staticmethod
    def joined(parts: Sequence[ValueBuckets]) -> ValueBuckets:
        """Return the buckets of several parts, side by side."""
        return ValueBuckets(
            *(
                np.concatenate([getattr(part, name) for part in parts], axis=1)
                for name in ("lows", "highs", "means", "firsts", "lasts", "nonfinite")
            )
        )


@dataclass(frozen=True, slots=True)
class Merging:
    """Which entries become one bucket: ``order`` sorts them, ``starts`` says where each bucket begins."""

    order: Array | None
    starts: Array
    ends: Array
    #: of each bucket the entry, in the order before sorting, that holds its first and its last point
    first_at: Array
    last_at: Array

    def arranged(self, entries: Array) -> Array:
        """Return entries (along the last dimension) in order."""
        return entries if self.order is None else entries[..., self.order]


def base_exponent(steps: Array) -> int:
    """Return the exponent nearest to the median distance of neighbouring steps; 0 when all are equal."""
    ordered = np.sort(steps)
    apart = np.diff(ordered.astype(np.float64))
    apart = apart[apart > 0]
    if not len(apart):
        return 0
    middle = float(np.median(apart))
    # half of the way between two powers of two belongs to the greater one
    return int(np.clip(np.round(np.log2(middle)), -1074, 1023)) if np.isfinite(middle) else 1023


def exponent_for(steps: Array, least: int, most: int) -> int:
    """Return the narrowest exponent on the ladder from ``least`` upwards that makes at most ``most`` buckets.

    ``steps`` are the least steps of what is put into buckets, in any order.
    """
    ordered = np.sort(steps)
    exponent = least
    while exponent < _WIDEST and _distinct(_numbers(ordered, exponent)) > most:
        exponent += FAN_OUT_EXPONENT
    return exponent


def merging(
    low_steps: Array, high_steps: Array, low_times: Array, high_times: Array, exponent: int
) -> Merging:
    """Find out which of some entries (points, or buckets at most so wide) make up each bucket of ``exponent``."""
    order: Array | None = None
    if len(low_steps) > 1:
        later = (low_steps[1:] > low_steps[:-1]) | (
            (low_steps[1:] == low_steps[:-1]) & (low_times[1:] >= low_times[:-1])
        )
        if not later.all():
            order = np.lexsort((low_times, low_steps))
    arranged = low_steps if order is None else low_steps[order]
    numbers = _numbers(arranged, exponent)
    starts = np.flatnonzero(np.concatenate(([True], numbers[1:] != numbers[:-1])))
    ends = np.append(starts[1:], len(numbers))
    first_at, last_at = starts, ends - 1
    highs = high_steps if order is None else high_steps[order]
    if not (highs[1:] >= highs[:-1]).all():
        # parts of the same bucket overlap: the one that reaches furthest has the last point
        times = high_times if order is None else high_times[order]
        bucket = np.repeat(np.arange(len(starts)), ends - starts)
        furthest = np.lexsort((times, highs, bucket))
        last_at = furthest[ends - 1]
    if order is not None:
        first_at, last_at = order[first_at], order[last_at]
    return Merging(order, starts, ends, first_at, last_at)


def merged_axis(parts: AxisBuckets, how: Merging) -> AxisBuckets:
    """Return the buckets of an axis that entries make up."""
    return AxisBuckets(
        np.add.reduceat(how.arranged(parts.counts), how.starts),
        np.minimum.reduceat(how.arranged(parts.low_steps), how.starts),
        np.maximum.reduceat(how.arranged(parts.high_steps), how.starts),
        np.minimum.reduceat(how.arranged(parts.low_times), how.starts),
        np.maximum.reduceat(how.arranged(parts.high_times), how.starts),
    )


def merged_values(parts: ValueBuckets, counts: Array, how: Merging) -> ValueBuckets:
    """Return the buckets that entries of shape (metrics, entries) make up; ``counts`` are the points of each entry."""
    weights = how.arranged((counts - parts.nonfinite).astype(np.float64))
    usable = weights > 0
    totals = np.add.reduceat(weights, how.starts, axis=1)
    # divided first, so that the sum of great values is no infinity
    shares = weights / np.repeat(np.maximum(totals, 1.0), how.ends - how.starts, axis=1)
    sums = np.add.reduceat(np.where(usable, how.arranged(parts.means), 0.0) * shares, how.starts, axis=1)
    low = np.fmin.reduceat(how.arranged(parts.lows), how.starts, axis=1)
    high = np.fmax.reduceat(how.arranged(parts.highs), how.starts, axis=1)
    return ValueBuckets(
        low,
        high,
        np.where(totals > 0, np.clip(sums, low, high), np.nan),
        parts.firsts[:, how.first_at],
        parts.lasts[:, how.last_at],
        np.add.reduceat(how.arranged(parts.nonfinite), how.starts, axis=1),
    )


def _numbers(steps: Array, exponent: int) -> Array:
    """Return the number of the bucket of each step; equal for equal buckets, and growing with the step."""
    if steps.dtype.kind == "i":
        if exponent <= 0:
            return steps
        return steps >> np.int64(min(exponent, 63))
    with np.errstate(over="ignore", under="ignore"):
        # in halves, so that neither scaling leaves the range of float64 on its way
        half = -exponent // 2
        return np.floor(np.ldexp(np.ldexp(steps, half), -exponent - half))


def _distinct(ordered: Array) -> int:
    return 1 + int(np.count_nonzero(ordered[1:] != ordered[:-1])) if len(ordered) else 0
