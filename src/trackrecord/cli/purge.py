"""``trackrecord purge``: remove runs for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from trackrecord.cli.edit_runs import ask_before, runs_options, sign_of_life
from trackrecord.cli.grid import print_line
from trackrecord.cli.numbers import count_of, format_size
from trackrecord.cli.session import Session, session_of

if TYPE_CHECKING:
    from trackrecord.lifecycle.choosing import Chosen
    from trackrecord.store.embedded import EmbeddedStore

_EPILOG = """\b
Examples:
  trackrecord purge quiet-river
  trackrecord purge --where 'state == "failed" and created < -365d' --yes
"""


@click.command("purge", epilog=_EPILOG)
@click.option("--force", is_flag=True, help="Also runs that were never seen to end.")
@runs_options
@click.pass_context
def command(
    ctx: click.Context,
    *,
    force: bool,
    runs: Sequence[str],
    where: str | None,
    project: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove runs with all that was recorded of them, and give the disk back. Nothing brings them back.

    Files that no other run refers to are removed by 'gc'. To put runs away for now, use 'delete' or 'archive'.
    """
    from trackrecord.lifecycle.choosing import choose_runs

    session = session_of(ctx)
    with session.open_store() as store:
        chosen = choose_runs(store, runs, where=where, project=project)
        purge_chosen(session, store, chosen, force=force, yes=yes, as_json=as_json)


def purge_chosen(
    session: Session, store: EmbeddedStore, chosen: list[Chosen], *, force: bool, yes: bool, as_json: bool
) -> None:
    """Purge runs after a question, and say what that freed."""
    from trackrecord.lifecycle.purging import check_purge, purge

    ids = [run.id for run in chosen]
    for note in check_purge(store, ids, force=force):
        if not yes:
            session.say_warning(note)
    if not ask_before(session, chosen, "removed for good", yes=yes, final=True):
        return
    with sign_of_life(f"{len(chosen):,} runs", len(chosen)):
        report = purge(store, ids, force=force)
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.edits import purge_answer

        print_json(purge_answer(report))
        return
    for note in report.notes:
        session.say_warning(note)
    if report.shown:
        print_line(
            session.console,
            f"{count_of(len(report.runs), 'run')} removed for good; the database went from"
            f" {format_size(report.before)} to {format_size(report.after)}.",
        )
