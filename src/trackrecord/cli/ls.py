"""``trackrecord ls``: runs or projects as a table, or experiments with their texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from trackrecord.cli.grid import Cell, GridColumn, no_room_for, print_grid, print_line
from trackrecord.cli.marks import goal_mark
from trackrecord.cli.numbers import count_of, format_number, one_line
from trackrecord.cli.session import Session, json_option, session_of, store_option
from trackrecord.cli.times import format_ago

if TYPE_CHECKING:
    from trackrecord.query.projects import ProjectPage
    from trackrecord.query.runs import RunPage
    from trackrecord.store.contract import Store

_EPILOG = """\b
Examples:
  trackrecord ls
  trackrecord ls 'val/accuracy > 0.9 and params.model == "mlp"' --sort -val/accuracy.best
  trackrecord ls 'state == "failed" and created > -7d' --all
  trackrecord ls --project digits --columns name,params.lr,val/loss
  trackrecord ls --columns 'name,metrics["val/loss"].min' --archived
  trackrecord ls --group-by params.optimizer,params.lr --metrics val/accuracy --sort -val/accuracy
  trackrecord ls --trash
  trackrecord ls --projects
  trackrecord ls --experiments --project digits
  trackrecord ls --json | jq '.items[].name'

FILTER is Trackrecord's filter language (docs/query.md).
"""


@click.command("ls", epilog=_EPILOG)
@click.argument("where", metavar="[FILTER]", default="")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project.")
@click.option(
    "--sort", "-s", default="-created", metavar="NAMES", help="With commas, - in front: descending."
)
@click.option(
    "--limit", "-n", type=click.IntRange(min=0), default=20, show_default=True, help="At most so many."
)
@click.option("--all", "-a", "everything", is_flag=True, help="No limit.")
@click.option("--columns", "-c", metavar="NAMES", help="Columns with commas: name, params.lr, val/loss ...")
@click.option("--trash", is_flag=True, help="Only runs in the trash.")
@click.option("--archived", is_flag=True, help="Archived runs, too.")
@click.option("--group-by", "-g", "by", metavar="NAMES", help="Groups by params.lr,state ... with commas.")
@click.option("--metrics", "-m", metavar="NAMES", help="With --group-by: results of each group, with commas.")
@click.option("--projects", "list_projects_too", is_flag=True, help="List the projects instead.")
@click.option("--experiments", "list_experiments_too", is_flag=True, help="List the experiments instead.")
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    where: str,
    project: str | None,
    sort: str,
    limit: int,
    everything: bool,
    columns: str | None,
    trash: bool,
    archived: bool,
    by: str | None,
    metrics: str | None,
    list_projects_too: bool,
    list_experiments_too: bool,
    as_json: bool,
) -> None:
    """List runs as a table, the youngest first.

    Without --columns it shows what tells the runs apart: the params that vary among them and the main results
    (of a metric with a goal its best value, headed KEY.best; of any other, and of one in --sort, the last).
    """
    session = session_of(ctx)
    most = None if everything else limit
    if list_projects_too and list_experiments_too:
        raise click.UsageError("Take --projects or --experiments, one of the two.")
    if where and (list_projects_too or list_experiments_too):
        raise click.UsageError(f"--{'projects' if list_projects_too else 'experiments'} takes no FILTER.")
    if metrics and not by:
        raise click.UsageError(
            "--metrics goes with --group-by; --columns chooses what a table of runs shows."
        )
    if by and (list_projects_too or list_experiments_too or columns):
        raise click.UsageError("--group-by goes with neither --columns, --projects nor --experiments.")
    with session.open_store() as store:
        if by:
            _list_groups(
                session,
                store,
                by,
                as_json,
                results=_listed(metrics or ""),
                project=project,
                where=where,
                order_by="" if ctx.get_parameter_source("sort") is ParameterSource.DEFAULT else sort,
                limit=most,
                trash=trash,
                include_archived=archived,
            )
            return
        if list_projects_too:
            _list_projects(session, store, most, as_json)
            return
        if list_experiments_too:
            _list_experiments(session, store, project, most, as_json)
            return
        from trackrecord.query.runs import select_runs

        page = select_runs(
            store,
            project=project,
            where=where,
            order_by=sort,
            limit=most,
            trash=trash,
            include_archived=archived,
        )
    if as_json:
        from trackrecord.cli.answers import print_json, run_page

        print_json(run_page(page))
    else:
        _print_runs(
            session,
            page,
            columns,
            sort=sort,
            one_project=project is not None,
            nothing=_nothing(where, project, trash=trash, archived=archived),
        )


def _listed(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _nothing(where: str, project: str | None, *, trash: bool, archived: bool) -> str:
    """Return what to say where no run is to be listed."""
    if where or project:
        return "No run in the trash fits." if trash else "No run fits."
    if trash:
        return "The trash is empty."
    return "The store has no run, archived or not." if archived else "The store has no run yet."


def _list_groups(session: Session, store: Store, by: str, as_json: bool, **asked: Any) -> None:
    from trackrecord.query.groups import group_runs

    page = group_runs(store, _listed(by), **asked)
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes import group_rows

        print_json(group_rows.page(page))
        return
    from trackrecord.cli.value_groups import print_value_groups

    print_value_groups(session.lines, page, unicode=session.unicode)


def _print_runs(
    session: Session, page: RunPage, columns: str | None, *, sort: str, one_project: bool, nothing: str
) -> None:
    from trackrecord.cli.run_columns import asked_columns, default_columns

    console = session.lines
    if not page.rows and not columns:
        print_line(console, nothing)
        return
    if columns:
        wanted = asked_columns(page.rows, columns.split(","), unicode=session.unicode)
    else:
        wanted = default_columns(page.rows, one_project=one_project, unicode=session.unicode, order_by=sort)
    hidden = print_grid(console, wanted)
    if len(page.rows) < page.total:
        footer = f"{len(page.rows):,} of {count_of(page.total, 'run')} (--all shows all)"
    else:
        footer = count_of(page.total, "run")
    if hidden:
        footer += f"; {no_room_for(hidden)}"
    print_line(console)
    print_line(console, footer, style="dim")


def _list_projects(session: Session, store: Store, limit: int | None, as_json: bool) -> None:
    from trackrecord.query.projects import list_projects

    page = list_projects(store, limit=limit)
    if as_json:
        from trackrecord.cli.answers import print_json, project_page

        print_json(project_page(page))
    elif page.projects:
        _print_projects(session, page)
    else:
        print_line(session.lines, "The store has no project yet.")


def _list_experiments(
    session: Session, store: Store, project: str | None, limit: int | None, as_json: bool
) -> None:
    from trackrecord.cli.experiments import experiments_as_json, print_experiments
    from trackrecord.query.projects import experiments_of

    revision = store.catalog.revision()
    found = experiments_of(store, project)[::-1]
    shown = found[:limit]
    if as_json:
        from trackrecord.cli.answers import print_json

        print_json(experiments_as_json(shown, len(found), revision))
    elif found:
        print_experiments(session.console, shown, len(found))
    else:
        print_line(
            session.lines,
            "The project has no experiment yet." if project else "The store has no experiment yet.",
        )


def _print_projects(session: Session, page: ProjectPage) -> None:
    console = session.lines
    projects = page.projects
    best = []
    for record in projects:
        primary = record.primary
        if primary is None or primary.best is None:
            best.append(Cell(""))
            continue
        name = one_line(primary.metric) + goal_mark(primary.goal, unicode=session.unicode)
        unit = f" {one_line(primary.unit)}" if primary.unit else ""
        best.append(Cell(f"{name} {format_number(primary.best)}{unit} ({one_line(primary.run_name or '')})"))
    hidden = print_grid(
        console,
        [
            GridColumn(
                "project",
                [Cell(one_line(each.name), style="bold") for each in projects],
                weight=100,
                may_shrink=True,
            ),
            GridColumn("runs", [Cell(f"{each.runs:,}") for each in projects], right=True, weight=90),
            GridColumn(
                "running",
                [Cell(f"{each.running:,}", "cyan" if each.running else "dim") for each in projects],
                right=True,
                weight=50,
            ),
            GridColumn(
                "failed",
                [Cell(f"{each.failed:,}", "red" if each.failed else "dim") for each in projects],
                right=True,
                weight=60,
            ),
            GridColumn(
                "experiments", [Cell(f"{each.experiments:,}") for each in projects], right=True, weight=40
            ),
            GridColumn(
                "last activity",
                [Cell(format_ago(each.last_activity), "dim") for each in projects],
                right=True,
                weight=70,
            ),
            GridColumn("best", best, weight=80, may_shrink=True),
        ],
    )
    print_line(console)
    footer = (
        f"{len(projects):,} of {count_of(page.total, 'project')}"
        if len(projects) < page.total
        else count_of(page.total, "project")
    )
    if hidden:
        footer += f"; {no_room_for(hidden)}"
    print_line(console, footer, style="dim")
