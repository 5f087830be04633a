"""``trackrecord plot``: metrics as curves in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from trackrecord.cli.chosen_runs import Choice, among_options, first_records
from trackrecord.cli.session import Session, json_option, session_of, store_option
from trackrecord.words.errors import NotFoundError

if TYPE_CHECKING:
    from trackrecord.cli.plotted import Plotted
    from trackrecord.query.smoothing import Smoothing
    from trackrecord.words.records import RunRecord

_EPILOG = """\b
Examples:
  trackrecord plot quiet-river                      its main metric
  trackrecord plot quiet-river amber-fox -m val/loss -m train/loss
  trackrecord plot --where 'group == "mlp-64"' -m val/loss --log-y
  trackrecord plot quiet-river -m val/loss --x relative --smooth 0.6
  trackrecord plot --project digits -m val/loss --group-by params.lr --stat median --band quantiles
  trackrecord plot quiet-river -m val/loss --log-x --smooth-length 500 --smoothing gaussian --json
"""
_MOST_LINES = 50
_PIPE_WIDTH = 100
_BANDS = ("t95", "minmax", "quantiles", "std", "stderr", "none")


@click.command("plot", epilog=_EPILOG)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option(
    "--metric", "-m", "metrics", multiple=True, metavar="NAME", help="A metric; may be given several times."
)
@click.option("--pattern", metavar="REGEX", help="All metrics whose name it is found in.")
@click.option("--where", "-w", metavar="FILTER", help="All runs that fit this filter.")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project, named or all.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1000),
    metavar="N",
    help=f"At most so many runs, the oldest first: {_MOST_LINES} by default, 1000 with --group-by.",
)
@click.option(
    "--x",
    "x_axis",
    metavar="AXIS",
    help="step, relative, wall, or another metric. Default: what the metric's contract says, else step.",
)
@click.option(
    "--smooth",
    type=click.FloatRange(0, 0.999),
    metavar="STRENGTH",
    help="0 to 0.999, relative to the range of x that is shown.",
)
@click.option("--smooth-length", type=float, metavar="LENGTH", help="Smooth over this length, in units of x.")
@click.option(
    "--smoothing",
    type=click.Choice(("ema", "gaussian", "mean")),
    help="How: exponential (default), Gaussian, running mean.",
)
@click.option("--smooth-after", is_flag=True, help="Smooth the curves of groups instead of runs.")
@click.option(
    "--group-by",
    "-g",
    "group_by",
    multiple=True,
    metavar="NAME",
    help="One curve per group: group, experiment, params.KEY, tags, tags.TAG ...; may be given several times.",
)
@click.option(
    "--stat", type=click.Choice(("mean", "median")), help="What of a group is drawn; mean by default."
)
@click.option(
    "--band",
    type=click.Choice(_BANDS),
    help="Around it: 95 % interval of the mean (Student's t), least to greatest, quartiles, ... "
    "Default: t95, with --stat median quantiles.",
)
@click.option("--width", type=click.IntRange(20, 1000), help="In characters; the terminal's by default.")
@click.option("--height", type=click.IntRange(3, 200), default=16, show_default=True, help="In lines.")
@click.option("--log-y", is_flag=True, help="Logarithmic y axis.")
@click.option(
    "--log-x", is_flag=True, help="Logarithmic x axis; points at 0 and below are left out, and counted."
)
@among_options
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    runs: tuple[str, ...],
    metrics: tuple[str, ...],
    pattern: str | None,
    where: str | None,
    project: str | None,
    limit: int | None,
    x_axis: str | None,
    smooth: float | None,
    smooth_length: float | None,
    smoothing: str | None,
    smooth_after: bool,
    group_by: tuple[str, ...],
    stat: str | None,
    band: str | None,
    width: int | None,
    height: int,
    log_y: bool,
    log_x: bool,
    archived: bool,
    trash: bool,
    as_json: bool,
) -> None:
    """Draw metrics as curves, one chart per metric with all runs, or groups of runs, in it.

    Without --metric it is the project's primary metric, else the first one that was logged.
    """
    from trackrecord.cli.plotted import Plotted, wanted_statistics
    from trackrecord.cli.x_axis import asked_axis, default_axis
    from trackrecord.query.charts import chart
    from trackrecord.query.curve_choice import MOST_RUNS, ChosenCurves, fitting_metrics
    from trackrecord.store.contract import SeriesRequest

    session = session_of(ctx)
    wanted_smoothing = _smoothing(smooth, smooth_length, smoothing, after=smooth_after)
    grouped = bool(group_by or stat or band)
    statistics = wanted_statistics(stat, band) if grouped else None
    room = width or (min(session.console.width, 160) if session.console.is_terminal else _PIPE_WIDTH)
    asked = None if x_axis is None else asked_axis(x_axis)
    with session.open_store() as store:
        records, matched = first_records(
            store,
            Choice(runs, where, project, archived, trash),
            limit=limit or (MOST_RUNS if grouped else _MOST_LINES),
        )
        if asked is not None and asked.metric is not None:
            _checked_metric(records, asked.metric)
        names = [_checked_metric(records, name) for name in metrics]
        if pattern is not None:
            known = {key for record in records for key in record.metrics}
            names += [name for name in fitting_metrics(pattern, sorted(known)) if name not in names]
            if not names:
                raise NotFoundError(f"No metric of these runs fits {pattern[:200]!r}.")
        names = names or [_main_metric(records)]
        axes = {name: asked or default_axis(records, name) for name in names}
        chosen = ChosenCurves(tuple(records), matched, "created", tuple(names), len(names))
        groups = chosen.groups(group_by) if grouped else ()
        requests = [
            SeriesRequest(record.id, name, axes[name].name, pixels=2 * room, log_x=log_x)
            for name in names
            for record in records
            if name in record.metrics
        ]
        found = chart(store, requests, wanted_smoothing)
    plotted = Plotted(chosen, found, groups, statistics, axes)
    if as_json:
        from trackrecord.cli.answers import print_json

        print_json(plotted.as_json())
        return
    for name in names:
        _print_chart(session, name, plotted, size=(room, height), log_y=log_y, log_x=log_x)
    if chosen.said is not None:
        from trackrecord.cli.grid import print_line

        print_line(session.console, chosen.said, "yellow")


def _smoothing(
    strength: float | None, length: float | None, kind: str | None, *, after: bool
) -> Smoothing | None:
    if strength is not None and length is not None:
        raise click.UsageError("Give --smooth or --smooth-length (one of the two).")
    if strength is None and length is None:
        if kind is not None or after:
            raise click.UsageError("Say how much: --smooth 0.6, or --smooth-length in units of x.")
        return None
    from trackrecord.query.smoothing import EMA, Smoothing

    return Smoothing(kind or EMA, length, strength, after)


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
    session: Session, metric: str, plotted: Plotted, *, size: tuple[int, int], log_y: bool, log_x: bool
) -> None:
    from trackrecord.cli.curves import Look, draw_chart, legend
    from trackrecord.cli.grid import print_line
    from trackrecord.cli.marks import goal_mark
    from trackrecord.cli.numbers import one_line

    console, records, axis = session.console, plotted.chosen.runs, plotted.axes[metric]
    curves = plotted.curves(metric)
    coloured = console.color_system is not None and not console.no_color
    look = Look(*size, log_y=log_y, log_x=log_x, unicode=session.unicode, colour=coloured)
    contract = next((record.metrics[metric].contract for record in records if metric in record.metrics), None)
    title = one_line(metric) + goal_mark(contract.goal if contract else None, unicode=session.unicode)
    if contract is not None and contract.unit:
        title += f" [{one_line(contract.unit)}]"
    print_line(console, f"{title}{', logarithmic' if log_y else ''}", "bold")
    for line in draw_chart(curves, look, one_line(axis.title) + (", logarithmic" if log_x else "")):
        print_line(console, line)
    for line in legend(curves, look):
        print_line(console, line)
    if axis.instead_of is not None:
        print_line(console, f"  over steps: {one_line(axis.instead_of)} was not logged", "dim")
    for needed, what in ((metric, "it"), (axis.metric, f"{one_line(axis.title)}, which is x here")):
        missing = [one_line(each.name) for each in records if needed and needed not in each.metrics]
        if missing:
            more = f" and {len(missing) - 20:,} more" if len(missing) > 20 else ""
            print_line(console, f"  without {what}: {', '.join(missing[:20])}{more}", "dim")
    for note in plotted.notes(metric):
        print_line(console, f"  {note}", "dim")
    print_line(console)
