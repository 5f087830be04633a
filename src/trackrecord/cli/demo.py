"""``trackrecord demo``: trains real models, records them, compares them, and opens the page."""

from __future__ import annotations

import sys
import time
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import click

from trackrecord.cli.grid import print_line
from trackrecord.cli.session import Session, session_of, store_option
from trackrecord.words.errors import TrackrecordError

_EPILOG = """\b
Examples:
  trackrecord demo
  trackrecord demo --quick --no-ui
  trackrecord demo --store /tmp/try-it

Each part also runs alone: python -m trackrecord.demo.iris (.digits, .shapes).
"""


@click.command("demo", epilog=_EPILOG)
@click.option("--quick", is_flag=True, help="Fewer seeds and epochs: some seconds in all.")
@click.option("--no-ui", is_flag=True, help="Do not serve the page at the end.")
@store_option
@click.pass_context
def command(ctx: click.Context, *, quick: bool, no_ui: bool) -> None:
    """Train real models on real data, record and compare them. Works offline, takes less than a minute.

    Three parts: a random forest on iris, a sweep over models on handwritten digits, and a question answered by two
    experiments. In a terminal it ends with the web page; Ctrl-C ends that.
    """
    from trackrecord.cli.demo_parts import PARTS, run_part
    from trackrecord.cli.demo_results import print_results
    from trackrecord.journal.place import find_store

    if find_spec("sklearn") is None:
        raise TrackrecordError(
            "The demo trains with scikit-learn, which is not installed.",
            hint="Install it with: pip install 'trackrecord[demo]'",
        )
    session = session_of(ctx)
    place = find_store(session.store_path)
    session.store_path = str(place)
    _greet(session, place)
    begun = time.time()
    for part in PARTS:
        run_part(session, part, quick=quick)
    with session.open_store() as store:
        print_results(session, store, begun)
    _say_goodbye(session, place, time.time() - begun)
    from trackrecord.cli.page_server import announce, is_attended

    if is_attended() and not no_ui:
        from trackrecord.server.serve import serve

        print_line(session.console)
        serve(session.store_path, on_ready=lambda address: announce(session, address, open_browser=True))


def _greet(session: Session, place: Path) -> None:
    from trackrecord.cli.numbers import count_of
    from trackrecord.journal.place import STORE_FILE

    console = session.console
    print_line(console, "Trackrecord's demo: real models on real data, recorded and compared.", "bold")
    line = f"Store: {shown_path(place)}"
    if (place / STORE_FILE).exists():
        from trackrecord.query.runs import select_runs

        with session.open_store() as store:
            runs = select_runs(store, limit=0).total
        if runs:
            line += f", which already holds {count_of(runs, 'run')}; these are added"
    print_line(console, line, "dim")
    sys.stdout.flush()


def _say_goodbye(session: Session, place: Path, seconds: float) -> None:
    from trackrecord.journal.place import find_store

    console = session.console
    store = "" if find_store() == place else f" --store {shown_path(place)}"
    print_line(console)
    print_line(console, f"Done in {seconds:.0f} s. What next:", "bold")
    for call, what in (
        ("ui", "the web page: tables, live curves, comparison"),
        ("ls --project digits --sort -val/accuracy.best", "the sweep, the best run first"),
        ("plot --where 'group == \"mlp-64\"' -m val/loss", "its curves, here in the terminal"),
        # a demo run twice holds two runs of that name
        (f"show {_latest(session, 'iris')}", "everything about one run"),
    ):
        print_line(console, f"  {_own_command()}{store} {call}")
        print_line(console, f"      {what}", "dim")


def _latest(session: Session, project: str) -> str:
    """Return the short id of a project's newest run."""
    from trackrecord.query.runs import select_runs
    from trackrecord.words.ids import short_id

    with session.open_store() as store:
        return short_id(select_runs(store, project=project, limit=1).rows[0].id)


def _own_command() -> str:
    """Return what to type for this command: its name where the shell finds it, else the way to it."""
    called = Path(sys.argv[0])
    if which("trackrecord") or called.stem != "trackrecord":
        return "trackrecord"
    return shown_path(called.absolute())


def shown_path(path: Path) -> str:
    """Return a path the short way: relative where it lies below the working folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, OSError):
        pass
    try:
        return str(Path("~", path.relative_to(Path.home())))
    except (ValueError, RuntimeError):
        return str(path)
