"""``trackrecord rename``: give a run another name."""

from __future__ import annotations

import click

from trackrecord.cli.edit_runs import edit_runs
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import json_option, session_of, store_option

_EPILOG = """\b
Examples:
  trackrecord rename quiet-river baseline
"""


@click.command("rename", epilog=_EPILOG)
@click.argument("run", metavar="RUN")
@click.argument("name", metavar="NAME")
@click.option("--project", "-p", metavar="NAME", help="Only look in this project.")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, run: str, name: str, project: str | None, as_json: bool) -> None:
    """Give a run another name. Its id stays."""
    from trackrecord.lifecycle.edits import rename

    said = f"renamed to {one_line(name)}"
    edit_runs(
        session_of(ctx),
        [rename(name)],
        said,
        runs=[run],
        where=None,
        project=project,
        yes=True,
        as_json=as_json,
    )
