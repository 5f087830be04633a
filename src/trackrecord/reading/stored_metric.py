"""One metric of a recorded run: its figures, and its points when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.query.charts import chart
from trackrecord.reading.curves import as_smoothing
from trackrecord.reading.metric_points import MetricPoints
from trackrecord.reading.sampled_curve import SampledCurve
from trackrecord.reading.smoothed_curve import SmoothedCurve
from trackrecord.store.contract import SeriesRequest
from trackrecord.words.records import MetricFigures

if TYPE_CHECKING:
    from trackrecord.query.smoothing import Smoothing
    from trackrecord.reading.stored_run import StoredRun


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

    def points(self) -> MetricPoints:
        """Return all points: the arrays ``steps``, ``times`` and ``values``, or a data frame of them."""
        found = self._run.store.series.points(self._run.id, self.name)
        return MetricPoints(found.run, found.metric, found.steps, found.times, found.values)

    def sampled(
        self,
        pixels: int = 1000,
        *,
        x: str = "step",
        low: float | None = None,
        high: float | None = None,
        log_x: bool = False,
        smoothing: float | Smoothing | None = None,
    ) -> SampledCurve:
        """Return a curve of at most about ``pixels`` buckets over the range of x, extremes kept.

        With ``smoothing``, a strength from 0 to 0.999 or `Smoothing`, it is a `SmoothedCurve`: the smoothed values
        are ``smooth``. With ``log_x`` buckets are equally wide in the logarithm of x. Raises UsageError.

        Example::

            curve = tr.open_run("quiet-river").metric("loss").sampled(500, smoothing=tr.Smoothing("ema", length=200))
        """
        request = SeriesRequest(self._run.id, self.name, x, low, high, pixels, log_x)
        found = chart(self._run.store, [request], as_smoothing(smoothing))
        if found.smooth:
            return SmoothedCurve.with_smooth(found.series[0], found.smooth[0])
        return SampledCurve.of(found.series[0])

    def __repr__(self) -> str:
        count = f"{self.figures.points} point{'' if self.figures.points == 1 else 's'}"
        return f"<StoredMetric {self.name!r}: {count}, last {self.last:.6g}>"
