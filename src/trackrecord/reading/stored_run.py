"""One recorded run: its values, and its points as arrays."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from trackrecord.query.console import console_page
from trackrecord.query.names import close_names
from trackrecord.query.run_detail import run_detail
from trackrecord.reading.opening import open_store, warn_of
from trackrecord.store.contract import Points, SampledSeries, SeriesRequest
from trackrecord.words.errors import NotFoundError
from trackrecord.words.records import ArtifactRecord, MetricFigures, RunDetail, RunRecord

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_CONSOLE_PIECE = 10_000


def open_run(run: str, store: str | os.PathLike[str] | None = None) -> StoredRun:
    """Open a recorded run, named by its id, an unambiguous piece of it (4 characters or more), or its name.

    Raises NotFoundError, AmbiguousError when several runs fit, StoreError when the store can't be read.

    Example::

        run = tr.open_run("01234567")
        points = run.metric("val/accuracy").points()
        print(points.steps, points.values)
    """
    opened = open_store(store, on_problem=warn_of)
    try:
        return StoredRun(opened, run_detail(opened, run))
    except BaseException:
        opened.close()
        raise


class StoredRun:
    """A recorded run, as it was when it was opened; points and console are read when asked for.

    Closes its store with `close`, at the end of ``with``, or when nothing refers to it any more.
    """

    def __init__(self, store: Store, detail: RunDetail) -> None:
        #: the open store it is read from
        self.store = store
        self._closing = weakref.finalize(self, store.close)
        #: everything but points and console, as a value
        self.detail = detail

    @property
    def record(self) -> RunRecord:
        """The run as a row of a table."""
        return self.detail.record

    @property
    def id(self) -> str:
        """The run's id."""
        return self.record.id

    @property
    def name(self) -> str:
        """The run's name."""
        return self.record.name

    @property
    def params(self) -> Mapping[str, Any]:
        """The params by name."""
        return self.record.params

    @property
    def summary(self) -> Mapping[str, Any]:
        """The summary values by name."""
        return self.record.summary

    @property
    def metrics(self) -> Mapping[str, MetricFigures]:
        """The figures of every metric by name."""
        return self.record.metrics

    @property
    def artifacts(self) -> tuple[ArtifactRecord, ...]:
        """The artifact versions that the run logged or used."""
        return self.detail.artifacts

    def metric(self, name: str) -> StoredMetric:
        """Return one metric. Raises NotFoundError, with what was probably meant."""
        figures = self.metrics.get(name)
        if figures is None:
            near = close_names(name, self.metrics)
            raise NotFoundError(
                f"Run {self.name!r} has no metric {name[:200]!r}.",
                hint=f"Did you mean {' or '.join(near)}?" if near else None,
                suggestions=near,
            )
        return StoredMetric(self, figures)

    def console(self) -> str:
        """Return all that the run printed, as one text."""
        pieces: list[str] = []
        after = 0
        while True:
            page = console_page(self.store, self.id, after=after, limit=_CONSOLE_PIECE)
            if not page.lines:
                return "".join(pieces)
            pieces += [line.text for line in page.lines]
            after = page.next

    def close(self) -> None:
        """Close the store; what was read stays usable."""
        self._closing()

    def __enter__(self) -> StoredRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        record = self.record
        return f"<StoredRun {record.name!r} of {record.project!r}, {record.state}, id {record.id}>"


class StoredMetric:
    """One metric of a recorded run."""

    def __init__(self, run: StoredRun, figures: MetricFigures) -> None:
        # Holding the run keeps its store open: `open_run(...).metric(...).points()` works in one line.
        self._run = run
        #: the metric in figures, as it was when the run was opened
        self.figures = figures

    @property
    def name(self) -> str:
        """The metric's name."""
        return self.figures.key

    @property
    def last(self) -> float:
        """The value at the greatest (step, time, value)."""
        return self.figures.last

    @property
    def min(self) -> float:
        """The least finite value."""
        return self.figures.min

    @property
    def max(self) -> float:
        """The greatest finite value."""
        return self.figures.max

    @property
    def mean(self) -> float:
        """The mean of the finite values."""
        return self.figures.mean

    @property
    def best(self) -> float | None:
        """The best value by the project's metric contract; None where none states a goal."""
        return self.figures.best

    def points(self) -> Points:
        """Return all points as arrays ``steps``, ``times`` (nanoseconds since 1970, UTC) and ``values``."""
        return self._run.store.series.points(self._run.id, self.name)

    def sampled(
        self, pixels: int = 1000, *, x: str = "step", low: float | None = None, high: float | None = None
    ) -> SampledSeries:
        """Return a curve of at most about ``pixels`` buckets over the range of x, extremes kept."""
        request = SeriesRequest(self._run.id, self.name, x, low, high, pixels)
        return self._run.store.series.sampled(request)

    def __repr__(self) -> str:
        return f"<StoredMetric {self.name!r}, {self.figures.points} points, last {self.last:.6g}>"
