"""``trackrecord undo``: take back the last change of runs."""

from __future__ import annotations

from collections.abc import Sequence

import click

from trackrecord.cli.edit_runs import answer, ask_before, runs_options, sign_of_life
from trackrecord.cli.session import session_of

_EPILOG = """\b
Examples:
  trackrecord undo quiet-river
  trackrecord undo --where 'tags == "wrong"'
"""


@click.command("undo", epilog=_EPILOG)
@runs_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    runs: Sequence[str],
    where: str | None,
    project: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Take back the last change of runs: a name, a note, tags, a group, the archive, the trash, a move.

    It is a change itself: once more brings it again. A purge can't be taken back.
    """
    from trackrecord.lifecycle.choosing import choose_runs
    from trackrecord.lifecycle.history import undo

    session = session_of(ctx)
    with session.open_store() as store:
        chosen = choose_runs(store, runs, where=where, project=project, among="all")
        if not ask_before(session, chosen, "as before their last change", yes=yes or where is None):
            return
        with sign_of_life(f"{len(chosen):,} runs", len(chosen)):
            report = undo(store, [run.id for run in chosen])
    changed = set(report.runs)
    answer(
        session, report, [run for run in chosen if run.id in changed], "last change undone", as_json=as_json
    )
