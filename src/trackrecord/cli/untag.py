"""``trackrecord untag``: take tags off runs."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.numbers import one_line
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord untag -t baseline quiet-river amber-fox
  trackrecord untag -t good -t paper --where 'val/accuracy > 0.95'
"""


@click.command("untag", epilog=_EPILOG)
@click.option("--tag", "-t", "tags", metavar="TAG", multiple=True, required=True, help="May be repeated.")
@runs_options
@click.pass_context
def command(ctx: click.Context, /, *, tags: tuple[str, ...], **chosen: Any) -> None:
    """Take tags off runs."""
    from trackrecord.lifecycle.edits import remove_tags

    said = "without " + ", ".join(one_line(tag) for tag in tags)
    edit_runs(session_of(ctx), [remove_tags(tags)], said, **chosen)
