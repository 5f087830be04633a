"""``trackrecord note``: write the note of runs."""

from __future__ import annotations

from typing import Any

import click

from trackrecord.cli.edit_runs import edit_runs, runs_options
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord note quiet-river -m 'best so far; to be run with five seeds'
  trackrecord note quiet-river -F findings.md
  trackrecord note quiet-river --clear
"""


@click.command("note", epilog=_EPILOG)
@click.option("--message", "-m", metavar="TEXT", help="The note.")
@click.option(
    "--file", "-F", type=click.File(encoding="utf-8"), help="Read the note from a file; -: standard input."
)
@click.option("--clear", is_flag=True, help="Take the note away.")
@runs_options
@click.pass_context
def command(ctx: click.Context, /, *, message: str | None, file: Any, clear: bool, **chosen: Any) -> None:
    """Write the note of runs; the one they had is replaced ('history' shows it)."""
    from trackrecord.lifecycle.edits import set_note

    if (message is not None) + (file is not None) + clear != 1:
        raise click.UsageError("Give the note with -m or -F, or say --clear: one of the three.")
    text = None if clear else message if file is None else file.read()
    edit_runs(session_of(ctx), [set_note(text)], "note taken away" if clear else "note written", **chosen)
