"""``trackrecord stop``: ask runs to stop."""

from __future__ import annotations

from functools import partial

import click

from trackrecord.cli.session import json_option, session_of, store_option

_EPILOG = """\b
Examples:
  trackrecord stop quiet-river            its training sees run.should_stop within a second or two
  trackrecord stop quiet-river amber-fox --json
"""


@click.command("stop", epilog=_EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--project", "-p", metavar="NAME", help="Only look in this project.")
@json_option
@store_option
@click.pass_context
def command(ctx: click.Context, *, runs: tuple[str, ...], project: str | None, as_json: bool) -> None:
    """Ask runs to stop by themselves, where their code looks at run.should_stop. Nothing is killed."""
    session = session_of(ctx)
    with session.open_store() as store:
        from trackrecord.lifecycle.stopping import ask_run_to_stop
        from trackrecord.store.opening import once_taken_in

        asked = [once_taken_in(store, partial(ask_run_to_stop, store, run, project=project)) for run in runs]
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.stops import stop_answer

        print_json([stop_answer(one) for one in asked])
        return
    from trackrecord.cli.numbers import one_line

    for one in asked:
        session.console.print(
            f"Asked {one_line(one.name)} to stop; it ends when its code looks at run.should_stop."
        )
