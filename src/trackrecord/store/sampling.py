"""Thinning a curve to what a screen can show. Pure functions of arrays."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from trackrecord.store.contract import SampledSeries, SeriesRequest

Array = np.ndarray[Any, Any]


def sample(request: SeriesRequest, x: Array, values: Array, total: int) -> SampledSeries:
    """Return the curve of ``values`` over ``x`` (ascending, finite) in at most ``request.pixels`` buckets.

    Of ``total`` points those that ``x`` lacks are counted as left out, and those at x <= 0 of a logarithmic axis.
    """
    inside = x > 0 if request.log_x else np.ones(len(x), bool)
    left_out = total - int(np.count_nonzero(inside))
    if request.low is not None:
        inside &= x >= request.low
    if request.high is not None:
        inside &= x <= request.high
    if not inside.all():
        x, values = x[inside], values[inside]
    finite = np.isfinite(values)
    nonfinite = len(values) - int(np.count_nonzero(finite))
    shown = np.where(finite, values, np.nan)
    pixels = max(1, request.pixels)
    if len(x) <= pixels:
        ones = np.ones(len(x), np.int64)
        return SampledSeries(
            request, True, total, nonfinite, x, values, shown, shown, ones, left_out=left_out
        )
    starts = _bucket_starts(request, x, pixels)
    count = np.diff(starts, append=len(x))
    low, high = np.fmin.reduceat(shown, starts), np.fmax.reduceat(shown, starts)
    mean = _means(shown, finite, starts, count)
    middle = np.clip(_means(x, np.ones(len(x), bool), starts, count), x[starts], x[starts + count - 1])
    return SampledSeries(
        request,
        False,
        total,
        nonfinite,
        middle,
        np.clip(mean, low, high),
        low,
        high,
        count.astype(np.int64),
        left_out=left_out,
        finite=np.add.reduceat(finite.astype(np.int64), starts),
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


def _means(values: Array, counted: Array, starts: Array, count: Array) -> Array:
    """Return the mean of each bucket over the points that count; NaN where there are none."""
    each = np.add.reduceat(counted.astype(np.float64), starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        # divided first, so that the sum of great values is no infinity
        shares = np.where(counted, values / np.repeat(each, count), 0.0)
        return np.where(each > 0, np.add.reduceat(shares, starts), np.nan)
