"""What all commands share that change runs after the fact: which runs, the question before, the answer after."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trackrecord.cli.grid import print_line
from trackrecord.cli.numbers import count_of, one_line
from trackrecord.cli.session import Session, json_option, make_console, store_option

if TYPE_CHECKING:
    from trackrecord.lifecycle.choosing import Among, Chosen
    from trackrecord.lifecycle.edits import Edit
    from trackrecord.lifecycle.recording import EditReport

_Command = TypeVar("_Command", bound=Callable[..., Any])

#: more runs take long enough for a sign of life
_MANY = 1000


def runs_options(command: _Command) -> _Command:
    """Add RUN..., --where, --project, --yes, --json and --store."""
    decorators = [
        click.argument("runs", nargs=-1, metavar="RUN..."),
        click.option("--where", "-w", metavar="FILTER", help="All runs that fit a filter, instead of names."),
        click.option("--project", "-p", metavar="NAME", help="Only look in this project."),
        click.option("--yes", "-y", is_flag=True, help="Do not ask."),
        json_option,
        store_option,
    ]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def edit_runs(
    session: Session,
    edits: Sequence[Edit],
    said: str,
    *,
    runs: Sequence[str],
    where: str | None,
    project: str | None,
    yes: bool,
    as_json: bool,
    among: Among = "shown",
) -> None:
    """Change the chosen runs in the same way, after a question where a filter chose them, and say what was done.

    ``said`` is what happens to them, as in "archived".
    """
    from trackrecord.lifecycle.choosing import choose_runs
    from trackrecord.lifecycle.recording import record_edits

    with session.open_store() as store:
        chosen = choose_runs(store, runs, where=where, project=project, among=among)
        if not ask_before(session, chosen, said, yes=yes or where is None):
            return
        with sign_of_life(f"{len(chosen):,} runs", len(chosen)):
            report = record_edits(store, [run.id for run in chosen], edits)
    answer(session, report, chosen, said, as_json=as_json)


def ask_before(
    session: Session, chosen: Sequence[Chosen], said: str, *, yes: bool, final: bool = False
) -> bool:
    """Ask whether to go on, at a terminal; elsewhere only what is final needs a ``--yes``.

    Raises UsageError where that is missing.
    """
    if yes or not chosen:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if final:
            raise click.UsageError(f"{count_of(len(chosen), 'run')} would be {said}; say --yes to do it.")
        return True
    names = ", ".join(one_line(run.name) for run in chosen[:5]) + (", ..." if len(chosen) > 5 else "")
    question = f"{count_of(len(chosen), 'run')} ({names}) will be {said}. Go on?"
    if click.confirm(question, default=not final, err=True):
        return True
    session.say_warning("Nothing was changed.")
    return False


def answer(
    session: Session, report: EditReport, chosen: Sequence[Chosen], said: str, *, as_json: bool
) -> None:
    """Print what was done."""
    if as_json:
        from trackrecord.cli.answers import print_json
        from trackrecord.shapes.edits import edit_answer

        print_json(edit_answer(report))
        return
    if not chosen:
        print_line(session.console, "No run fits; nothing was changed.")
        return
    what = one_line(chosen[0].name) if len(chosen) == 1 else count_of(len(chosen), "run")
    if len(report.unchanged) == len(chosen):
        print_line(session.console, f"{what}: nothing to change.")
        return
    already = f" ({len(report.unchanged):,} of them already)" if report.unchanged else ""
    print_line(session.console, f"{what}: {said}{already}.")
    if not report.shown:
        session.say_warning(f"Recorded, shown soon: {report.problem}.")


@contextmanager
def sign_of_life(what: str, count: int) -> Iterator[None]:
    """Show on a terminal that a long change goes on."""
    if count < _MANY or not sys.stderr.isatty():
        yield
        return
    with make_console(sys.stderr).status(f"Changing {what} ..."):
        yield
