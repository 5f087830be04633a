"""Whether the columns over all runs can be read and say what the rows say. Derived: what is wrong is dropped."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator

from trackrecord.store.checking.finding import Finding
from trackrecord.store.columns import blocks as column_blocks
from trackrecord.store.columns.rows import FIGURES
from trackrecord.words.errors import FormatError

_UNREADABLE = (FormatError, ValueError, KeyError, TypeError, IndexError, zlib.error)
#: tables of the columns, as copies of which the same are made anew and compared
_TABLES = ("column_part", "column_block", "column_gone")


def check_columns(connection: sqlite3.Connection, *, deep: bool) -> list[Finding]:
    """Return what can't be read of the columns; ``deep`` also makes each block anew and compares.

    Needs a transaction on a connection that may make temporary tables.
    """
    found = []
    for space, key in connection.execute(
        "SELECT DISTINCT space, key FROM column_part ORDER BY space, key"
    ).fetchall():
        try:
            for _ in _read(connection, space, key):
                pass
        except _UNREADABLE as error:  # noqa: PERF203 - each column for itself
            place = f"store.db: column {key!r} of {space}"
            found.append(Finding("columns", place, f"can't be read: {getattr(error, 'message', error)}"))
    if deep and not found:
        found += _compared(connection)
    return found


def drop_columns(connection: sqlite3.Connection) -> None:
    """Remove all columns; readers take the rows, and the columns are made again as time allows."""
    connection.execute("DELETE FROM column_part")
    connection.execute("DELETE FROM column_block")


def _read(connection: sqlite3.Connection, space: str, key: str) -> Iterator[object]:
    if space == "metric":
        for figure in FIGURES:
            yield from column_blocks.read_figure(connection, key, figure)
    elif space == "tag":
        yield from column_blocks.read_tags(connection)
    elif space == "keys":
        yield from column_blocks.read_shapes(connection)
    else:
        yield from column_blocks.read_values(connection, space, key)


def _compared(connection: sqlite3.Connection) -> list[Finding]:
    """Make the blocks again in temporary tables, whose names hide those of the database, and compare."""
    found = []
    blocks = connection.execute("SELECT block, revision FROM main.column_block ORDER BY block").fetchall()
    connection.execute("PRAGMA query_only = OFF")
    try:
        for table in _TABLES:
            connection.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM main.{table} WHERE 0")  # noqa: S608
        for block, revision in blocks:
            size = column_blocks.BLOCK
            changed = connection.execute(
                "SELECT (SELECT count(*) FROM run WHERE number / ? = ? AND revision > ?)"
                " + (SELECT count(*) FROM main.column_gone WHERE run / ? = ?)",
                (size, block, revision, size, block),
            ).fetchone()[0]
            if changed:
                continue  # what changed later is read from its rows
            column_blocks.write_block(connection, block, revision)
            if _parts(connection, "main", block) != _parts(connection, "temp", block):
                message = "its columns are not what the rows of its runs say"
                found.append(Finding("columns", f"store.db: block {block} of the columns", message))
    finally:
        for table in _TABLES:
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        connection.execute("PRAGMA query_only = ON")
    return found


def _parts(connection: sqlite3.Connection, schema: str, block: int) -> set[tuple[object, ...]]:
    sql = f"SELECT space, key, part, payload FROM {schema}.column_part WHERE block = ?"  # noqa: S608
    return set(connection.execute(sql, (block,)))
