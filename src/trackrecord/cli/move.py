"""``trackrecord move``: move runs to another project."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord move --to digits quiet-river
  trackrecord move --to attic --where 'project == "default"'
"""


@click.command("move", epilog=_EPILOG)
@click.option("--to", "target", metavar="PROJECT", required=True, help="The project; made when it is new.")
@runs_options
@click.pass_context
def command(ctx: click.Context, /, *, target: str, **chosen: Any) -> None:
    """Move runs to another project.

    The project that they leave goes when nothing is left in it. Versions of artifacts stay where they were given.
    """
    from trackrecord.lifecycle.edits import move_to

    edit_runs(session_of(ctx), [move_to(target)], f"moved to {one_line(target)}", **chosen)
