"""The points of an embedded store: all of a metric, or as many as a screen can show."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from trackrecord.store.contract import RELATIVE, STEP, WALL, Points, SampledSeries, SeriesRequest
from trackrecord.store.database.connections import Connections
from trackrecord.store.points.curve import CurveReader
from trackrecord.store.points.history import History, history
from trackrecord.store.points.join import MOST_JOINED_EXACTLY, joined, of_points
from trackrecord.words.errors import UsageError

Array = np.ndarray[Any, Any]

METRIC = "metric:"


class EmbeddedSeries:
    """Series of ``store.db``, as ``contract.Series`` asks for. Safe to use from any thread."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        #: bytes of payloads that curves were read from, since the store was opened
        self.bytes_read = 0

    def points(self, run: str, metric: str, *, own: bool = False) -> Points:
        """Return all points of one metric; empty arrays when the run never logged it.

        With ``own`` without those that a forked run inherits. Raises FormatError when a chunk is damaged,
        StoreUnavailableError when the database is.
        """
        with self._connections.snapshot() as connection:
            found = history(connection, run, metric, own=own)
        return Points(run, metric, found.steps, found.times, found.values)

    def sampled(self, request: SeriesRequest) -> SampledSeries:
        """Return one curve at the wanted resolution; no points when the run never logged the metric.

        Points that have no finite x are left out. Raises UsageError for an x axis that is none.
        """
        return self.sampled_all([request])[0]

    def sampled_all(self, requests: Sequence[SeriesRequest]) -> list[SampledSeries]:
        """Return many curves, all of the same moment of the store; what they share is read once.

        Raises UsageError for an x axis that is none.
        """
        with self._connections.snapshot() as connection:
            reader = CurveReader(connection)
            found = [_sampled(connection, reader, request) for request in requests]
        self.bytes_read += reader.bytes_read
        return found


def _sampled(connection: sqlite3.Connection, reader: CurveReader, request: SeriesRequest) -> SampledSeries:
    if request.x not in (STEP, RELATIVE, WALL) and not request.x.startswith(METRIC):
        raise UsageError(
            f"{request.x!r:.100} is no x axis",
            hint="use 'step', 'relative', 'wall' or 'metric:<name of a metric>'",
        )
    curve = reader.curve(request.run, request.metric)
    if request.x.startswith(METRIC):
        if curve.total > MOST_JOINED_EXACTLY and curve.can_be_thinned:
            return reader.joined(curve, request, request.x[len(METRIC) :])
        found = history(connection, request.run, request.metric)
        other = history(connection, request.run, request.x[len(METRIC) :])
        return of_points(request, found, joined(found, other))
    if not curve.can_be_thinned:
        found = history(connection, request.run, request.metric)
        return of_points(request, found, x_of(found, request.x, reader.created(request.run)))
    return reader.sampled(curve, request)


def x_of(found: History, x: str, created: int) -> Array:
    """Return where points lie on an axis of steps or of time; ``created`` is when the run was."""
    if x == STEP:
        return found.steps.astype(np.float64)
    return (found.times - (created if x == RELATIVE else 0)) / 1e9
