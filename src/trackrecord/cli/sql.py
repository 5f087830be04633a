"""``trackrecord sql``: ad-hoc questions to the store, in DuckDB's SQL."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from trackrecord.cli.grid import NAMING, GridColumn, no_room_for, print_grid, print_line
from trackrecord.cli.numbers import count_of, format_value
from trackrecord.cli.progress import progress_bar
from trackrecord.cli.session import Session, session_of, store_option

if TYPE_CHECKING:
    from trackrecord.exchange.tabular import Frame

_EPILOG = """\b
Examples:
  trackrecord sql "SELECT run, max(value) FROM points WHERE metric = 'val/accuracy' GROUP BY run"
  trackrecord sql "SELECT name, \\"params.lr\\", \\"metrics.val/loss\\" FROM runs_wide ORDER BY 3" --csv
  trackrecord sql "FROM points WHERE metric = 'loss'" --format parquet -o loss.parquet
  trackrecord sql "DESCRIBE points"
  trackrecord sql --tables

QUERY is one statement in DuckDB's dialect; "-" reads it from standard input. It can only read: no files, no
network, no settings. docs/sql.md has the tables and their columns.
"""


@click.command("sql", epilog=_EPILOG)
@click.argument("query", required=False)
@click.option("--tables", is_flag=True, help="List the tables with their columns.")
@click.option(
    "--format",
    "how",
    type=click.Choice(["table", "json", "csv", "parquet"]),
    default="table",
    show_default=True,
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--csv", "as_csv", is_flag=True, help="The same as --format csv.")
@click.option(
    "--output", "-o", type=click.Path(dir_okay=False), metavar="FILE", help="Standard output by default."
)
@click.option(
    "--limit",
    "-n",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Rows of the table shown.",
)
@click.option("--all", "-a", "everything", is_flag=True, help="No limit.")
@click.option(
    "--memory",
    default="1GB",
    show_default=True,
    metavar="SIZE",
    help="Beyond it a temporary folder is used; a table shown has at most as much.",
)
@store_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    query: str | None,
    tables: bool,
    how: str,
    as_json: bool,
    as_csv: bool,
    output: str | None,
    limit: int,
    everything: bool,
    memory: str,
) -> None:
    """Ask the store anything in SQL: a table, JSON, CSV or Parquet."""
    session = session_of(ctx)
    how = "json" if as_json else "csv" if as_csv else how
    if how == "parquet" and output is None:
        raise click.UsageError("Parquet needs --output FILE.")
    if how == "table" and output is not None:
        raise click.UsageError("A table goes to the terminal; take --format csv, json or parquet for a file.")
    try:
        if tables:
            _list_tables(session)
            return
        if query is None:
            raise click.UsageError("What is the question? For example: trackrecord sql 'FROM runs'.")
        from trackrecord.reading.sql import answer

        try:
            text = sys.stdin.read() if query == "-" else query
        except UnicodeDecodeError as error:
            raise click.UsageError(
                f"Standard input is no text in {error.encoding}: {error.reason}."
            ) from None
        with session.open_store() as store, ExitStack() as until_printed:
            with progress_bar(sys.stderr, "Reading") as tell:
                reader = until_printed.enter_context(answer(store, text, memory=memory, on_progress=tell))
            _print_or_write(session, reader, how, output, None if everything else limit)
    except ImportError as error:
        raise click.ClickException(str(error)) from error


def _list_tables(session: Session) -> None:
    from trackrecord.reading.sql_tables import DESCRIPTIONS

    print_grid(
        session.console,
        [
            GridColumn("table", [Text(name, style="bold") for name in DESCRIPTIONS], weight=NAMING),
            GridColumn("columns", [Text(text) for text in DESCRIPTIONS.values()], may_shrink=True),
        ],
    )


def _print_or_write(session: Session, reader: Any, how: str, output: str | None, limit: int | None) -> None:
    from trackrecord.exchange.private_folder import PARTIAL, private_folder

    if how == "table":
        _print_table(session, *_first(reader, limit))
    elif output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        _write(reader, how, sys.stdout)
    else:
        target = Path(output)
        with private_folder(PARTIAL, target.parent) as folder:
            unfinished = folder / "whole"
            if how == "parquet":
                written = _write_parquet(reader, unfinished)
            else:
                with unfinished.open("w", encoding="utf-8", newline="") as file:
                    written = _write(reader, how, file)
            unfinished.replace(target)
        print(f"{count_of(written, 'row')} written to {output}", file=sys.stderr)


def _frames(reader: Any) -> Iterator[Frame]:
    """Yield the answer in pieces; one of no rows, for its columns, when it is empty."""
    import pyarrow as pa

    from trackrecord.reading.sql_values import frame_of

    empty = True
    for batch in reader:
        empty = False
        yield frame_of(pa.Table.from_batches([batch], reader.schema))
    if empty:
        yield frame_of(pa.Table.from_batches([], reader.schema))


def _first(reader: Any, limit: int | None) -> tuple[Frame, bool]:
    """Return the first rows, and whether there are more."""
    from trackrecord.reading.sql_values import frame_of

    table = reader.read_all(limit)
    if limit is None:
        return frame_of(table), False
    return frame_of(table.slice(0, limit)), table.num_rows > limit


def _print_table(session: Session, frame: Frame, more: bool) -> None:
    rows = list(frame)
    if frame.columns == ["explain_key", "explain_value"]:
        for row in rows:
            print(row["explain_value"])
        return
    columns = []
    for at, name in enumerate(frame.columns):
        values = [row[name] for row in rows]
        right = any(isinstance(value, (int, float)) for value in values)
        cells = [Text("" if value is None else _shown(value)) for value in values]
        columns.append(GridColumn(name, cells, right=right, weight=50 - at, may_shrink=not right))
    console = session.console
    hidden = print_grid(console, columns)
    footer = (
        f"the first {count_of(len(rows), 'row')} (--all shows all)" if more else count_of(len(rows), "row")
    )
    if hidden:
        footer += f"; {no_room_for(hidden)}"
    print_line(console)
    print_line(console, footer, style="dim")


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float) and value == value and abs(value) != float("inf"):
        return f"{value:.10g}"
    return format_value(value)


def _write(reader: Any, how: str, out: Any) -> int:
    return _write_csv(reader, out) if how == "csv" else _write_json(reader, out)


def _write_csv(reader: Any, out: Any) -> int:
    from trackrecord.exchange.csv_export import cell

    writer = csv.writer(out, lineterminator="\n")
    written = 0
    for number, frame in enumerate(_frames(reader)):
        if number == 0:
            writer.writerow(frame.columns)
        writer.writerows([cell(value) for value in row.values()] for row in frame)
        written += len(frame)
    return written


def _write_json(reader: Any, out: Any) -> int:
    """Write a list of rows, piece by piece; times and numbers that JSON has not as the HTTP API has them."""
    from trackrecord.shapes.encoding import json_bytes, plain

    written = 0
    out.write("[")
    for frame in _frames(reader):
        for row in frame:
            out.write((",\n " if written else "\n ") + json_bytes(plain(row)).decode())
            written += 1
    out.write("\n]\n")
    return written


def _write_parquet(reader: Any, path: Path) -> int:
    from pyarrow import parquet

    written = 0
    with parquet.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
            written += batch.num_rows
    return written
