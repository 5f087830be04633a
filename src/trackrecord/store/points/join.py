"""Points over another metric: which value of that belongs to each of them. Pure functions of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from trackrecord.store.contract import SampledSeries, SeriesRequest
from trackrecord.store.points.history import History
from trackrecord.store.points.sampling import sample

Array = np.ndarray[Any, Any]

#: with another metric as x, up to so many points are joined one by one, more of them bucket by bucket
MOST_JOINED_EXACTLY = 100_000


def joined(found: History, other: History) -> Array:
    """Return the other metric's value for each point: of the same call of ``log()``, else the last of the same step.

    Points at whose step the other metric has no value get NaN. Metrics logged in one call share step and time.
    """
    x = np.full(len(found), np.nan)
    if not len(other):
        return x
    at = np.searchsorted(other.steps, found.steps, side="right") - 1
    has = (at >= 0) & (other.steps[at] == found.steps)
    x[has] = other.values[at[has]]
    if len(np.unique(other.steps)) < len(other):
        exact = {
            (step, time): value
            for step, time, value in zip(
                other.steps.tolist(), other.times.tolist(), other.values.tolist(), strict=True
            )
        }
        for index in np.flatnonzero(has).tolist():
            key = (found.steps[index].item(), found.times[index].item())
            x[index] = exact.get(key, x[index])
    return x


def of_points(request: SeriesRequest, found: History, x: Array) -> SampledSeries:
    """Return the curve of points at ``x``, which may be in any order; those without a finite x are left out."""
    values = found.values
    usable = np.isfinite(x)
    if not usable.all():
        x, values = x[usable], values[usable]
    if not (x[1:] >= x[:-1]).all():
        order = np.argsort(x, kind="stable")
        x, values = x[order], values[order]
    return sample(request, x, values, len(found))
