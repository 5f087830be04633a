"""From the values of ``words.records`` to the shapes of the API."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING
from urllib.parse import quote

from trackrecord import shapes
from trackrecord.shapes.encoding import maybe_moment, moment, number, numbers, plain
from trackrecord.words import records
from trackrecord.words.contract import MetricContract

if TYPE_CHECKING:
    from trackrecord.analysis.comparison import Comparison, Line
    from trackrecord.analysis.group_curves import GroupCurve
    from trackrecord.query.charts import Chart, SmoothCurve
    from trackrecord.query.console import ConsolePage
    from trackrecord.query.curve_choice import ChosenCurves
    from trackrecord.store.contract import SampledSeries


def _project_fields(record: records.ProjectRecord) -> dict[str, object]:
    return {
        "name": record.name,
        "runs": record.runs,
        "running": record.running,
        "failed": record.failed,
        "created": moment(record.created),
        "last_activity": moment(record.last_activity),
        "primary": _primary(record.primary),
    }


def project(record: records.ProjectRecord) -> shapes.Project:
    """Return a project as the list shows it."""
    return shapes.Project(**_project_fields(record), experiments=record.experiments)  # type: ignore[arg-type]


def project_detail(detail: records.ProjectDetail) -> shapes.ProjectDetail:
    """Return a project, whole."""
    columns = detail.columns
    return shapes.ProjectDetail(
        **_project_fields(detail.record),  # type: ignore[arg-type]
        contracts=[contract(each) for each in detail.contracts],
        experiments=[experiment(each) for each in detail.experiments],
        columns=shapes.Columns(
            params=[shapes.ParamColumn(each.key, each.runs, list(each.types)) for each in columns.params],
            metrics=[shapes.Column(each.key, each.runs) for each in columns.metrics],
            summary=[shapes.Column(each.key, each.runs) for each in columns.summary],
        ),
    )


def _primary(primary: records.PrimaryResult | None) -> shapes.Primary | None:
    if primary is None:
        return None
    return shapes.Primary(
        primary.metric, primary.goal, primary.unit, number(primary.best), primary.run, primary.run_name
    )


def experiment(record: records.ExperimentRecord) -> shapes.Experiment:
    """Return an experiment with its texts."""
    return shapes.Experiment(
        name=record.name,
        project=record.project,
        hypothesis=record.hypothesis,
        prediction=record.prediction,
        verdict=record.verdict,
        conclusion=record.conclusion,
        runs=record.runs,
        created=moment(record.created),
        updated=moment(record.updated),
    )


def contract(said: MetricContract) -> shapes.Contract:
    """Return a metric contract."""
    return shapes.Contract(
        pattern=said.pattern,
        goal=said.goal,
        unit=said.unit,
        primary=said.primary,
        x=said.x,
        low=number(said.low),
        high=number(said.high),
        description=said.description,
    )


def run_head(record: records.RunRecord) -> shapes.RunHead:
    """Return a run without its values."""
    return shapes.RunHead(
        id=record.id,
        name=record.name,
        project=record.project,
        experiment=record.experiment,
        group=record.group,
        parent=record.parent,
        state=str(record.state),
        created=moment(record.created),
        started=moment(record.started),
        ended=maybe_moment(record.ended),
        duration_s=number(record.duration_s) or 0,
        tags=list(record.tags),
        notes=record.notes,
        user=record.user,
        host=record.host,
        last_step=number(record.last_step),
        points=record.points,
        problems=record.problems,
        archived=maybe_moment(record.archived),
        deleted=maybe_moment(record.deleted),
    )


def _head_fields(record: records.RunRecord) -> dict[str, object]:
    head = run_head(record)
    return {name: getattr(head, name) for name in head.__struct_fields__}


def _row_fields(record: records.RunRecord) -> dict[str, object]:
    fields = _head_fields(record)
    fields["params"] = plain(record.params)
    fields["metrics"] = {key: _metric_values(figures) for key, figures in record.metrics.items()}
    fields["summary"] = plain(record.summary)
    return fields


def run_row(record: records.RunRecord) -> shapes.RunRow:
    """Return a run as a row of a table."""
    return shapes.RunRow(**_row_fields(record))  # type: ignore[arg-type]


def _metric_values(figures: records.MetricFigures) -> shapes.MetricValues:
    last, least, greatest, best = figures.last, figures.min, figures.max, figures.best
    first, mean = figures.first, figures.mean
    if isfinite(
        last + least + greatest + first + mean
    ):  # finite, all of them: nothing needs to become a text
        return shapes.MetricValues(last, least, greatest, best, first, mean)
    return shapes.MetricValues(
        number(figures.last),
        number(figures.min),
        number(figures.max),
        number(figures.best),
        number(figures.first),
        number(figures.mean),
    )


def run_detail(detail: records.RunDetail) -> shapes.RunDetail:
    """Return a run, whole."""
    record = detail.record
    fork = detail.forked_from
    return shapes.RunDetail(
        **_row_fields(record),  # type: ignore[arg-type]
        hypothesis=record.hypothesis,
        url=f"/p/{quote(record.project, safe='')}/r/{quote(record.id, safe='')}",
        command=None if detail.command is None else list(detail.command),
        traceback=detail.traceback,
        exit_code=record.exit_code,
        param_conflicts={key: plain(values) for key, values in detail.param_conflicts.items()},
        metric_list=[_metric_info(figures) for figures in record.metrics.values()],
        environment=plain(detail.environment),
        artifacts=[_artifact(each) for each in detail.artifacts],
        media=[
            shapes.MediaSeries(each.key, each.kind, each.entries, number(each.last_step))
            for each in detail.media
        ],
        problems_list=[
            shapes.Problem(each.code, each.message, each.count, moment(each.first), moment(each.last))
            for each in detail.problems
        ],
        writers=[
            shapes.Writer(each.writer, each.role, each.rank, each.host, each.pid, str(each.state))
            for each in detail.writers
        ],
        forked_from=None if fork is None else shapes.Fork(fork[0], number(fork[1]) or 0),
        children=[shapes.RelatedRun(each.id, each.name, str(each.state)) for each in detail.children],
        siblings=shapes.Siblings(detail.previous, detail.next),
    )


def _metric_info(figures: records.MetricFigures) -> shapes.MetricInfo:
    return shapes.MetricInfo(
        key=figures.key,
        points=figures.points,
        first=number(figures.first),
        last=number(figures.last),
        min=number(figures.min),
        max=number(figures.max),
        mean=number(figures.mean),
        best=number(figures.best),
        best_step=number(figures.best_step),
        first_step=number(figures.first_step),
        last_step=number(figures.last_step),
        nonfinite=figures.nonfinite,
        contract=None if figures.contract is None else contract(figures.contract),
    )


def _artifact(record: records.ArtifactRecord) -> shapes.Artifact:
    return shapes.Artifact(
        name=record.name,
        kind=record.kind,
        version=record.version,
        digest=record.digest,
        size=record.size,
        created=moment(record.created),
        relation=record.relation,
        files=[shapes.ArtifactFile(each.path, each.size, each.digest) for each in record.files],
    )


def media_entry(entry: records.MediaEntry) -> shapes.MediaEntry:
    """Return a logged value that is not a number."""
    return shapes.MediaEntry(
        kind=entry.kind,
        key=entry.key,
        step=number(entry.step) or 0,
        time=moment(entry.time),
        caption=entry.caption,
        digest=entry.digest,
        media_type=entry.media_type,
        size=entry.size,
        data=plain(entry.data),
    )


def _console_line(line: records.ConsoleLine) -> shapes.ConsoleLine:
    return shapes.ConsoleLine(line.n, moment(line.time), line.stream, line.text)


def console(page: ConsolePage) -> shapes.Console:
    """Return a stretch of what a run printed."""
    return shapes.Console([_console_line(line) for line in page.lines], page.next, page.total)


def comparison(found: Comparison) -> shapes.Comparison:
    """Return runs side by side."""
    return shapes.Comparison(
        runs=[run_head(record) for record in found.runs],
        params=_comparison_lines(found.params),
        results=_comparison_lines(found.results),
        environment=_comparison_lines(found.environment),
    )


def _comparison_lines(lines: Sequence[Line]) -> list[shapes.ComparisonLine]:
    return [
        shapes.ComparisonLine(
            key=line.key,
            values=plain(line.values),
            differs=line.differs,
            goal=line.goal,
            best=list(line.best),
            unit=line.unit,
        )
        for line in lines
    ]


def curves(
    found: Chart,
    groups: Sequence[GroupCurve] | None = None,
    chosen: ChosenCurves | None = None,
    *,
    members: bool = True,
) -> shapes.Curves:
    """Return the curves of a chart, and of groups if there are any; without ``members`` only those."""
    smooth: Sequence[SmoothCurve | None] = found.smooth or [None] * len(found.series)
    return shapes.Curves(
        found.revision,
        [_curve(*each) for each in zip(found.series, smooth, strict=True)] if members else [],
        None if groups is None else [_group_line(each) for each in groups],
        None if chosen is None else len(chosen.runs),
        None if chosen is None else chosen.matched,
        None if chosen is None else chosen.said,
    )


def _curve(series: SampledSeries, smooth: SmoothCurve | None) -> shapes.Curve:
    y = numbers(series.y)
    return shapes.Curve(
        run=series.request.run,
        metric=series.request.metric,
        exact=bool(series.exact),
        approximate=bool(series.approximate),
        total=int(series.total),
        points=len(series.x),
        nonfinite=int(series.nonfinite),
        left_out=int(series.left_out),
        x=numbers(series.x),
        y=y,
        # A point's extremes are its value, also where that is no finite number.
        low=y if series.exact else numbers(series.low),
        high=y if series.exact else numbers(series.high),
        count=numbers(series.count),
        smooth=None if smooth is None else numbers(smooth.y),
        smoothing_length=None if smooth is None else number(smooth.length),
        smoothing_resolved=None if smooth is None else smooth.resolved,
    )


def _group_line(curve: GroupCurve) -> shapes.GroupLine:
    return shapes.GroupLine(
        metric=curve.metric,
        group=curve.group.label,
        values=plain(curve.group.values),
        runs=list(curve.runs),
        empty=list(curve.empty),
        approximate=bool(curve.approximate),
        nonfinite=int(curve.nonfinite),
        left_out=int(curve.left_out),
        smoothing_length=number(curve.smoothing_length),
        smoothing_resolved=curve.smoothing_resolved,
        points=len(curve.x),
        x=numbers(curve.x),
        n=numbers(curve.n),
        columns={name: numbers(column) for name, column in curve.columns.items()},
    )
