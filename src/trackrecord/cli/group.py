"""``trackrecord group``: put runs into a group, or out of it."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord group --to lr-0.01 quiet-river amber-fox
  trackrecord group --to wide --where 'params.width >= 512'
  trackrecord group --none quiet-river
"""


@click.command("group", epilog=_EPILOG)
@click.option("--to", "name", metavar="GROUP", help="The group, such as the seeds of one setting.")
@click.option("--none", "no_group", is_flag=True, help="Take the runs out of their group.")
@runs_options
@click.pass_context
def command(ctx: click.Context, /, *, name: str | None, no_group: bool, **chosen: Any) -> None:
    """Put runs into a group, or out of it."""
    from trackrecord.lifecycle.edits import set_group

    if (name is not None) + no_group != 1:
        raise click.UsageError("Name the group with --to, or say --none: one of the two.")
    said = "in no group" if name is None else f"in group {one_line(name)}"
    edit_runs(session_of(ctx), [set_group(name)], said, **chosen)
