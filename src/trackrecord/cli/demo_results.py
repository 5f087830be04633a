"""What the demo's runs came to, as tables: only those of this call, whatever else the store holds."""

from __future__ import annotations

from trackrecord.cli.demo_parts import PARTS
from trackrecord.cli.experiments import print_experiment
from trackrecord.cli.grid import print_grid, print_line
from trackrecord.cli.group_table import group_table, print_groups
from trackrecord.cli.run_columns import asked_columns
from trackrecord.cli.session import Session
from trackrecord.query.projects import experiments_of
from trackrecord.query.runs import select_runs
from trackrecord.store.contract import Store
from trackrecord.words.records import RunRecord

_IRIS_COLUMNS = ("id", "name", "state", "accuracy", "n_estimators", "max_depth")


def print_results(session: Session, store: Store, begun: float) -> None:
    """Print one table per project, of the runs created since ``begun`` (seconds since 1970)."""
    for part in PARTS:
        page = select_runs(store, project=part.project, order_by="created", limit=None)
        runs = [run for run in page.rows if run.created.timestamp() >= begun]
        print_line(session.console)
        print_line(session.console, f"Project {part.project}", "bold underline")
        if any(run.group for run in runs):
            _print_groups(session, runs)
        else:
            print_grid(session.console, asked_columns(runs, _IRIS_COLUMNS, unicode=session.unicode))
        for experiment in experiments_of(store, part.project):
            print_line(session.console)
            print_experiment(session.console, experiment)


def _print_groups(session: Session, runs: list[RunRecord]) -> None:
    table = group_table(runs, "group", lambda run: run.group)
    print_groups(session.console, table, unicode=session.unicode)
