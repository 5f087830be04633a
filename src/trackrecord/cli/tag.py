"""``trackrecord tag``: add tags to runs."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord tag -t baseline quiet-river amber-fox
  trackrecord tag -t good -t paper --where 'val/accuracy > 0.95'
"""


@click.command("tag", epilog=_EPILOG)
@click.option("--tag", "-t", "tags", metavar="TAG", multiple=True, required=True, help="May be repeated.")
@runs_options
@click.pass_context
def command(ctx: click.Context, /, *, tags: tuple[str, ...], **chosen: Any) -> None:
    """Add tags to runs."""
    from trackrecord.lifecycle.edits import add_tags

    said = "tagged " + ", ".join(one_line(tag) for tag in tags)
    edit_runs(session_of(ctx), [add_tags(tags)], said, **chosen)
