"""All points of a metric: arrays that become a data frame in one call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import BATCH_ROWS, Tabular, pieces
from trackrecord.store.contract import Points


class MetricPoints(Points, Tabular):
    """All points of one metric of one run, ordered by (step, time).

    Three numpy arrays of equal length: ``steps`` (int64 when every step is whole, else float64), ``times`` (int64,
    nanoseconds since 1970, UTC) and ``values`` (float64, NaN and infinities as logged). As a table they are
    the columns ``step``, ``time`` (with the time zone UTC) and ``value``; nothing is ever missing.

    Example::

        points = tr.open_run("quiet-river").metric("val/loss").points()
        points.values.min()
        points.to_pandas().plot(x="step", y="value")
    """

    __slots__ = ()

    def __len__(self) -> int:
        return len(self.values)

    def batches(self, rows: int = BATCH_ROWS) -> Iterator[MetricPoints]:
        """Yield the points in pieces of at most ``rows``, without a copy."""
        for start in range(0, len(self), rows):
            cut = slice(start, start + rows)
            yield MetricPoints(self.run, self.metric, self.steps[cut], self.times[cut], self.values[cut])

    def _fields(self) -> Sequence[Field]:
        return [column.field for column in self._whole().columns]

    def _batches(self, rows: int) -> Iterator[Batch]:
        return pieces(self._whole(), rows)

    def _whole(self) -> Batch:
        step = Field("step", Kind.INT if self.steps.dtype.kind == "i" else Kind.FLOAT)
        return Batch(
            (
                Column(step, self.steps),
                Column(Field("time", Kind.TIME), self.times),
                Column(Field("value", Kind.FLOAT), self.values),
            )
        )

    def __repr__(self) -> str:
        count = f"{len(self)} point{'' if len(self) == 1 else 's'}"
        if not len(self):
            return f"<MetricPoints {self.metric!r}: {count}>"
        return f"<MetricPoints {self.metric!r}: {count}, steps {self.steps[0].item()} to {self.steps[-1].item()}>"
