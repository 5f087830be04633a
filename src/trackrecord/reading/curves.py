"""Curves of many runs, or of groups of them, in one call."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np

from trackrecord.analysis.group_curves import GroupCurve, WantedStatistics, group_curves
from trackrecord.exchange.columns import Array, Batch, Column, Field, Kind
from trackrecord.exchange.tabular import Tabular, pieces
from trackrecord.query.charts import Chart, chart
from trackrecord.query.curve_choice import MOST_RUNS, ChosenCurves, choose_curves
from trackrecord.query.smoothing import Smoothing
from trackrecord.reading.sampled_curve import SampledCurve
from trackrecord.reading.smoothed_curve import SmoothedCurve
from trackrecord.store.contract import STEP, SeriesRequest
from trackrecord.store.opening import open_store, warn_of
from trackrecord.words.errors import UsageError
from trackrecord.words.records import RunRecord


def curves(
    metrics: str | Sequence[str] = (),
    where: str = "",
    *,
    pattern: str | None = None,
    project: str | None = None,
    order_by: str = "-created",
    limit: int = MOST_RUNS,
    x: str = STEP,
    low: float | None = None,
    high: float | None = None,
    pixels: int = 1000,
    log_x: bool = False,
    smoothing: float | Smoothing | None = None,
    group_by: str | Sequence[str] | None = None,
    statistics: str | Sequence[str] = ("mean", "minmax", "t"),
    quantiles: Sequence[float] = (),
    confidence: float = 0.95,
    store: str | os.PathLike[str] | None = None,
) -> Curves:
    """Return the curves of all runs that fit a filter, or with ``group_by`` those of groups of them.

    Args:
        metrics: a name, or several.
        where: a filter (docs/query.md); empty for every run.
        pattern: all metrics in whose name this regular expression is found, as well.
        project: only runs of this project.
        order_by: which runs come first.
        limit: at most so many runs, 1,000 at most; ``said`` tells when there are more.
        x: ``step``, ``relative`` (seconds since the run was created), ``wall`` (since 1970) or ``metric:NAME``.
        low: least x, in its units; ``high`` the greatest; both belong to the range.
        high: see ``low``.
        pixels: about how many buckets a curve has at most, and places a group.
        log_x: buckets equally wide in the logarithm of x; points at x <= 0 are left out.
        smoothing: a strength from 0 to 0.999, or `Smoothing` with a length in units of x (docs/charts.md).
        group_by: ``group``, ``params.KEY``, ``tags``, ..., or several of them; ``()`` makes one group of all runs.
        statistics: of ``mean``, ``median``, ``minmax``, ``std``, ``stderr``, ``t`` (interval of the mean).
        quantiles: numbers from 0 to 1.
        confidence: of the interval ``t``.
        store: the store's folder; looked up as `init` does without.

    Raises:
        QueryError: the filter or order can't be understood.
        NotFoundError: no run has such a metric, or there is no such project.
        UsageError: another argument can't be used.
        StoreError: there is no store, or it can't be read.

    Example::

        found = tr.curves("val/loss", "params.lr > 0.001", group_by="params.lr", smoothing=0.6)
        for group in found.groups:
            print(group.group.label, group.n.max(), group.columns["mean"][-1])
        frame = found.to_pandas()
    """
    names = [metrics] if isinstance(metrics, str) else list(metrics)
    by = None if group_by is None else [group_by] if isinstance(group_by, str) else list(group_by)
    kinds = (statistics,) if isinstance(statistics, str) else tuple(statistics)
    wanted = None if by is None else WantedStatistics(kinds, tuple(quantiles), confidence)
    how = as_smoothing(smoothing)
    opened = open_store(store, on_problem=warn_of)
    try:
        chosen = choose_curves(
            opened,
            metrics=names,
            pattern=pattern,
            where=where,
            project=project,
            order_by=order_by,
            limit=limit,
            group_by=by or (),
        )
        requests = [
            SeriesRequest(run.id, metric, x, low, high, pixels, log_x)
            for metric in chosen.metrics
            for run in chosen.runs
        ]
        found = chart(opened, requests, how)
    finally:
        opened.close()
    return Curves(chosen, found, None if by is None else group_curves(found, chosen.groups(by), wanted))


def as_smoothing(given: float | Smoothing | None) -> Smoothing | None:
    """Return what somebody gave as ``smoothing``: a strength, or everything. Raises UsageError."""
    if given is None or isinstance(given, Smoothing):
        return given
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise UsageError(
            f"smoothing is a strength from 0 to 0.999 or tr.Smoothing(...), not {given!r:.60}.",
            hint="tr.Smoothing('ema', length=500) has a length in units of x.",
        )
    return Smoothing(strength=float(given))


class Curves(Tabular):
    """Curves of runs, or of groups.

    ``lines`` are the curves of the runs that have points, one `SampledCurve` (smoothed: `SmoothedCurve`) each,
    ``groups`` those of groups (`GroupCurve`), None where no grouping was asked for. ``runs`` are the runs,
    ``matched`` how many fit, ``said`` what is not shown, as a sentence or None.

    As a table: of runs ``run``, ``name``, ``metric``, ``x``, ``y``, ``low``, ``high``, ``count`` and ``smooth``, of
    groups ``metric``, ``group``, ``x``, ``n`` and a column for each statistic; a line for each bucket or place.
    """

    def __init__(self, chosen: ChosenCurves, found: Chart, groups: tuple[GroupCurve, ...] | None) -> None:
        self.groups = groups
        self.runs: tuple[RunRecord, ...] = chosen.runs
        self.matched = chosen.matched
        self.said = chosen.said
        self.revision = found.revision
        smooth = found.smooth or (None,) * len(found.series)
        self.lines: tuple[SampledCurve, ...] = tuple(
            SampledCurve.of(series) if made is None else SmoothedCurve.with_smooth(series, made)
            for series, made in zip(found.series, smooth, strict=True)
            if len(series.x)
        )

    def _fields(self) -> Sequence[Field]:
        return [column.field for column in self._whole().columns]

    def _batches(self, rows: int) -> Iterator[Batch]:
        return pieces(self._whole(), rows)

    def _whole(self) -> Batch:
        return self._lines_as_table() if self.groups is None else self._groups_as_table(self.groups)

    def _lines_as_table(self) -> Batch:
        names = {run.id: run.name for run in self.runs}
        sizes = [len(line) for line in self.lines]
        requests = [line.request for line in self.lines]
        columns = [
            _texts("run", [request.run for request in requests], sizes),
            _texts("name", [names[request.run] for request in requests], sizes),
            _texts("metric", [request.metric for request in requests], sizes),
        ]
        columns += [
            Column(Field(name, Kind.FLOAT), _joined([getattr(line, name) for line in self.lines], "f8"))
            for name in ("x", "y", "low", "high")
        ]
        columns.append(Column(Field("count", Kind.INT), _joined([line.count for line in self.lines], "i8")))
        smoothed = [line.smooth for line in self.lines if isinstance(line, SmoothedCurve)]
        if smoothed:
            columns.append(Column(Field("smooth", Kind.FLOAT), _joined(smoothed, "f8")))
        return Batch(tuple(columns))

    def _groups_as_table(self, groups: Sequence[GroupCurve]) -> Batch:
        sizes = [len(group.x) for group in groups]
        columns = [
            _texts("metric", [group.metric for group in groups], sizes),
            _texts("group", [group.group.label for group in groups], sizes),
            Column(Field("x", Kind.FLOAT), _joined([group.x for group in groups], "f8")),
            Column(Field("n", Kind.INT), _joined([group.n for group in groups], "i8")),
        ]
        for name in groups[0].columns if groups else ():
            values = _joined([group.columns[name] for group in groups], "f8")
            columns.append(Column(Field(name, Kind.FLOAT), values))
        return Batch(tuple(columns))

    def __repr__(self) -> str:
        what = f"{len(self.lines)} curves" if self.groups is None else f"{len(self.groups)} curves of groups"
        return f"<Curves: {what} of {len(self.runs)} runs" + (f"; {self.said}>" if self.said else ">")


def _texts(name: str, values: Sequence[str], sizes: Sequence[int]) -> Column:
    categories = tuple(dict.fromkeys(values))
    code = {text: at for at, text in enumerate(categories)}
    codes = np.repeat(np.array([code[text] for text in values], np.int32), sizes)
    return Column(Field(name, Kind.CATEGORY, categories), codes)


def _joined(parts: Sequence[Array], kind: str) -> Array:
    found: Array = np.concatenate([np.empty(0, kind), *parts]).astype(kind, copy=False)
    return found
