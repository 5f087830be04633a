"""``trackrecord gc``: what a store holds that nobody needs, and removing it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.text import Text

from trackrecord.cli.grid import GridColumn, print_grid, print_line
from trackrecord.cli.numbers import format_size
from trackrecord.cli.session import Session, json_option, make_console, session_of, store_option

if TYPE_CHECKING:
    from trackrecord.store.embedded import EmbeddedStore
    from trackrecord.store.removal.garbage import Garbage

_EPILOG = """\b
Examples:
  trackrecord gc           what would be freed
  trackrecord gc --yes     free it
"""


@click.command("gc", epilog=_EPILOG)
@click.option("--yes", "-y", is_flag=True, help="Remove it; without, only a report.")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, yes: bool, as_json: bool) -> None:
    """Show what nobody needs any more, and with --yes remove it.

    That is: files that no run, journal or quarantine refers to and that are older than a day, leftovers of
    writers that were killed, journals of purged runs, requests to stop runs that have ended, empty projects,
    free pages of the database. Runs may go on meanwhile.
    """
    from trackrecord.store.removal.garbage import find_garbage

    session = session_of(ctx)
    with session.open_store() as store:
        found = _removed(store) if yes else find_garbage(store)
    for problem in found.problems:
        session.say_warning(problem)
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.edits import garbage_answer

        print_json(garbage_answer(found, removed=yes))
    else:
        _print(session, found, removed=yes)


def _removed(store: EmbeddedStore) -> Garbage:
    from trackrecord.store.removal.garbage import remove_garbage

    if not sys.stderr.isatty():
        return remove_garbage(store)
    from rich.progress import Progress

    with Progress(console=make_console(sys.stderr), transient=True) as progress:
        task = progress.add_task("Removing files", total=None)
        return remove_garbage(
            store, tell=lambda done, total: progress.update(task, completed=done, total=total)
        )


def _print(session: Session, found: Garbage, *, removed: bool) -> None:
    console = session.console
    if found.is_empty:
        print_line(console, "There is nothing to free.")
        return
    kinds = [kind for kind in found.kinds() if kind.count]
    print_grid(
        console,
        [
            GridColumn("what", [Text(kind.kind, "bold") for kind in kinds], weight=100),
            GridColumn("count", [Text(f"{kind.count:,}") for kind in kinds], right=True, weight=80),
            GridColumn("size", [Text(format_size(kind.bytes)) for kind in kinds], right=True, weight=90),
            GridColumn("", [Text(kind.meaning, "dim") for kind in kinds], weight=50, may_shrink=True),
        ],
    )
    print_line(console)
    end = "freed." if removed else "can be freed: trackrecord gc --yes"
    print_line(console, f"{format_size(found.total)} {end}")
