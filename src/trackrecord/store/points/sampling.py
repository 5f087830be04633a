"""Thinning a curve to what a screen can show. Pure functions of arrays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.points.entries import Entries

Array = np.ndarray[Any, Any]


def sample(request: SeriesRequest, x: Array, values: Array, total: int) -> SampledSeries:
    """Return the curve of ``values`` over ``x`` (ascending, finite) in at most ``request.pixels`` buckets.

    Of ``total`` points those that ``x`` lacks are counted as left out, and those at x <= 0 of a logarithmic axis.
    """
    has_place = x > 0 if request.log_x else np.ones(len(x), bool)
    left_out = total - int(np.count_nonzero(has_place))
    inside = has_place
    if request.low is not None:
        inside &= x >= request.low
    if request.high is not None:
        inside &= x <= request.high
    if not inside.all():
        x, values = x[inside], values[inside]
    if len(x) > max(1, request.pixels):
        return thin(request, Entries.of_points(x, values), total, left_out)
    finite = np.isfinite(values)
    shown = np.where(finite, values, np.nan)
    nonfinite = len(values) - int(np.count_nonzero(finite))
    ones = np.ones(len(x), np.int64)
    return SampledSeries(request, True, total, nonfinite, x, values, shown, shown, ones, left_out=left_out)


def thin(
    request: SeriesRequest, entries: Entries, total: int, left_out: int = 0, *, approximate: bool = False
) -> SampledSeries:
    """Return the curve of some entries, all in the range, in the order of x, in at most ``request.pixels`` buckets."""
    if not len(entries):
        none = np.empty(0)
        empty = SampledSeries(request, True, total, 0, none, none, none, none, np.empty(0, np.int64))
        return replace(empty, left_out=left_out, approximate=approximate)
    nonfinite = int(entries.nonfinite.sum())
    middles = entries.middles
    starts = _bucket_starts(request, middles, max(1, request.pixels))
    counts = np.add.reduceat(entries.counts, starts)
    low, high = _reduced(np.fmin, entries.lows, starts), _reduced(np.fmax, entries.highs, starts)
    finite_counts = entries.counts - entries.nonfinite
    mean = _means(entries.means, finite_counts, starts)
    middle = _means(middles, entries.counts, starts)
    last = np.append(starts[1:], len(entries)) - 1
    return SampledSeries(
        request,
        False,
        total,
        nonfinite,
        np.clip(middle, middles[starts], middles[last]),
        np.clip(mean, low, high),
        low,
        high,
        counts.astype(np.int64),
        left_out=left_out,
        finite=_reduced(np.add, finite_counts, starts),
        approximate=approximate,
    )


def _bucket_starts(request: SeriesRequest, x: Array, pixels: int) -> Array:
    """Return where each bucket that holds a point begins; buckets are equally wide over the asked range."""
    if request.log_x:
        x = np.log(x)
        bounds = (request.low, request.high)
        first, last = (None if bound is None or bound <= 0 else math.log(bound) for bound in bounds)
        request = replace(request, low=first, high=last)
    # halves, so that the width of a range from -1e308 to 1e308 is no infinity
    low = (x[0] if request.low is None else max(request.low, -1.7e308)) / 2
    high = (x[-1] if request.high is None else min(request.high, 1.7e308)) / 2
    if not high > low:
        return np.zeros(1, np.int64)
    bucket = np.minimum((x / 2 - low) / (high - low) * pixels, pixels - 1).astype(np.int64)
    return np.flatnonzero(np.concatenate(([True], bucket[1:] != bucket[:-1])))


def _reduced(operation: np.ufunc, values: Array, starts: Array) -> Array:
    found: Array = operation.reduceat(values, starts)
    return found


def _means(values: Array, weights: Array, starts: Array) -> Array:
    """Return the weighted mean of each bucket over what has a weight; NaN where nothing has."""
    totals = _reduced(np.add, weights.astype(np.float64), starts)
    each = np.diff(np.append(starts, len(values)))
    # divided first, so that the sum of great values is no infinity
    shares = weights / np.repeat(np.maximum(totals, 1.0), each)
    sums = _reduced(np.add, np.where(weights > 0, values, 0.0) * shares, starts)
    return np.where(totals > 0, sums, np.nan)
