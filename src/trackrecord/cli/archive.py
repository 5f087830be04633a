"""``trackrecord archive``: put runs away, out of the lists."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord archive quiet-river
  trackrecord archive --where 'created < -90d and state == "failed"'
"""


@click.command("archive", epilog=_EPILOG)
@runs_options
@click.pass_context
def command(ctx: click.Context, /, **chosen: Any) -> None:
    """Put runs away: lists leave them out, nothing of them is lost."""
    from trackrecord.lifecycle.edits import set_archived

    edit_runs(session_of(ctx), [set_archived()], "archived", among="shown", **chosen)
