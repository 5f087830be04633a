"""``trackrecord history``: what was changed of a run after the fact, and by whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from trackrecord.cli.grid import GridColumn, print_grid, print_line
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import Session, json_option, session_of, store_option
from trackrecord.cli.times import format_ago

if TYPE_CHECKING:
    from trackrecord.lifecycle.history import ChangeRecord

_EPILOG = """\b
Examples:
  trackrecord history quiet-river
  trackrecord history --project digits
"""


@click.command("history", epilog=_EPILOG)
@click.argument("run", metavar="[RUN]", required=False)
@click.option("--project", "-p", metavar="NAME", help="Where to look; alone: its experiments and contracts.")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, run: str | None, project: str | None, as_json: bool) -> None:
    """Show who changed what and when: of a run, or of a project's experiments and metric contracts.

    The latest comes first. 'undo' takes the last change of a run back.
    """
    from trackrecord.lifecycle.history import find_changed_run, history_of_project, history_of_run

    session = session_of(ctx)
    if run is None and project is None:
        raise click.UsageError("Name a run, or a project with --project.")
    with session.open_store() as store:
        if run is not None:
            found = history_of_run(store, find_changed_run(store, run, project))
        else:
            found = history_of_project(store, project or "")
        revision = store.catalog.revision()
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.edits import change_page

        print_json(change_page(found, len(found), revision, None))
    elif found:
        _print(session, found)
    else:
        print_line(session.console, "Nothing was changed after the fact.")


def _print(session: Session, found: list[ChangeRecord]) -> None:
    of_run = all(each.about == "run" for each in found)
    columns = [
        GridColumn("when", [Text(format_ago(each.time), "dim") for each in found], weight=90),
        GridColumn("who", [Text(one_line(each.who)) for each in found], weight=80),
    ]
    if not of_run:
        columns.append(
            GridColumn("of", [Text(f"{each.about} {one_line(each.name)}") for each in found], weight=95)
        )
    columns += [
        GridColumn("what", [Text(each.field, "bold") for each in found], weight=100),
        GridColumn("before", [_shown(each.before) for each in found], weight=60, may_shrink=True),
        GridColumn("after", [_shown(each.after) for each in found], weight=70, may_shrink=True),
    ]
    print_grid(session.console, columns)


def _shown(value: Any) -> Text:
    if value is None:
        return Text("-", "dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, list):
        return Text(one_line(", ".join(value)) if value else "-")
    if isinstance(value, dict):
        return Text(one_line(", ".join(f"{name} {each}" for name, each in value.items())))
    return Text(one_line(value))
