"""A curve thinned to what can be seen, with its smoothed values beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.query.charts import SmoothCurve
from trackrecord.reading.sampled_curve import SampledCurve
from trackrecord.store.contract import SampledSeries


@dataclass(frozen=True, repr=False)
class SmoothedCurve(SampledCurve):
    """A curve thinned to what can be seen (`SampledCurve`), and ``smooth``: its smoothed value at each ``x``.

    ``smooth`` is NaN where ``y`` is not finite. ``length`` is the smoothing length in units of x; ``resolved`` is False
    where it is too short to be seen at this resolution, so that ``smooth`` is ``y``. As a table it has the column
    ``smooth`` as well.

    Example::

        curve = tr.open_run("quiet-river").metric("loss").sampled(500, smoothing=0.9)
        curve.to_pandas().plot(x="x", y=["y", "smooth"])
    """

    smooth: np.ndarray[Any, Any] = field(default_factory=lambda: np.empty(0))
    length: float = 0.0
    resolved: bool = True

    @classmethod
    def with_smooth(cls, series: SampledSeries, made: SmoothCurve) -> SmoothedCurve:
        """Return a curve with what smoothing made of it."""
        values = {each.name: getattr(series, each.name) for each in fields(SampledSeries)}
        return cls(**values, smooth=made.y, length=made.length, resolved=made.resolved)

    def _whole(self) -> Batch:
        return Batch((*super()._whole().columns, Column(Field("smooth", Kind.FLOAT), self.smooth)))

    def __repr__(self) -> str:
        return super().__repr__().replace("SampledCurve", "SmoothedCurve", 1)
