"""Whether SQLite can read all of the database, and whether rows cite rows that are there."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from trackrecord.store.checking.finding import Finding

#: more of one kind says nothing more
_MOST = 100


def check_pages(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Yield what SQLite's own check of pages, rows and indexes finds. Costs reading the whole database."""
    try:
        for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST})"):
            if line != "ok":
                kind = "index" if _is_of_an_index(line) else "database"
                yield Finding(kind, "store.db", f"SQLite finds: {line}")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        yield Finding("database", "store.db", f"SQLite can't read it all: {error}")


def check_references(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Yield the rows that cite a row which is not there."""
    try:
        for count, (table, rowid, parent, _) in enumerate(connection.execute("PRAGMA foreign_key_check")):
            if count == _MOST:
                yield Finding("reference", "store.db", f"more than {_MOST} rows cite rows that are not there")
                return
            where = f"row {rowid} of {table}" if rowid is not None else f"a row of {table}"
            yield Finding(
                "reference", f"store.db: {table}", f"{where} cites a row of {parent} that is not there"
            )
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        yield Finding("database", "store.db", f"its references can't be read: {error}")


def reindex(connection: sqlite3.Connection) -> None:
    """Make all indexes again from the tables. Raises sqlite3.DatabaseError when a table can't be read."""
    connection.execute("REINDEX")


def rows_without_their_owner(connection: sqlite3.Connection) -> dict[str, list[int | None]]:
    """Return, for each table, the rows (by rowid; None in tables without) that cite a row which is not there."""
    found: dict[str, list[int | None]] = {}
    for table, rowid, _, _ in connection.execute("PRAGMA foreign_key_check"):
        found.setdefault(table, []).append(rowid)
    return found


def _is_of_an_index(line: str) -> bool:
    return (
        "missing from index" in line
        or "wrong # of entries in index" in line
        or "non-unique entry in index" in line
    )
