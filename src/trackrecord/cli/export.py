"""``trackrecord export``: runs, points and artifacts as files that other programs read."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from trackrecord.cli.numbers import count_of
from trackrecord.cli.progress import Tell, progress_bar
from trackrecord.cli.session import session_of, store_option

if TYPE_CHECKING:
    from trackrecord.store.contract import Store

_EPILOG = """\b
Examples:
  trackrecord export csv -o runs.csv
  trackrecord export csv runs --project digits --where 'state == "finished"'
  trackrecord export csv points --where 'group == "mlp-64"' -m val/loss -o points.csv
"""
_PARQUET_EPILOG = """\b
Examples:
  trackrecord export parquet digits --project digits
  trackrecord export parquet best --where 'val/accuracy > 0.9' --files
  trackrecord export parquet two quiet-river amber-fox --overwrite

docs/export.md has every table and column.
"""
_ARTIFACT_EPILOG = """\b
Examples:
  trackrecord export artifact quiet-river model.joblib -o models
  trackrecord export artifact quiet-river checkpoints --version 3 -o checkpoints
"""


@click.group("export")
def command() -> None:
    """Write everything as Parquet, runs or points as CSV, or the files of an artifact."""


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
    from trackrecord.exchange.private_folder import PARTIAL, private_folder

    session = session_of(ctx)
    with session.open_store() as store:
        if output is None:
            # Python's own translation of line ends is off: the lines are the same on every system.
            sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
            with progress_bar(sys.stderr if not sys.stdout.isatty() else None, "Writing") as tell:
                _write(store, what, sys.stdout, tell, where=where, project=project, metrics=metrics)
            return
        target = Path(output)
        if not target.parent.is_dir():
            raise click.ClickException(f"{output} can't be written: there is no folder {target.parent}.")
        with private_folder(PARTIAL, target.parent) as folder:
            unfinished = folder / "whole"
            with (
                unfinished.open("w", encoding="utf-8", newline="") as file,
                progress_bar(sys.stderr, "Writing") as tell,
            ):
                written = _write(store, what, file, tell, where=where, project=project, metrics=metrics)
            unfinished.replace(target)
    print(f"{count_of(written, what.removesuffix('s'))} written to {output}", file=sys.stderr)


@command.command("parquet", epilog=_PARQUET_EPILOG)
@click.argument("folder", metavar="DEST", type=click.Path(file_okay=False))
@click.argument("runs", metavar="[RUN]...", nargs=-1)
@click.option("--where", "-w", default="", metavar="FILTER", help="Only runs that fit this filter.")
@click.option("--project", "-p", metavar="NAME", help="Only runs of this project.")
@click.option("--resolved", is_flag=True, help="Let forked runs begin with the points that they inherit.")
@click.option("--files", is_flag=True, help="Copy the bytes of artifacts and media, too.")
@click.option("--overwrite", is_flag=True, help="Replace an export that is at DEST.")
@click.option("--json", "as_json", is_flag=True, help="Print the number of rows of each table as JSON.")
@store_option
@click.pass_context
def export_parquet(
    ctx: click.Context,
    *,
    folder: str,
    runs: tuple[str, ...],
    where: str,
    project: str | None,
    resolved: bool,
    files: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Write everything as Parquet files: runs, params, metrics, points, console, media, artifacts and more.

    DEST is a folder, made whole or not at all. Without RUN, FILTER or project it is the whole store but its trash.
    """
    from trackrecord.exchange.parquet_export import export_parquet as write

    if runs and where:
        raise click.UsageError("Name runs or give --where, one of the two.")
    session = session_of(ctx)
    with session.open_store() as store, progress_bar(sys.stderr, "Writing") as tell:
        chosen = _chosen(store, runs, where, project)
        try:
            rows = write(
                store,
                folder,
                run_ids=chosen,
                resolved=resolved,
                files=files,
                overwrite=overwrite,
                on_progress=None if tell is None else partial(tell, "points"),
            )
        except ImportError as error:
            raise click.ClickException(str(error)) from error
    if as_json:
        print(json.dumps({"folder": folder, "rows": rows}, indent=2))
        return
    print(
        f"{count_of(rows['runs'], 'run')} with {count_of(rows['points'], 'point')} written to {folder}",
        file=sys.stderr,
    )


def _chosen(store: Store, runs: tuple[str, ...], where: str, project: str | None) -> list[str] | None:
    """Return the ids of the runs that were named or fit; None for all."""
    from trackrecord.query.find_run import find_run
    from trackrecord.query.runs import select_runs

    if runs:
        return [find_run(store, name, project) for name in runs]
    if not where and project is None:
        return None
    return [run.id for run in select_runs(store, project=project, where=where, limit=None, columns=()).rows]


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
    store: Store,
    what: str,
    out: TextIO,
    tell: Tell | None,
    *,
    where: str,
    project: str | None,
    metrics: tuple[str, ...],
) -> int:
    from trackrecord.exchange.csv_export import write_points, write_runs
    from trackrecord.query.runs import select_runs

    rows = select_runs(store, project=project, where=where, limit=None).rows
    if what == "runs":
        return write_runs(rows, out)
    wanted = list(metrics) or None
    total = sum(
        figures.points for run in rows for key, figures in run.metrics.items() if not wanted or key in wanted
    )
    on_progress = None if tell is None else lambda done: tell("points", done, total)
    return write_points(store, rows, out, wanted, on_progress=on_progress)
