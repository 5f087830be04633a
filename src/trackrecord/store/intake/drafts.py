"""Rows that are made in memory while records are taken in, and written to the database in one go for many runs.

A run that is new in a transaction is a draft: what its records say of it changes the draft, and one INSERT writes it.
The row of a writer is held in memory in any case: read when it is there, changed, written once.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from typing import Any

from trackrecord.store.liveness import Writer

#: the columns of ``run`` that records set, in the order of a row
_COLUMNS = (
    "project",
    "experiment",
    "name",
    "group_name",
    "parent",
    "hypothesis",
    "notes",
    "user",
    "host",
    "command",
    "created",
    "ended",
    "ended_state",
    "exit_code",
    "traceback",
    "grown_at",
    "last_step",
    "points",
    "fork_run",
    "fork_step",
    "revision",
)


@dataclass(slots=True)
class RunDraft:
    """A run that is not in the database yet: the columns of its row that are known, and its tags."""

    number: int
    id: str
    columns: dict[str, Any]
    tags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class WriterRow:
    """The row of one writer. ``rank`` to ``traceback`` are None while they are not known."""

    run: int
    writer: str
    started: int
    role: str = "join"
    process: str = "{}"
    last_time: int = 0
    grown_at: int = 0
    gone: bool = False
    rank: int | None = None
    world_size: int | None = None
    state: str | None = None
    ended: int | None = None
    exit_code: int | None = None
    traceback: str | None = None

    def learn_process(self, process: str, started: int) -> None:
        """Learn who writes, from the header of any of its segments; the first process said holds."""
        if self.process == "{}":
            self.process = process
        self.started = min(self.started, started)

    def end(self, state: str, time: int, exit_code: int | None, traceback: str | None) -> None:
        """Learn how it ended by its own word; the last one holds."""
        if self.ended is None or self.ended <= time:
            self.state, self.ended, self.exit_code, self.traceback = state, time, exit_code, traceback

    def grow(self, last_time: int, grown_at: int, *, gone: bool) -> None:
        """Learn that more of it was seen, or that its process is gone."""
        self.last_time = max(self.last_time, last_time)
        self.grown_at = max(self.grown_at, grown_at)
        self.gone = self.gone or gone

    def as_writer(self) -> Writer:
        """Return what decides over the state of its run."""
        return Writer(
            *(self.run, self.writer, self.role, self.state, self.started, self.ended),
            *(self.last_time, self.grown_at, self.gone, self.process, self.exit_code, self.traceback),
        )


def insert_runs(connection: sqlite3.Connection, drafts: list[RunDraft]) -> None:
    """Write runs that are new, and their tags."""
    marks = ", ".join("?" * (2 + len(_COLUMNS)))
    connection.executemany(
        f"INSERT INTO run (number, id, {', '.join(_COLUMNS)}) VALUES ({marks})",  # noqa: S608
        [(draft.number, draft.id, *map(draft.columns.get, _COLUMNS)) for draft in drafts],
    )
    connection.executemany(
        "INSERT INTO tag (run, name) VALUES (?, ?)",
        [(draft.number, tag) for draft in drafts for tag in sorted(draft.tags)],
    )


_WRITER_COLUMNS = (
    "run, writer, started, role, process, last_time, grown_at, gone, rank, world_size, state, ended, exit_code,"
    " traceback"
)


def stored_writer(connection: sqlite3.Connection, run: int, writer: str) -> WriterRow | None:
    """Return the row of a writer; None when there is none yet."""
    found = connection.execute(
        f"SELECT {_WRITER_COLUMNS} FROM writer WHERE run = ? AND writer = ?",  # noqa: S608
        (run, writer),
    ).fetchone()
    if found is None:
        return None
    row = WriterRow(*found)
    row.gone = bool(row.gone)
    return row


def put_writers(connection: sqlite3.Connection, rows: list[WriterRow]) -> None:
    """Write the rows of writers, over those that are there."""
    connection.executemany(
        f"INSERT OR REPLACE INTO writer ({_WRITER_COLUMNS}) VALUES ({', '.join('?' * 14)})",  # noqa: S608
        [
            (
                *(row.run, row.writer, row.started, row.role, row.process, row.last_time, row.grown_at),
                *(
                    int(row.gone),
                    row.rank,
                    row.world_size,
                    row.state,
                    row.ended,
                    row.exit_code,
                    row.traceback,
                ),
            )
            for row in rows
        ],
    )
