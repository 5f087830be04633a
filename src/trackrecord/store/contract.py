"""What every store answers, whatever engine is below: the one contract of embedded and scaled-out storage.

Views never see SQL tables of points or files of an inbox. They ask a `Store` for three things:

- the *catalog*: rows by SQL that is the same text for SQLite and PostgreSQL (only ``query`` writes such SQL);
- *series*: "this metric of this run, this range, this many pixels", or all its points;
- *blobs*: the bytes of a digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trackrecord.store.columns.columns import Columns
from trackrecord.words.states import RunState

#: x axes that need no other metric; any other is written ``metric:<key>``
STEP, RELATIVE, WALL = "step", "relative", "wall"


@dataclass(frozen=True, slots=True)
class SeriesRequest:
    """One curve that a view wants to draw.

    ``x`` is ``"step"``, ``"relative"`` (seconds since the run was created), ``"wall"``
    (seconds since 1970) or ``"metric:<key>"``. ``low`` and ``high`` bound x, both
    inclusive; None means unbounded. ``pixels`` is how many buckets can be told apart. With ``log_x`` buckets are
    equally wide in the logarithm of x, and points at x <= 0 have no place.
    """

    run: str
    metric: str
    x: str = STEP
    low: float | None = None
    high: float | None = None
    pixels: int = 1000
    log_x: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """All points of one metric of one run, ordered by (step, time), hidden ones left out.

    Three arrays of equal length: ``steps`` (int64 when every step is whole, else float64),
    ``times`` (int64, nanoseconds since 1970, UTC) and ``values`` (float64, NaN and infinities as logged).
    """

    run: str
    metric: str
    steps: np.ndarray[Any, Any]
    times: np.ndarray[Any, Any]
    values: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class SampledSeries:
    """One curve, thinned to what can be seen. All arrays have one entry per bucket, ordered by x.

    ``y`` is the mean of the finite values of a bucket, ``low`` and ``high`` are their extremes (a single
    spike is never lost), ``count`` is the number of points, finite or not. A bucket without a finite value
    has NaN in ``y``, ``low`` and ``high``. With ``exact`` each bucket is one logged point, and ``y`` is its
    value as it was logged (NaN and infinities too). ``total`` is the number of points of the
    whole series, ``nonfinite`` those of the range that are NaN or infinite.

    ``finite`` is the number of points of each bucket that are finite, the weight of its mean; None says that it
    equals ``count`` wherever ``y`` is finite. ``left_out`` counts points of the whole series that have no place on
    the axis: the metric that is x has no finite value there, or x <= 0 on a logarithmic axis. ``approximate`` says
    that buckets were joined, not points, so that x is the mean of a bucket.
    """

    request: SeriesRequest
    exact: bool
    total: int
    nonfinite: int
    x: np.ndarray[Any, Any]
    y: np.ndarray[Any, Any]
    low: np.ndarray[Any, Any]
    high: np.ndarray[Any, Any]
    count: np.ndarray[Any, Any]
    approximate: bool = False
    left_out: int = 0
    finite: np.ndarray[Any, Any] | None = None

    @property
    def weights(self) -> np.ndarray[Any, Any]:
        """How many points stand behind each ``y``: the finite ones of the bucket, 0 where there is none."""
        each = self.count if self.finite is None else self.finite
        return np.where(np.isfinite(self.y), each, 0)


#: runs one read-only statement, with values to bind
Rows = Callable[..., list[tuple[Any, ...]]]


class Catalog(Protocol):
    """The rows of a store: runs, params, metric figures, ... (``migrations/`` and docs/store.md list the tables)."""

    @property
    def columns(self) -> Columns:
        """Columns over all runs, to filter, sort and group by."""
        ...

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one read-only statement. Values are always bound, never pasted into the text."""
        ...

    def revision(self) -> int:
        """Return the number that grows with every change that a view can show."""
        ...

    def live_states(self) -> dict[int, RunState]:
        """Return the state of each run that has not ended by its own word, by run number.

        ``running``, ``silent`` or ``crashed``, from signs of life (invariant S7), at this moment.
        """
        ...


class Series(Protocol):
    """The points of a store."""

    def points(self, run: str, metric: str, *, own: bool = False) -> Points:
        """Return all points of one metric; empty arrays when the run never logged it.

        With ``own`` without those that a forked run inherits.
        """
        ...

    def sampled(self, request: SeriesRequest) -> SampledSeries:
        """Return one curve at the wanted resolution; no points when the run never logged the metric."""
        ...

    def sampled_all(self, requests: Sequence[SeriesRequest]) -> list[SampledSeries]:
        """Return many curves, all of the same moment of the store; what they share is read once."""
        ...


class Blobs(Protocol):
    """Bytes by digest, as ``sha256:<64 hex digits>``."""

    def path(self, digest: str) -> Path | None:
        """Return the file that holds these bytes, or None when they are not here."""
        ...

    def read(self, digest: str) -> Iterator[bytes]:
        """Yield the bytes in pieces. Raises NotFoundError when they are not here."""
        ...


class Store(Protocol):
    """One place that holds everything."""

    @property
    def path(self) -> Path:
        """The folder of the store."""
        ...

    @property
    def store_id(self) -> str:
        """The id that the store got when it was made."""
        ...

    @property
    def catalog(self) -> Catalog:
        """Its rows."""
        ...

    @property
    def series(self) -> Series:
        """Its points."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Its files."""
        ...

    def close(self) -> None:
        """Give back connections and files."""
        ...
