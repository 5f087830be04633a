"""``trackrecord undelete``: take runs out of the trash."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord undelete quiet-river
  trackrecord undelete --where 'tags == "paper"'
"""


@click.command("undelete", epilog=_EPILOG)
@runs_options
@click.pass_context
def command(ctx: click.Context, /, **chosen: Any) -> None:
    """Take runs out of the trash."""
    from trackrecord.lifecycle.edits import set_deleted

    edit_runs(session_of(ctx), [set_deleted(False)], "out of the trash", among="trash", **chosen)
