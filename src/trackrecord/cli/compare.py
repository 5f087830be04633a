"""``trackrecord compare``: runs, or groups of runs, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from trackrecord.cli.chosen_runs import Choice, among_options, chosen_records, chosen_runs
from trackrecord.cli.session import json_option, session_of, store_option
from trackrecord.words.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trackrecord.words.records import RunRecord

_EPILOG = """\b
Examples:
  trackrecord compare quiet-river amber-fox
  trackrecord compare --where 'group == "mlp-64"'
  trackrecord compare --project digits --group-by group
  trackrecord compare --project digits --group-by params.model --all
  trackrecord compare quiet-river amber-fox --json

A metric with a goal counts with its best value, any other with its last one. The best values of a line are marked.
"""
_MOST_RUNS, _MOST_GROUPED_RUNS = 100, 10_000


@click.command("compare", epilog=_EPILOG)
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("--where", "-w", metavar="FILTER", help="All runs that fit this filter.")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project, named or all.")
@click.option(
    "--group-by", "-g", "by", metavar="NAME", help="Compare groups: by group, experiment, params.KEY ..."
)
@click.option(
    "--all", "-a", "everything", is_flag=True, help="Also what is equal in all, and metrics of the system."
)
@click.option("--environment", "-e", is_flag=True, help="Also what differs in versions, hosts, commits.")
@among_options
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    runs: tuple[str, ...],
    where: str | None,
    project: str | None,
    by: str | None,
    everything: bool,
    environment: bool,
    archived: bool,
    trash: bool,
    as_json: bool,
) -> None:
    """Put runs side by side: the params that differ, and the results, with the best marked.

    With --group-by each line is a group of runs, such as the seeds of one setting: mean ± standard deviation and n.
    """
    session = session_of(ctx)
    choice = Choice(runs, where, project, archived, trash)
    if by is not None:
        group_of = _group_function(by)
        with session.open_store() as store:
            grouped = chosen_records(store, choice, most=_MOST_GROUPED_RUNS)
        from trackrecord.cli.group_table import group_table, print_groups, table_as_json

        table = group_table(grouped, by, group_of)
        if as_json:
            from trackrecord.cli.answers import print_json

            print_json(table_as_json(table))
        else:
            print_groups(session.console, table, unicode=session.unicode)
        return
    with session.open_store() as store:
        found = chosen_runs(store, choice, most=_MOST_RUNS)
    records = [detail.record for detail in found]
    from trackrecord.analysis.comparison import compare

    comparison = compare(records, [detail.environment for detail in found])
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes import rows

        print_json(rows.comparison(comparison))
    else:
        from trackrecord.cli.side_by_side import print_side_by_side

        print_side_by_side(
            session.console,
            comparison,
            unicode=session.unicode,
            everything=everything,
            environment=environment,
        )


def _group_function(by: str) -> Callable[[RunRecord], str | None]:
    """Return what tells the group of a run: its value as it reads in a terminal, None where it has none."""
    from trackrecord.cli.numbers import format_value
    from trackrecord.query.run_groups import reader_of

    try:
        read = reader_of(by)
    except UsageError as error:
        raise click.UsageError(f"{error.message} {error.hint}") from None

    def group_of(run: RunRecord) -> str | None:
        value = read(run)
        return None if value is None else value if isinstance(value, str) else format_value(value)

    return group_of
