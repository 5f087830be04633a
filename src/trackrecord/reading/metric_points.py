"""All points of a metric: arrays that become a data frame in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackrecord.reading.libraries import not_installed
from trackrecord.store.contract import Points

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


class MetricPoints(Points):
    """All points of one metric of one run, ordered by (step, time).

    Three numpy arrays of equal length: ``steps`` (int64 when every step is whole, else float64), ``times`` (int64,
    nanoseconds since 1970, UTC) and ``values`` (float64, NaN and infinities as logged). As a data frame they are
    the columns ``step``, ``time`` (with the time zone UTC) and ``value``.

    Example::

        points = tr.open_run("quiet-river").metric("val/loss").points()
        points.values.min()
        points.to_pandas().plot(x="step", y="value")
    """

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.values)

    def to_pandas(self) -> pd.DataFrame:
        """Return the points as a pandas data frame. Raises ImportError without pandas."""
        try:
            import pandas as pd
        except ImportError as error:
            raise not_installed("pandas") from error
        times = pd.to_datetime(self.times, unit="ns", utc=True)
        return pd.DataFrame({"step": self.steps, "time": times, "value": self.values})

    def to_polars(self) -> pl.DataFrame:
        """Return the points as a Polars data frame. Raises ImportError without Polars."""
        try:
            import polars as pl
        except ImportError as error:
            raise not_installed("polars") from error
        times = pl.Series("time", self.times).cast(pl.Datetime("ns", "UTC"))
        return pl.DataFrame([pl.Series("step", self.steps), times, pl.Series("value", self.values)])

    def to_arrow(self) -> pa.Table:
        """Return the points as an Arrow table. Raises ImportError without pyarrow."""
        try:
            import pyarrow as pa
        except ImportError as error:
            raise not_installed("pyarrow", "arrow") from error
        times = pa.array(self.times).cast(pa.timestamp("ns", tz="UTC"))
        return pa.table({"step": pa.array(self.steps), "time": times, "value": pa.array(self.values)})

    def __repr__(self) -> str:
        count = f"{len(self)} point{'' if len(self) == 1 else 's'}"
        if not len(self):
            return f"<MetricPoints {self.metric!r}: {count}>"
        return f"<MetricPoints {self.metric!r}: {count}, steps {self.steps[0].item()} to {self.steps[-1].item()}>"
