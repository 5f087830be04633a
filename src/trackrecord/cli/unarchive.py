"""``trackrecord unarchive``: take archived runs back into the lists."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord unarchive quiet-river
  trackrecord unarchive --where 'tags == "paper"'
"""


@click.command("unarchive", epilog=_EPILOG)
@runs_options
@click.pass_context
def command(ctx: click.Context, /, **chosen: Any) -> None:
    """Take archived runs back into the lists."""
    from trackrecord.lifecycle.edits import set_archived

    edit_runs(session_of(ctx), [set_archived(False)], "back in the lists", among="archived", **chosen)
