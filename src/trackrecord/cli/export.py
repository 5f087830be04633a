"""``trackrecord export``: runs, points and artifacts as files that other programs read."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from trackrecord.cli.numbers import count_of
from trackrecord.cli.session import session_of, store_option

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_EPILOG = """\b
Examples:
  trackrecord export csv -o runs.csv
  trackrecord export csv runs --project digits --where 'state == "finished"'
  trackrecord export csv points --where 'group == "mlp-64"' -m val/loss -o points.csv
"""
_ARTIFACT_EPILOG = """\b
Examples:
  trackrecord export artifact quiet-river model.joblib -o models
  trackrecord export artifact quiet-river checkpoints --version 3 -o checkpoints
"""


@click.group("export")
def command() -> None:
    """Write runs or points to a file, or an artifact to a folder."""


@command.command("csv", epilog=_EPILOG)
@click.argument("what", type=click.Choice(["runs", "points"]), default="runs", required=False)
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Standard output by default."
)
@click.option("--where", "-w", default="", metavar="FILTER", help="Only runs that fit this filter.")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project.")
@click.option(
    "--metric", "-m", "metrics", multiple=True, metavar="NAME", help="Points: only this metric; repeatable."
)
@store_option
@click.pass_context
def export_csv(
    ctx: click.Context,
    *,
    what: str,
    output: str | None,
    where: str,
    project: str | None,
    metrics: tuple[str, ...],
) -> None:
    """Write CSV: one line per run (params, summary, last and best values), or one line per point."""
    if metrics and what == "runs":
        raise click.UsageError("--metric goes with points.")
    session = session_of(ctx)
    with session.open_store() as store:
        if output is None:
            # Python's own translation of line ends is off: the lines are the same on every system.
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            _write(store, what, sys.stdout, where=where, project=project, metrics=metrics)
            return
        target = Path(output)
        partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
        try:
            with partial.open("w", encoding="utf-8", newline="") as file:
                written = _write(store, what, file, where=where, project=project, metrics=metrics)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    print(f"{count_of(written, what.removesuffix('s'))} written to {output}", file=sys.stderr)


@command.command("artifact", epilog=_ARTIFACT_EPILOG)
@click.argument("run")
@click.argument("name")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False),
    metavar="FOLDER",
    required=True,
    help="Made if need be; files of the same names in it are replaced.",
)
@click.option("--version", "-v", type=int, metavar="N", help="The newest that the run has by default.")
@click.option("--project", "-p", metavar="NAME", help="The project in which the run has this name.")
@store_option
@click.pass_context
def export_artifact(
    ctx: click.Context, *, run: str, name: str, output: str, version: int | None, project: str | None
) -> None:
    """Write the files of an artifact that a run logged or used, each checked against its digest.

    RUN is an id, an unambiguous beginning or ending of one (4 characters or more), or a name. Nothing is written
    outside of FOLDER.
    """
    from trackrecord.query.run_detail import run_detail
    from trackrecord.reading.stored_run import StoredRun

    session = session_of(ctx)
    with session.open_store() as store:
        artifact = StoredRun(store, run_detail(store, run, project)).artifact(name, version)
        artifact.download(output)
    written = count_of(len(artifact.files), "file")
    print(f"{written} of version {artifact.version} written to {output}", file=sys.stderr)


def _write(
    store: Store, what: str, out: TextIO, *, where: str, project: str | None, metrics: tuple[str, ...]
) -> int:
    from trackrecord.exchange.csv_export import write_points, write_runs
    from trackrecord.query.runs import select_runs

    page = select_runs(store, project=project, where=where, limit=None)
    if what == "runs":
        return write_runs(page.rows, out)
    return write_points(store, page.rows, out, list(metrics) or None)
