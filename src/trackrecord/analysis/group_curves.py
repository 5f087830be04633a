"""Curves of groups of runs: mean, median, spread and interval at each place of a common grid, with n everywhere.

A run is linear between its own buckets and nothing beyond its ends: at each place of the grid only the runs count that
were there. All runs of a chart are done at once, as one array of runs by places. docs/charts.md has the formulas.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from trackrecord.analysis.student import t_quantile
from trackrecord.query.charts import Chart
from trackrecord.query.run_groups import RunGroup
from trackrecord.query.smoothing import REACH, Buckets, smooth
from trackrecord.words.errors import UsageError

Array = np.ndarray[Any, Any]

MEAN, MEDIAN, MIN_MAX, STD, STDERR, T_INTERVAL = "mean", "median", "minmax", "std", "stderr", "t"
STATISTICS = (MEAN, MEDIAN, MIN_MAX, STD, STDERR, T_INTERVAL)
#: smoothing after grouping looks at so many places in front of the visible range
_CONTEXT_PLACES = 200
#: so many runs are brought onto the grid in one go: intermediate arrays stay within some 10 MB
_RUNS_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class WantedStatistics:
    """What to compute of each group: names of `STATISTICS`, quantiles from 0 to 1, and the confidence of ``t``.

    Raises UsageError for a name that is none, or numbers out of range.
    """

    names: tuple[str, ...] = (MEAN, MIN_MAX, T_INTERVAL)
    quantiles: tuple[float, ...] = ()
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name in self.names:
            if name not in STATISTICS:
                raise UsageError(f"{name!r:.60} is no statistic.", hint=f"There are {', '.join(STATISTICS)}.")
        for quantile in self.quantiles:
            if not 0 <= quantile <= 1:
                raise UsageError(f"A quantile is between 0 and 1, not {quantile!r:.60}.")
        if not 0 < self.confidence < 1:
            raise UsageError(f"A confidence is between 0 and 1, such as 0.95, not {self.confidence!r:.60}.")


@dataclass(frozen=True, slots=True)
class GroupCurve:
    """One group and one metric. All arrays have one entry per place of the grid, which all groups of a metric share.

    ``n`` is how many runs are there. ``columns`` hold the statistics by name, NaN where n is too small: ``mean``,
    ``median``, ``min``, ``max``, ``std`` (n - 1, from n = 2), ``stderr``, ``t_low`` and ``t_high`` (from n = 2),
    and quantiles as ``q0.25``. ``runs`` are the members, ``empty`` those of them that have no value in this range.
    ``nonfinite``, ``left_out`` and ``approximate`` are those of the members' curves together, ``smoothing_length`` and
    ``smoothing_resolved`` those of their smoothing, None without.
    """

    metric: str
    group: RunGroup
    x: Array
    n: Array
    columns: Mapping[str, Array]
    runs: tuple[str, ...]
    empty: tuple[str, ...]
    nonfinite: int = 0
    left_out: int = 0
    approximate: bool = False
    smoothing_length: float | None = None
    smoothing_resolved: bool | None = None


def group_curves(
    chart: Chart, groups: Sequence[RunGroup], wanted: WantedStatistics | None = None
) -> tuple[GroupCurve, ...]:
    """Return one curve for each metric and group, metrics in the order of the chart, groups as given.

    Runs are smoothed before they are grouped, as the chart has them; with ``after_grouping`` the statistics are.
    Without smoothing ``min`` and ``max`` are of all points in a bucket, so that no spike of any run is lost.
    """
    wanted = wanted or WantedStatistics()
    found = []
    for metric in dict.fromkeys(each.request.metric for each in chart.series):
        at = [index for index, each in enumerate(chart.series) if each.request.metric == metric]
        curves = _curves_of(chart, at)
        grid = _Grid.over(chart, at, curves)
        values = _on_grid(curves, grid) if len(grid.x) else None
        index_of = {chart.series[index].request.run: row for row, index in enumerate(at)}
        for group in groups:
            members = [index_of[run] for run in group.runs if run in index_of]
            if values is None:
                columns, n = {name: np.empty(0) for name in _names(wanted)}, np.empty(0, np.int64)
                there = np.zeros(len(members), bool)
            else:
                value, least, greatest = (each[members] for each in values)
                columns, n = _statistics(value, least, greatest, wanted)
                there = np.asarray(np.isfinite(value[:, grid.visible]).any(axis=1))
            columns = _smoothed_after(chart, at, grid, columns)
            series = [chart.series[at[row]] for row in members]
            made = [chart.smooth[at[row]] for row in members] if chart.smooth else []
            runs = tuple(each.request.run for each in series)
            found.append(
                GroupCurve(
                    metric,
                    group,
                    grid.x[grid.visible],
                    n[grid.visible],
                    {name: column[grid.visible] for name, column in columns.items()},
                    runs,
                    tuple(run for run, is_there in zip(runs, there.tolist(), strict=True) if not is_there),
                    sum(each.nonfinite for each in series),
                    sum(each.left_out for each in series),
                    any(each.approximate for each in series),
                    made[0].length if made else None,
                    all(each.resolved for each in made) if made else None,
                )
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Curve:
    """One run as it is grouped: buckets, gaps (weight 0) among them, with the extremes of each."""

    x: Array
    y: Array
    low: Array
    high: Array
    weight: Array


def _curves_of(chart: Chart, at: Sequence[int]) -> list[_Curve]:
    curves = []
    for index in at:
        each = chart.series[index]
        if not chart.smooth:
            curves.append(_Curve(each.x, each.y, each.low, each.high, each.weights))
        elif chart.smoothing is not None and chart.smoothing.after_grouping:
            source = chart.smooth[index].source
            curves.append(_Curve(source.x, source.y, source.y, source.y, source.weight))
        else:
            y = chart.smooth[index].y
            curves.append(_Curve(each.x, y, y, y, each.weights))
    return curves


@dataclass(frozen=True, slots=True)
class _Grid:
    """The places of a chart: their x, where the cell around each ends, and which of them are in the visible range."""

    x: Array
    edges: Array
    visible: slice

    @staticmethod
    def over(chart: Chart, at: Sequence[int], curves: Sequence[_Curve]) -> _Grid:
        """Return the places themselves where there are no more than pixels, else the middles of as many cells."""
        request = chart.series[at[0]].request
        shown = [chart.series[index].x for index in at if len(chart.series[index].x)]
        if not shown:
            return _Grid(np.empty(0), np.empty(0), slice(0, 0))
        after = chart.smoothing is not None and chart.smoothing.after_grouping
        places = np.unique(np.concatenate(shown))
        low, high = float(places[0]), float(places[-1])
        if len(places) > request.pixels:
            x, edges = _cells(low, high, request.pixels, request.log_x)
        else:
            x, edges = places, places[:-1] / 2 + places[1:] / 2
        if not after or not chart.smooth:
            return _Grid(x, edges, slice(0, len(x)))
        assert chart.smoothing is not None
        # smoothing afterwards needs places in front of the visible range and behind it
        length = chart.smooth[at[0]].length
        sources = [curve.x for curve in curves if len(curve.x)]
        reach = REACH[chart.smoothing.kind]
        before = max(min(float(each[0]) for each in sources), low - reach[0] * length)
        behind = min(max(float(each[-1]) for each in sources), high + reach[1] * length)
        front = np.linspace(before, low, _CONTEXT_PLACES, endpoint=False) if before < low else np.empty(0)
        back = (
            np.linspace(behind, high, _CONTEXT_PLACES, endpoint=False)[::-1] if behind > high else np.empty(0)
        )
        places = np.concatenate((front, x, back))
        return _Grid(places, places[:-1] / 2 + places[1:] / 2, slice(len(front), len(front) + len(x)))


def _cells(low: float, high: float, count: int, log_x: bool) -> tuple[Array, Array]:
    """Return the middles of equally wide cells, and the edges between them."""
    if log_x:
        middles, edges = _cells(math.log(low), math.log(high), count, log_x=False)
        return np.exp(middles), np.exp(edges)
    edges = np.linspace(low / 2, high / 2, count + 1) * 2
    return edges[:-1] / 2 + edges[1:] / 2, edges[1:-1]


def _on_grid(curves: Sequence[_Curve], grid: _Grid) -> tuple[Array, Array, Array]:
    """Return value, least and greatest of each curve (rows) at each place of the grid; NaN where a curve is not.

    The buckets of a cell become one node, at their mean x; between nodes a curve is straight, unless a bucket without
    a finite value lies between them.
    """
    pieces = [
        _piece_on_grid(curves[at : at + _RUNS_AT_ONCE], grid) for at in range(0, len(curves), _RUNS_AT_ONCE)
    ]
    value, least, greatest = (np.concatenate(each) for each in zip(*pieces, strict=True))
    return value, least, greatest


def _piece_on_grid(curves: Sequence[_Curve], grid: _Grid) -> tuple[Array, Array, Array]:
    places, runs = len(grid.x), len(curves)
    if not any(len(each.x) for each in curves):
        nothing = np.full((runs, places), np.nan)
        return nothing, nothing, nothing
    x, y, low, high, weight = (
        np.concatenate([getattr(each, name) for each in curves]).astype(np.float64)
        for name in ("x", "y", "low", "high", "weight")
    )
    run = np.repeat(np.arange(runs), [len(each.x) for each in curves])
    key = run * places + np.searchsorted(grid.edges, x, "left")
    starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    there = (weight > 0) & np.isfinite(y)
    weight = np.where(there, weight, 0.0)
    total = np.add.reduceat(weight, starts)
    counts = np.diff(starts, append=len(key))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = weight / np.repeat(total, counts)
        node_y = np.add.reduceat(np.where(there, y * share, 0.0), starts)
        node_x = np.add.reduceat(np.where(there, x * share, 0.0), starts)
    gap = total == 0
    node_y[gap], node_x[gap] = np.nan, x[starts[gap]]
    node_key = key[starts]
    value = _between_nodes(node_key, node_x, node_y, grid, runs)
    least, greatest = value.copy(), value.copy()
    least.reshape(-1)[node_key] = np.fmin.reduceat(np.where(there, low, np.nan), starts)
    greatest.reshape(-1)[node_key] = np.fmax.reduceat(np.where(there, high, np.nan), starts)
    return value, least, greatest


def _between_nodes(key: Array, x: Array, y: Array, grid: _Grid, runs: int) -> Array:
    """Return each run at each place, on straight lines between its nodes and up to the cells of its first and last."""
    places = len(grid.x)
    run = key // places
    is_node = np.zeros(runs * places, bool)
    is_node[key] = True
    last = np.cumsum(is_node) - 1  # of each run and place the node in its cell, or the one before
    place_run = np.repeat(np.arange(runs), places)
    target = np.tile(grid.x, runs)
    known = (last >= 0) & (run[last] == place_run)
    # Before its own node of a cell a place lies on the line from the node before.
    own = known & is_node
    left = np.where(own & (target < x[last]), last - 1, last)
    left = np.where((left >= 0) & (run[left] == place_run), left, last)
    right = np.minimum(left + 1, len(key) - 1)
    right = np.where(run[right] == place_run, right, left)
    # Behind the last node's cell there is nothing.
    known &= own | (right > left)
    width = x[right] - x[left]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        part = np.clip(
            np.where(width > 0, (target - x[left]) / np.where(width > 0, width, 1.0), 0.0), 0.0, 1.0
        )
        mixed = y[left] * (1 - part) + y[right] * part
    value = np.where(part == 0, y[left], np.where(part == 1, y[right], mixed))
    # Beside a gap a cell with values keeps its own.
    value = np.where(own & np.isnan(value), y[last], value)
    value = np.where(own & np.isnan(y[last]), np.nan, value)
    return np.where(known, value, np.nan).reshape(runs, places)


def _names(wanted: WantedStatistics) -> list[str]:
    columns = {MIN_MAX: ("min", "max"), T_INTERVAL: ("t_low", "t_high")}
    names = [column for name in dict.fromkeys(wanted.names) for column in columns.get(name, (name,))]
    return names + [quantile_name(quantile) for quantile in dict.fromkeys(wanted.quantiles)]


def quantile_name(quantile: float) -> str:
    """Return how the column of a quantile is called.

    >>> quantile_name(0.25)
    'q0.25'
    """
    return f"q{quantile:g}"


def _statistics(
    values: Array, least: Array, greatest: Array, wanted: WantedStatistics
) -> tuple[dict[str, Array], Array]:
    """Return the statistics of rows of values, column by column, over what is finite; and how many those are."""
    there = np.isfinite(values)
    n = np.count_nonzero(there, axis=0)
    columns: dict[str, Array] = {}
    names = set(wanted.names)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if names & {MEAN, STD, STDERR, T_INTERVAL}:
            # divided first, so that the sum of great values is no infinity
            mean = np.where(n > 0, np.where(there, values / n, 0.0).sum(axis=0), np.nan)
            columns["mean"] = mean
        if names & {STD, STDERR, T_INTERVAL}:
            away = np.where(there, values - mean, 0.0)
            scale = np.abs(away).max(axis=0, initial=0.0)
            scale = np.where(scale > 0, scale, 1.0)
            columns["std"] = np.where(
                n > 1, np.sqrt(((away / scale) ** 2).sum(axis=0) / (n - 1)) * scale, np.nan
            )
            columns["stderr"] = columns["std"] / np.sqrt(n)
        if T_INTERVAL in names:
            reach = _t_by_n(n, wanted.confidence) * columns["stderr"]
            columns["t_low"], columns["t_high"] = mean - reach, mean + reach
    if MIN_MAX in names:
        columns["min"] = np.fmin.reduce(least, axis=0, initial=np.nan)
        columns["max"] = np.fmax.reduce(greatest, axis=0, initial=np.nan)
    if MEDIAN in names or wanted.quantiles:
        ordered = np.sort(np.where(there, values, np.nan), axis=0)  # NaN behind all numbers
        if MEDIAN in names:
            columns["median"] = _quantile(ordered, n, 0.5)
        for quantile in wanted.quantiles:
            columns[quantile_name(quantile)] = _quantile(ordered, n, quantile)
    return {name: columns[name] for name in _names(wanted)}, n


def _quantile(ordered: Array, n: Array, quantile: float) -> Array:
    """Return a quantile of each column, linear between neighbours (Hyndman and Fan's type 7); NaN for n = 0."""
    if not len(ordered):
        return np.full(len(n), np.nan)
    place = np.maximum(n - 1, 0) * quantile
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(n - 1, 0))
    column = np.arange(len(n))
    share = place - below
    found: Array = ordered[below, column] * (1 - share) + ordered[above, column] * share
    return found


def _t_by_n(n: Array, confidence: float) -> Array:
    """Return Student's t quantile for each n: how many standard errors the interval reaches; NaN below 2."""
    kinds, which = np.unique(n, return_inverse=True)
    reach = [_t_reach(int(each), confidence) for each in kinds]
    return np.array(reach, np.float64)[which.reshape(-1)]


@lru_cache(maxsize=4096)
def _t_reach(n: int, confidence: float) -> float:
    return t_quantile((1 + confidence) / 2, n - 1) if n > 1 else math.nan


def _smoothed_after(
    chart: Chart, at: Sequence[int], grid: _Grid, columns: dict[str, Array]
) -> dict[str, Array]:
    smoothing = chart.smoothing
    if smoothing is None or not smoothing.after_grouping or not len(grid.x):
        return columns
    length = chart.smooth[at[0]].length
    lines = [
        Buckets(grid.x, np.where(np.isfinite(column), column, np.nan), np.isfinite(column).astype(float))
        for column in columns.values()
    ]
    smoothed = smooth(smoothing.kind, length, lines, [grid.x] * len(lines))
    return {
        name: np.where(np.isfinite(column), new, np.nan)
        for (name, column), new in zip(columns.items(), smoothed, strict=True)
    }
