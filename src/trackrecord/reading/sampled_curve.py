"""A curve thinned to what can be seen, as a table too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from trackrecord.exchange.columns import Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Tabular, pieces
from trackrecord.store.contract import SampledSeries


class SampledCurve(SampledSeries, Tabular):
    """A curve thinned to what can be seen (`SampledSeries`), one entry a bucket.

    As a table it has the columns ``x``, ``y``, ``low``, ``high`` and ``count``.

    Example::

        curve = tr.open_run("quiet-river").metric("loss").sampled(500)
        curve.to_pandas().plot(x="x", y="y")
    """

    __slots__ = ()

    @classmethod
    def of(cls, series: SampledSeries) -> SampledCurve:
        """Return the same curve as a table."""
        return cls(**{each.name: getattr(series, each.name) for each in fields(SampledSeries)})

    def __len__(self) -> int:
        return len(self.x)

    def _fields(self) -> Sequence[Field]:
        return [column.field for column in self._whole().columns]

    def _batches(self, rows: int) -> Iterator[Batch]:
        return pieces(self._whole(), rows)

    def _whole(self) -> Batch:
        floats = [
            Column(Field(name, Kind.FLOAT), getattr(self, name).astype("f8", copy=False))
            for name in ("x", "y", "low", "high")
        ]
        return Batch((*floats, Column(Field("count", Kind.INT), self.count.astype("i8", copy=False))))

    def __repr__(self) -> str:
        return f"<SampledCurve {self.request.metric!r}: {len(self)} of {self.total} points>"
