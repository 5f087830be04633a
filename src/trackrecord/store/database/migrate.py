"""Bring a database to the present schema: numbered SQL files, each taken once, all in one transaction."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from trackrecord.words.errors import StoreVersionError

_FOLDER = Path(__file__).parent.parent / "migrations"
_NAME = re.compile(r"(\d{4})_\w+\.sql\Z")


@lru_cache(maxsize=1)
def migrations() -> tuple[tuple[int, str], ...]:
    """Return number and text of every migration, in order."""
    found = []
    for path in sorted(_FOLDER.iterdir()):
        match = _NAME.match(path.name)
        if match:
            found.append((int(match[1]), path.read_text(encoding="utf-8")))
    return tuple(found)


def newest() -> int:
    """Return the schema number that this Trackrecord writes."""
    return migrations()[-1][0]


def schema_of(connection: sqlite3.Connection) -> int:
    """Return the schema number of a database; 0 when it is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_version(connection: sqlite3.Connection, place: Path) -> None:
    """Raise StoreVersionError when a newer Trackrecord made this database."""
    found = schema_of(connection)
    if found > newest():
        raise StoreVersionError(
            f"the store {place} has schema {found}, made by a newer Trackrecord; this one knows up to {newest()}",
            hint="upgrade with: pip install -U trackrecord",
        )


def migrate(connection: sqlite3.Connection, place: Path, *, up_to: int | None = None) -> None:
    """Bring the database to the newest schema (or ``up_to`` one); does nothing, and takes no lock, when it has it.

    Two processes may do so at once: the second one waits and finds nothing left to do.
    """
    check_version(connection, place)
    wanted = newest() if up_to is None else up_to
    if schema_of(connection) >= wanted:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        check_version(connection, place)
        present = schema_of(connection)
        for number, text in migrations():
            if present < number <= wanted:
                for statement in _statements(text):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {number:d}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise


def _statements(text: str) -> Iterator[str]:
    """Split a file into statements; sqlite3's own ``executescript`` would commit first."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
