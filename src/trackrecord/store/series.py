"""The points of an embedded store: all of a metric, or as many as a screen can show."""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np

from trackrecord.store.connections import Connections
from trackrecord.store.contract import RELATIVE, STEP, WALL, Points, SampledSeries, SeriesRequest
from trackrecord.store.history import History, history
from trackrecord.store.sampling import sample
from trackrecord.words.errors import UsageError

Array = np.ndarray[Any, Any]

_METRIC = "metric:"


class EmbeddedSeries:
    """Series of ``store.db``, as ``contract.Series`` asks for. Safe to use from any thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def points(self, run: str, metric: str) -> Points:
        """Return all points of one metric; empty arrays when the run never logged it.

        Raises FormatError when a chunk is damaged, StoreUnavailableError when the database is.
        """
        with self._connections.snapshot() as connection:
            found = history(connection, run, metric)
        return Points(run, metric, found.steps, found.times, found.values)

    def sampled(self, request: SeriesRequest) -> SampledSeries:
        """Return one curve at the wanted resolution; no points when the run never logged the metric.

        Points that have no finite x are left out. Raises UsageError for an x axis that is none.
        """
        with self._connections.snapshot() as connection:
            found = history(connection, request.run, request.metric)
            x = _x_of(connection, request, found)
        values = found.values
        usable = np.isfinite(x)
        if not usable.all():
            x, values = x[usable], values[usable]
        if not (x[1:] >= x[:-1]).all():
            order = np.argsort(x, kind="stable")
            x, values = x[order], values[order]
        return sample(request, x, values, len(found))


def _x_of(connection: sqlite3.Connection, request: SeriesRequest, found: History) -> Array:
    if request.x == STEP:
        return found.steps.astype(np.float64)
    if request.x == WALL:
        return found.times / 1e9
    if request.x == RELATIVE:
        row = connection.execute("SELECT created FROM run WHERE id = ?", (request.run,)).fetchone()
        return (found.times - (0 if row is None else row[0])) / 1e9
    if request.x.startswith(_METRIC):
        return _joined(found, history(connection, request.run, request.x[len(_METRIC) :]))
    raise UsageError(
        f"{request.x!r:.100} is no x axis",
        hint="use 'step', 'relative', 'wall' or 'metric:<name of a metric>'",
    )


def _joined(found: History, other: History) -> Array:
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
