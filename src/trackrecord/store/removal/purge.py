"""Taking runs away for good: every row, chunk and level of them. A tombstone stays, so that nothing brings them back.

Which rows belong to a run follows from the foreign keys of the schema, so that a table of tomorrow is not forgotten:
what cites a run goes with it, and so does what cites that (a chunk cites a metric, which cites its run).
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from trackrecord.store.intake.transaction import Transaction

#: tables that cite runs without a foreign key, and what takes a run's rows out of them
_BY_OTHER_WAYS = {
    "stamp": "DELETE FROM stamp WHERE kind = 'run' AND owner IN (SELECT number FROM going)",
    "audit": "DELETE FROM audit WHERE run IN (SELECT run.id FROM run JOIN going ON going.number = run.number)",
    "waiting_change": "DELETE FROM waiting_change WHERE run IN"
    " (SELECT run.id FROM run JOIN going ON going.number = run.number)",
}


@dataclass(frozen=True, slots=True)
class Removal:
    """One statement that takes rows of the runs in the table ``going`` away; the order of statements matters."""

    table: str
    sql: str


def removals(connection: sqlite3.Connection) -> list[Removal]:
    """Return what takes everything of the runs in ``going`` away, what cites before what is cited."""
    citing = citing_tables(connection)
    found: list[Removal] = []

    def add(table: str, rows: str, path: tuple[str, ...]) -> None:
        """Add the removal of ``rows`` (a condition) of ``table`` behind that of all that cites them."""
        for child, column, cited in citing.get(table, ()):
            if child not in path:
                add(child, f'"{column}" IN (SELECT "{cited}" FROM "{table}" WHERE {rows})', (*path, child))  # noqa: S608
        found.append(Removal(table, f'DELETE FROM "{table}" WHERE {rows}'))  # noqa: S608 - names of our own schema

    add("run", "number IN (SELECT number FROM going)", ("run",))
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return [Removal(table, sql) for table, sql in _BY_OTHER_WAYS.items() if table in tables] + found


def forget_purged(tx: Transaction, revision: int) -> None:
    """Take away what a transaction's purge records name, with all that it has brought of these runs itself.

    Deleted bytes are overwritten: nothing of a purged run can be read from the free pages of the file.
    """
    if not tx.purged:
        return
    connection = tx.connection
    connection.execute("PRAGMA secure_delete = ON")
    try:
        connection.execute("CREATE TEMP TABLE IF NOT EXISTS going (number INTEGER PRIMARY KEY)")
        connection.execute("DELETE FROM going")
        connection.executemany("INSERT INTO going VALUES (?)", [(run,) for run in tx.purged])
        tx.touched_projects |= {
            project
            for (project,) in connection.execute(
                "SELECT DISTINCT run.project FROM run JOIN going ON going.number = run.number"
            )
        }
        artifacts = connection.execute(
            "SELECT DISTINCT x.artifact FROM run_artifact x JOIN going ON going.number = x.run"
        ).fetchall()
        for removal in removals(connection):
            connection.execute(removal.sql)
        # what other runs logged or used stays; of the rest the name and version stay taken, as after a redaction
        connection.executemany(
            "DELETE FROM artifact_file WHERE artifact = ?"
            " AND artifact NOT IN (SELECT artifact FROM run_artifact)",
            artifacts,
        )
        connection.execute(
            "INSERT INTO audit (time, who, run, change, before, after)"
            " SELECT t.time, t.who, t.run, 'purge', NULL, NULL FROM tombstone t JOIN going ON going.number = t.number"
        )
        connection.execute(
            "UPDATE tombstone SET revision = ? WHERE number IN (SELECT number FROM going)", (revision,)
        )
        connection.execute("DROP TABLE temp.going")
    finally:
        connection.execute("PRAGMA secure_delete = OFF")
    tx.touched -= tx.purged
    tx.ending -= tx.purged
    tx.new_runs -= tx.purged
    tx.purged = set()


def citing_tables(connection: sqlite3.Connection) -> dict[str, list[tuple[str, str, str]]]:
    """Return by table which (table, column) cite which column of it."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        for key in connection.execute(f'PRAGMA foreign_key_list("{table}")'):
            cited, column = key[2], key[3]
            target = key[4] or _primary_key(connection, cited)
            found.setdefault(cited, []).append((table, column, target))
    return found


def _primary_key(connection: sqlite3.Connection, table: str) -> str:
    for row in connection.execute(f'PRAGMA table_info("{table}")'):
        if row[5] == 1:
            return str(row[1])
    raise ValueError(f"the table {table} has no primary key")
