"""``trackrecord delete``: move runs to the trash."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord delete quiet-river
  trackrecord delete --where 'state == "crashed" and created < -7d'
"""


@click.command("delete", epilog=_EPILOG)
@runs_options
@click.pass_context
def command(ctx: click.Context, /, **chosen: Any) -> None:
    """Move runs to the trash; 'undelete' takes them back, 'purge' removes them for good."""
    from trackrecord.lifecycle.edits import set_deleted

    edit_runs(session_of(ctx), [set_deleted()], "in the trash", among="shown", **chosen)
