"""A database that SQLite can't read whole: what can be read goes into a new one, the old one into quarantine.

Rows are copied table by table. Where a page is damaged, reading goes on behind it: tables with a rowid are read from
both ends and by halves in between, the others from both ends. What is derived from the copied rows is put right by
the check that follows.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from trackrecord.journal.bulk import read_batch
from trackrecord.journal.files import sync_folder
from trackrecord.journal.place import INBOX
from trackrecord.journal.reader import end_of, scan
from trackrecord.store.checking.database import rows_without_their_owner
from trackrecord.store.checking.quarantine import Quarantine
from trackrecord.store.database import migrate
from trackrecord.store.intake.inbox import find_segments
from trackrecord.store.points import payload
from trackrecord.words.errors import FormatError

DATABASE = "store.db"
#: complete, and not yet in its place: a kill between the two renames is made up for
_SALVAGED = "store.db.salvaged"
_BAD = (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError)
#: a range of rowids with so few of them, and nothing readable, is given up
_SMALLEST = 1
#: a table whose pages fail more often than this is given up with what was read until then
_MOST_FAILURES = 20_000
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


def salvage(place: Path, quarantine: Quarantine) -> tuple[int, dict[str, str]]:
    """Make a new database of what can be read of the old one, and put the old one into quarantine.

    Returns how many rows were copied, and for each table that lost some why. Raises OSError when the disk refuses.
    """
    partial = place / f"{_SALVAGED}.partial"
    for side in _SIDE_FILES:
        partial.with_name(partial.name + side).unlink(missing_ok=True)
    new = sqlite3.connect(partial, isolation_level=None)
    try:
        rows, lost = _copy(place / DATABASE, new, place)
    finally:
        new.close()
    for side in ("-wal", "-shm", "-journal"):
        partial.with_name(partial.name + side).unlink(missing_ok=True)
    _sync(partial)
    partial.replace(place / _SALVAGED)
    _put_in_place(place, quarantine)
    return rows, lost


def finish_salvage(place: Path, quarantine: Quarantine) -> None:
    """Put the result of a salvage that was killed at the last moment in its place."""
    if (place / _SALVAGED).exists():
        _put_in_place(place, quarantine)


def _put_in_place(place: Path, quarantine: Quarantine) -> None:
    # the log first: without its database it can't be taken for that of the new one
    for side in reversed(_SIDE_FILES):
        old = place / f"{DATABASE}{side}"
        if old.exists():
            quarantine.move(old, "the database as it was before what could be read of it was saved")
    (place / _SALVAGED).replace(place / DATABASE)
    sync_folder(os.fspath(place))


def _copy(old_path: Path, new: sqlite3.Connection, place: Path) -> tuple[int, dict[str, str]]:
    lost: dict[str, str] = {}
    old = _opened(old_path)
    try:
        version = 0 if old is None else _version_of(old)
        migrate.migrate(new, place, up_to=version or None)
        if old is None or version == 0:
            return 0, {DATABASE: "nothing of it could be read"}
        new.execute("PRAGMA foreign_keys = OFF")
        new.execute("PRAGMA synchronous = OFF")
        new.execute("BEGIN")
        rows = 0
        for table, without_rowid in _tables(new):
            new.execute(f"DELETE FROM {table}")  # noqa: S608
            columns = [name for _, name, *_ in new.execute(f"PRAGMA table_info({table})")]
            reader = _Reader(old, table, columns, rowid=not without_rowid)
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            for row in reader.rows():
                try:
                    rows += new.execute(statement, row).rowcount
                except sqlite3.IntegrityError as error:  # noqa: PERF203 - row by row is the point
                    reader.why = reader.why or f"a row is not what it can be: {error}"
            if reader.why:
                lost[table] = reader.why
        _complete(new)
        _drop_rows_without_owner(new, lost)
        if "segment" in lost:
            _complete_progress(new, place)
        new.execute("COMMIT")
    finally:
        if old is not None:
            old.close()
    return rows, lost


class _Reader:
    """Reads what can be read of one table. ``why`` says what went wrong, "" when nothing did."""

    def __init__(self, old: sqlite3.Connection, table: str, columns: list[str], *, rowid: bool) -> None:
        self.why = ""
        self._failures = 0
        self._failed = False
        self._old = old
        self._table = table
        self._columns = ", ".join(columns)
        self._rowid = rowid

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows, each at most twice (from both ends)."""
        if not self._rowid:
            yield from self._run(f"SELECT {self._columns} FROM {self._table}")  # noqa: S608
            if self.why:
                keys = self._key()
                if keys:
                    order = ", ".join(f"{key} DESC" for key in keys)
                    yield from self._run(f"SELECT {self._columns} FROM {self._table} ORDER BY {order}")  # noqa: S608
            return
        low, high = 1, self._last_rowid()
        yield from self._between(low, high)

    def _between(self, low: int, high: int) -> Iterator[tuple[Any, ...]]:
        waiting = [(low, high)]
        while waiting and self._failures < _MOST_FAILURES:
            low, high = waiting.pop()
            at = low - 1
            sql = (
                f"SELECT rowid, {self._columns} FROM {self._table} WHERE rowid BETWEEN ? AND ? ORDER BY rowid"  # noqa: S608
            )
            for row in self._run(sql, (low, high)):
                at = row[0]
                yield row[1:]
            if not self._failed:
                continue
            down = high + 1
            for row in self._run(f"{sql} DESC", (at + 1, high)):
                down = row[0]
                yield row[1:]
            low, high = at + 1, down - 1
            if high - low > _SMALLEST:
                middle = (low + high) // 2
                waiting += [(low, middle), (middle + 1, high)]

    def _run(self, sql: str, values: tuple[int, ...] = ()) -> Iterator[tuple[Any, ...]]:
        self._failed = False
        try:
            yield from self._old.execute(sql, values)
        except _BAD as error:
            self._failed = True
            self._failures += 1
            self.why = self.why or str(error)[:200]

    def _last_rowid(self) -> int:
        try:
            (found,) = self._old.execute(f"SELECT max(rowid) FROM {self._table}").fetchone()  # noqa: S608
        except _BAD as error:
            self.why = str(error)[:200]
            return 1 << 24  # not known: halves of this range find most of what is there
        return int(found or 0)

    def _key(self) -> list[str]:
        try:
            found = self._old.execute(f"PRAGMA table_info({self._table})").fetchall()
        except _BAD:
            return []
        return [name for _, name, _, _, _, place in sorted(found, key=lambda row: row[5]) if place]


def _opened(path: Path) -> sqlite3.Connection | None:
    if not path.exists() or not path.stat().st_size:
        return None
    connection = sqlite3.connect("file:" + quote(os.fsencode(path.absolute().as_posix())), uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except _BAD:
        connection.close()
        return None
    return connection


def _version_of(old: sqlite3.Connection) -> int:
    try:
        version = migrate.schema_of(old)
    except _BAD:
        return 0
    return version if 0 < version <= migrate.newest() else 0


def _tables(connection: sqlite3.Connection) -> list[tuple[str, bool]]:
    return [
        (name, "WITHOUT ROWID" in sql.upper())
        for name, sql in connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
        )
    ]


def _complete(connection: sqlite3.Connection) -> None:
    """Put back the one row that must be there."""
    connection.execute("INSERT OR IGNORE INTO revision (only, value) VALUES (1, 1)")
    # readers keep what they know by revision: everything may have changed
    connection.execute("UPDATE revision SET value = value + 1000")
    connection.execute("DELETE FROM lease")
    # what is only remembered to save work may not fit what was saved
    present = {table for table, _ in _tables(connection)}
    for table in ("column_part", "column_block", "resting_segment"):
        if table in present:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608


def _drop_rows_without_owner(connection: sqlite3.Connection, lost: dict[str, str]) -> None:
    """Leave out rows that cite a row which could not be read; they stay in the old database."""
    for _ in range(10):
        found = rows_without_their_owner(connection)
        if not found:
            return
        for table, rowids in found.items():
            lost.setdefault(table, "rows that they cite could not be read")
            if None in rowids:
                for column, parent, key in _citations(connection, table):
                    connection.execute(
                        f"DELETE FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
                        f" AND {column} NOT IN (SELECT {key} FROM {parent})"
                    )
            else:
                connection.executemany(
                    f"DELETE FROM {table} WHERE rowid = ?",  # noqa: S608
                    [(rowid,) for rowid in rowids],
                )


def _complete_progress(connection: sqlite3.Connection, place: Path) -> None:
    """Say of segments whose progress was lost how far they were taken in, by the points that are there.

    Else their points would be taken in a second time.
    """
    for segment in find_segments(place / INBOX):
        name = segment.name
        known = connection.execute(
            "SELECT r.number, s.n FROM run r LEFT JOIN segment s ON s.run = r.number AND s.writer = ? AND s.n = ?"
            " WHERE r.id = ?",
            (name.writer, name.n, name.run),
        ).fetchone()
        if known is None or known[1] is not None:
            continue
        last = _last_place(connection, known[0], name.writer, name.n)
        if last is None:
            continue
        data = Path(segment.path).read_bytes()
        batch = read_batch(data[: _end_of_record(data, last)])
        connection.execute(
            "INSERT INTO segment (run, writer, n, taken, closed, damage, columns) VALUES (?, ?, ?, ?, 0, 0, ?)",
            (known[0], name.writer, name.n, batch.end, json.dumps(batch.columns)),
        )


def _last_place(connection: sqlite3.Connection, run: int, writer: str, n: int) -> int | None:
    """Return the offset in segment ``n`` of its last row that is in the database."""
    greatest = None
    for (packed,) in connection.execute(
        "SELECT c.places FROM axis a JOIN axis_chunk c ON c.axis = a.number WHERE a.run = ? AND a.writer = ?",
        (run, writer),
    ):
        try:
            places = payload.decode(packed)
        except FormatError:
            continue
        here = places[(places >> 32) == n]
        if len(here):
            greatest = max(int(here.max()) & 0xFFFFFFFF, greatest or 0)
    return greatest


def _end_of_record(data: bytes, offset: int) -> int:
    for item in scan(data, offset):
        return end_of(item)
    return offset


def _citations(connection: sqlite3.Connection, table: str) -> list[tuple[str, str, str]]:
    return [
        (column, parent, key or "rowid")
        for _, _, parent, column, key, *_ in connection.execute(f"PRAGMA foreign_key_list({table})")
    ]


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDWR)
    try:
        os.fsync(file)
    finally:
        os.close(file)
