"""``trackrecord trash``: what was deleted, and emptying the trash."""

from __future__ import annotations

import click

from trackrecord.cli.session import json_option, session_of, store_option

_EPILOG = """\b
Examples:
  trackrecord trash
  trackrecord trash --empty
"""


@click.command("trash", epilog=_EPILOG)
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project.")
@click.option("--empty", is_flag=True, help="Remove all of them for good, as 'purge' does.")
@click.option("--force", is_flag=True, help="With --empty: also runs that were never seen to end.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context, *, project: str | None, empty: bool, force: bool, yes: bool, as_json: bool
) -> None:
    """List the runs in the trash, the latest thrown away first, or empty it.

    'undelete' takes runs out of it.
    """
    from trackrecord.lifecycle.choosing import runs_in_trash

    session = session_of(ctx)
    with session.open_store() as store:
        chosen = runs_in_trash(store, project)
        if empty and chosen:
            from trackrecord.cli.purge import purge_chosen

            purge_chosen(session, store, chosen, force=force, yes=yes, as_json=as_json)
            return
        revision = store.catalog.revision()
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.edits import trash_page

        print_json(trash_page(chosen, revision))
        return
    from trackrecord.cli.grid import print_line
    from trackrecord.cli.numbers import count_of, one_line
    from trackrecord.words.ids import short_id

    for run in chosen:
        print_line(session.console, f"{short_id(run.id)}  {one_line(run.name)}")
    print_line(
        session.console, f"{count_of(len(chosen), 'run')} in the trash." if chosen else "The trash is empty."
    )
