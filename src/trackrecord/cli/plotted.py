"""What ``plot`` draws of runs or of groups, and what its legend has to say so that nobody is misled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trackrecord import shapes
from trackrecord.analysis.group_curves import GroupCurve, WantedStatistics, group_curves, quantile_name
from trackrecord.cli.curves import Curve
from trackrecord.cli.numbers import count_of, format_number, one_line
from trackrecord.cli.x_axis import XAxis
from trackrecord.query.charts import Chart
from trackrecord.query.curve_choice import ChosenCurves
from trackrecord.query.run_groups import RunGroup
from trackrecord.shapes import rows
from trackrecord.store.contract import SampledSeries
from trackrecord.words.ids import short_id

_QUARTILES = (0.25, 0.75)
#: band: which columns are its edges, what computes them, and how it is called
_BANDS = {
    "t95": (("t_low", "t_high"), "t", "95 % interval of the mean (Student's t), none where n = 1"),
    "minmax": (("min", "max"), "minmax", "least to greatest of the runs"),
    "quantiles": (
        (quantile_name(_QUARTILES[0]), quantile_name(_QUARTILES[1])),
        None,
        "first to third quartile",
    ),
    "std": (("std", "std"), "std", "one standard deviation of the runs, none where n = 1"),
    "stderr": (("stderr", "stderr"), "stderr", "one standard error of the mean, none where n = 1"),
}


def wanted_statistics(stat: str | None, band: str | None) -> WantedStatistics:
    """Return what has to be computed for a middle line and a band; the first name is the line, the last the band."""
    line = stat or "mean"
    band = band or ("quantiles" if line == "median" else "t95")
    if band == "none":
        return WantedStatistics((line,))
    computed = _BANDS[band][1]
    if computed is None:
        return WantedStatistics((line,), _QUARTILES)
    return WantedStatistics((line, computed))


@dataclass(frozen=True)
class Plotted:
    """The curves of one call of ``plot``: of runs, or of groups where there are any."""

    chosen: ChosenCurves
    found: Chart
    groups: Sequence[RunGroup]
    statistics: WantedStatistics | None
    axes: Mapping[str, XAxis]

    def as_json(self) -> shapes.Curves:
        """Return the answer in the shape of the HTTP API."""
        grouped = self._grouped() if self.statistics is not None else None
        return rows.curves(self.found, grouped, self.chosen, members=grouped is None)

    def curves(self, metric: str) -> list[Curve]:
        """Return the curves of one chart with their legends."""
        if self.statistics is not None:
            return [self._group_line(each) for each in self._grouped() if each.metric == metric]
        records = {record.id: record for record in self.chosen.runs}
        curves = []
        for at, each in enumerate(self.found.series):
            if each.request.metric != metric:
                continue
            record = records[each.request.run]
            figures = record.metrics[metric]
            said = f"{one_line(record.name)} ({short_id(record.id)})  last {format_number(figures.last)}"
            if figures.best is not None:
                said += f", best {format_number(figures.best)}"
            if each.nonfinite:
                said += f", {each.nonfinite:,} not finite"
            if self.found.smooth:
                y = self.found.smooth[at].y.tolist()
                curves.append(Curve(said, each.x.tolist(), y, y, y))
            else:
                columns = (each.x, each.y, each.low, each.high)
                curves.append(Curve(said, *(column.tolist() for column in columns)))
        return curves

    def notes(self, metric: str) -> list[str]:
        """Return what the picture does not show by itself, a sentence each."""
        at = [index for index, each in enumerate(self.found.series) if each.request.metric == metric]
        series = [self.found.series[index] for index in at]
        notes = []
        if self.statistics is not None:
            notes.append(self._said_of_groups())
        if self.found.smoothing is not None and at:
            notes.append(self._said_of_smoothing(at))
        return notes + _said_of_axis(series)

    def _grouped(self) -> tuple[GroupCurve, ...]:
        return group_curves(self.found, self.groups, self.statistics)

    @property
    def _line(self) -> str:
        assert self.statistics is not None
        return self.statistics.names[0]

    @property
    def _band(self) -> str | None:
        assert self.statistics is not None
        if self.statistics.quantiles:
            return "quantiles"
        computed = self.statistics.names[-1]
        found = [name for name, (_, needed, _) in _BANDS.items() if needed == computed]
        return found[0] if found else None

    def _group_line(self, curve: GroupCurve) -> Curve:
        line = curve.columns[self._line]
        low = high = line
        if self._band is not None:
            low, high = (curve.columns[name] for name in _BANDS[self._band][0])
            if self._band in ("std", "stderr"):
                low, high = line - low, line + high
        there = curve.n[curve.n > 0].tolist()
        said = one_line(curve.group.label)
        if not there:
            said += "  n 0: no values"
        else:
            least, most = min(there), max(there)
            said += f"  n {most}" if least == most else f"  n {least} to {most}"
            last = next(
                value for value, n in zip(line[::-1].tolist(), curve.n[::-1].tolist(), strict=True) if n
            )
            said += f", last {self._line} {format_number(last)}"
        without = len(curve.group.runs) - len(curve.runs) + len(curve.empty)
        if without:
            said += f", {count_of(without, 'run')} without values"
        x, y, edges = curve.x.tolist(), line.tolist(), (low.tolist(), high.tolist())
        return Curve(said, x, y, *edges, band=self._band is not None)

    def _said_of_groups(self) -> str:
        band = "" if self._band is None else f", dotted: {_BANDS[self._band][2]}"
        return f"line: {self._line} of the runs that are there at each x (n of them){band}"

    def _said_of_smoothing(self, at: Sequence[int]) -> str:
        smoothing = self.found.smoothing
        assert smoothing is not None
        curve = self.found.smooth[at[0]]
        when = " after grouping" if smoothing.after_grouping and self.statistics is not None else ""
        said = f"smoothed{when}: {smoothing.kind}, length {format_number(curve.length)} in units of x"
        if smoothing.strength is not None:
            said += f" (strength {smoothing.strength:g} of the range shown)"
        if not all(self.found.smooth[index].resolved for index in at):
            return said + ", too short to be seen at this width: means of buckets are drawn"
        return said + "; the points and their extremes are not drawn"


def _said_of_axis(series: Sequence[SampledSeries]) -> list[str]:
    notes = []
    left_out = sum(each.left_out for each in series)
    if left_out:
        where = "at x <= 0 or without x" if series[0].request.log_x else "without x"
        notes.append(f"left out: {count_of(left_out, 'point')} {where}")
    if any(each.approximate for each in series):
        notes.append(
            "approximate: x and y were joined bucket by bucket, these are too many points for one by one"
        )
    return notes
