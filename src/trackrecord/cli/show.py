"""``trackrecord show``: everything about one run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from trackrecord.cli.session import Session, json_option, session_of, store_option

if TYPE_CHECKING:
    from trackrecord.store.contract import Store
    from trackrecord.words.records import ConsoleLine

_EPILOG = """\b
Examples:
  trackrecord show quiet-river            by name
  trackrecord show 6789abcd               by a piece of its id (4 characters or more)
  trackrecord show quiet-river --metrics  with every metric, system/... too
  trackrecord show quiet-river --console  only what it printed, all of it
  trackrecord show quiet-river --json
"""
_CONSOLE_PIECE = 10_000


@click.command("show", epilog=_EPILOG)
@click.argument("run")
@click.option("--project", "-p", metavar="NAME", help="The project in which it has this name.")
@click.option("--console", "-c", "console_only", is_flag=True, help="Only what the run printed, all of it.")
@click.option("--metrics", "-m", "all_metrics", is_flag=True, help="Also metrics of the system.")
@click.option("--environment", "-e", "whole_environment", is_flag=True, help="Also every installed package.")
@json_option
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    run: str,
    project: str | None,
    console_only: bool,
    all_metrics: bool,
    whole_environment: bool,
    as_json: bool,
) -> None:
    """Show everything about one run: facts, experiment, params, results, artifacts, environment, problems, console.

    RUN is an id, an unambiguous beginning or ending of one (4 characters or more), or a name no other run has (with
    --project: no other run of that project).
    """
    session = session_of(ctx)
    with session.open_store() as store:
        from trackrecord.store.opening import once_taken_in

        if console_only:
            from trackrecord.query.find_run import find_run

            found = once_taken_in(store, lambda: find_run(store, run, project))
            _show_console(session, store, found, as_json)
            return
        from trackrecord.query.run_detail import run_detail

        detail = once_taken_in(store, lambda: run_detail(store, run, project))
        if as_json:
            from trackrecord.cli.answers import print_json
            from trackrecord.shapes import rows

            print_json(rows.run_detail(detail))
            return
        from trackrecord.cli.run_page import LAST_LINES, RunPage
        from trackrecord.query.console import console_page
        from trackrecord.query.projects import experiment_of

        experiment = experiment_of(store, detail.record)
        printed = console_page(store, detail.record.id, limit=LAST_LINES, tail=True)
    RunPage(
        session.console,
        detail,
        experiment,
        printed,
        unicode=session.unicode,
        all_metrics=all_metrics,
        whole_environment=whole_environment,
    ).print()


def _show_console(session: Session, store: Store, run_id: str, as_json: bool) -> None:
    from trackrecord.query.console import ConsolePage

    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes import rows

        lines = tuple(_console_lines(store, run_id))
        print_json(rows.console(ConsolePage(lines, lines[-1].n if lines else 0, len(lines))))
        return
    from trackrecord.cli.printed import printed_text

    end = ""
    for line in _console_lines(store, run_id):
        text = printed_text(line.text)
        end = text.plain[-1:] or end
        session.console.print(text, end="", no_wrap=True, overflow="ignore", crop=False)
    if end not in ("", "\n"):
        session.console.print()
    sys.stdout.flush()


def _console_lines(store: Store, run_id: str) -> Iterator[ConsoleLine]:
    from trackrecord.query.console import console_page

    after = 0
    while True:
        page = console_page(store, run_id, after=after, limit=_CONSOLE_PIECE)
        if not page.lines:
            return
        yield from page.lines
        after = page.next
