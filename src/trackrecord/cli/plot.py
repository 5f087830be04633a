"""``trackrecord plot``: metrics as curves in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from trackrecord.cli.session import Session, json_option, session_of, store_option
from trackrecord.words.errors import NotFoundError

if TYPE_CHECKING:
    from trackrecord.cli.x_axis import XAxis
    from trackrecord.query.charts import Chart
    from trackrecord.words.records import RunRecord

_EPILOG = """\b
Examples:
  trackrecord plot quiet-river                      its main metric
  trackrecord plot quiet-river amber-fox -m val/loss -m train/loss
  trackrecord plot --where 'group == "mlp-64"' -m val/loss --log-y
  trackrecord plot quiet-river -m val/loss --x relative
  trackrecord plot quiet-river -m val/loss --json
"""
_MOST_RUNS = 50
_PIPE_WIDTH = 100


@click.command("plot", epilog=_EPILOG)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option(
    "--metric", "-m", "metrics", multiple=True, metavar="NAME", help="A metric; may be given several times."
)
@click.option("--where", "-w", metavar="FILTER", help="All runs that fit this filter.")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project, named or all.")
@click.option(
    "--x",
    "x_axis",
    metavar="AXIS",
    help="step, relative, wall, or another metric. Default: what the metric's contract says, else step.",
)
@click.option("--width", type=click.IntRange(20, 1000), help="In characters; the terminal's by default.")
@click.option("--height", type=click.IntRange(3, 200), default=16, show_default=True, help="In lines.")
@click.option("--log-y", is_flag=True, help="Logarithmic y axis.")
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    runs: tuple[str, ...],
    metrics: tuple[str, ...],
    where: str | None,
    project: str | None,
    x_axis: str | None,
    width: int | None,
    height: int,
    log_y: bool,
    as_json: bool,
) -> None:
    """Draw metrics as curves, one chart per metric with all runs in it.

    Without --metric it is the project's primary metric, else the first one that was logged.
    """
    from trackrecord.cli.chosen_runs import chosen_runs
    from trackrecord.cli.x_axis import asked_axis, default_axis
    from trackrecord.query.charts import chart
    from trackrecord.store.contract import SeriesRequest

    session = session_of(ctx)
    room = width or (min(session.console.width, 160) if session.console.is_terminal else _PIPE_WIDTH)
    asked = None if x_axis is None else asked_axis(x_axis)
    with session.open_store() as store:
        records = [detail.record for detail in chosen_runs(store, runs, where, project, most=_MOST_RUNS)]
        if asked is not None and asked.metric is not None:
            _checked_metric(records, asked.metric)
        names = [_checked_metric(records, name) for name in metrics] or [_main_metric(records)]
        axes = {name: asked or default_axis(records, name) for name in names}
        requests = [
            SeriesRequest(record.id, name, axes[name].name, pixels=2 * room)
            for name in names
            for record in records
            if name in record.metrics
        ]
        found = chart(store, requests)
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.server import rows

        print_json(rows.curves(found))
        return
    for name in names:
        _print_chart(session, name, axes[name], records, found, size=(room, height), log_y=log_y)


def _checked_metric(records: Sequence[RunRecord], name: str) -> str:
    known = {key for record in records for key in record.metrics}
    if name not in known:
        from trackrecord.query.names import close_names

        raise NotFoundError(
            f"None of these runs has a metric {name[:200]!r}.",
            hint="They have " + ", ".join(sorted(known)[:20]) + "."
            if known
            else "They have no metrics at all.",
            suggestions=tuple(close_names(name, known)),
        )
    return name


def _main_metric(records: Sequence[RunRecord]) -> str:
    from trackrecord.cli.run_columns import main_results

    metrics = {key for record in records for key in record.metrics}
    for key in [*main_results(records), *sorted(metrics)]:
        if key in metrics:
            return key
    raise NotFoundError("These runs have no metrics to draw.", hint="run.log({...}) makes one.")


def _print_chart(
    session: Session,
    metric: str,
    axis: XAxis,
    records: Sequence[RunRecord],
    found: Chart,
    *,
    size: tuple[int, int],
    log_y: bool,
) -> None:
    from trackrecord.cli.curves import Curve, Look, draw_chart, legend
    from trackrecord.cli.grid import print_line
    from trackrecord.cli.marks import goal_mark
    from trackrecord.cli.numbers import format_number, one_line
    from trackrecord.words.ids import short_id

    console = session.console
    by_id = {record.id: record for record in records}
    series = [each for each in found.series if each.request.metric == metric]
    curves = []
    for each in series:
        record = by_id[each.request.run]
        figures = record.metrics[metric]
        said = f"{one_line(record.name)} ({short_id(record.id)})  last {format_number(figures.last)}"
        if figures.best is not None:
            said += f", best {format_number(figures.best)}"
        if each.nonfinite:
            said += f", {each.nonfinite:,} not finite"
        curves.append(Curve(said, each.x.tolist(), each.y.tolist(), each.low.tolist(), each.high.tolist()))
    coloured = console.color_system is not None and not console.no_color
    look = Look(*size, log_y=log_y, unicode=session.unicode, colour=coloured)
    contract = next((record.metrics[metric].contract for record in records if metric in record.metrics), None)
    title = one_line(metric) + goal_mark(contract.goal if contract else None, unicode=session.unicode)
    if contract is not None and contract.unit:
        title += f" [{one_line(contract.unit)}]"
    print_line(console, f"{title}{', logarithmic' if log_y else ''}", "bold")
    for line in draw_chart(curves, look, one_line(axis.title)):
        print_line(console, line)
    for line in legend(curves, look):
        print_line(console, line)
    if axis.instead_of is not None:
        print_line(console, f"  over steps: {one_line(axis.instead_of)} was not logged", "dim")
    for needed, what in ((metric, "it"), (axis.metric, f"{one_line(axis.title)}, which is x here")):
        missing = [one_line(each.name) for each in records if needed and needed not in each.metrics]
        if missing:
            print_line(console, f"  without {what}: {', '.join(missing)}", "dim")
    print_line(console)
