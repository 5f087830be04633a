"""What taking in some records has to remember until it is committed: the run of each, what changed, what waits."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from trackrecord.store.fields import Fields
from trackrecord.words.ids import short_id

#: who may set a field, the strongest last: see the table ``stamp``
FROM_HEADER, FROM_JOINING, FROM_BEGINNING, FROM_CHANGE = 0, 1, 2, 3
#: the project of runs whose journals do not say (their first bytes are damaged)
UNKNOWN_PROJECT = "unknown"
_SEGMENT_ROOM = 1 << 32


@dataclass(frozen=True, slots=True)
class Source:
    """Where records come from: a segment of one writer of one run (by number)."""

    run: int
    run_id: str
    writer: str
    n: int

    def place(self, offset: int) -> int:
        """Return the place of a record in its writer's whole journal; places grow as it is written."""
        return self.n * _SEGMENT_ROOM + offset


class Said(NamedTuple):
    """One structural record: its time, its place, its fields. Compares in the order of (time, writer, place)."""

    time: int
    writer: str
    place: int
    fields: Fields


class Transaction:
    """One transaction of the ingester. Holds nothing that is not also in the database once it is committed."""

    def __init__(self, connection: sqlite3.Connection, blobs: Path, now: int) -> None:
        self.connection = connection
        self.blobs = str(blobs)
        self.now = now
        self.run_numbers: dict[str, int] = {}
        self.new_runs: set[int] = set()
        #: runs to which anything happened
        self.touched: set[int] = set()
        #: projects about which something was said outside of any run
        self.touched_projects: set[int] = set()
        #: runs whose ending has to be worked out again
        self.ending: set[int] = set()
        #: (run, writer) that add no more rows
        self.done: set[tuple[int, str]] = set()
        #: runs whose figures have to be made again from their points
        self.rewound: set[int] = set()
        #: projects that a run has left
        self.left_projects: set[int] = set()

    def run_number(self, run_id: str, project: str | None, created: int, writer: str) -> int:
        """Return the number of a run, making its row when nothing of it has been seen before."""
        number = self.run_numbers.get(run_id)
        if number is None:
            found = self.connection.execute("SELECT number FROM run WHERE id = ?", (run_id,)).fetchone()
            number = found[0] if found else self._new_run(run_id, project, created, writer)
            self.run_numbers[run_id] = number
        self.touched.add(number)
        return number

    def project_number(self, name: str, time: int) -> int:
        """Return the number of a project, making its row when it is new."""
        found = self.connection.execute("SELECT number FROM project WHERE name = ?", (name,)).fetchone()
        if found:
            return int(found[0])
        made = self.connection.execute(
            "INSERT INTO project (name, created, changed, revision) VALUES (?, ?, 0, 0)", (name, time)
        )
        assert made.lastrowid is not None
        return made.lastrowid

    def project_of(self, run: int) -> int:
        """Return the number of a run's project."""
        return int(self.connection.execute("SELECT project FROM run WHERE number = ?", (run,)).fetchone()[0])

    def may_set(self, kind: str, owner: int, field: str, origin: int, said: Said) -> bool:
        """Tell whether a record decides over a field, and remember it if so.

        A stronger origin beats a weaker one. Among changes the last one holds, else the first one.
        """
        stamp = self.stamp(kind, owner, field)
        rank = (said.time, said.writer, said.place)
        if stamp is not None:
            if origin == stamp[0]:
                if (rank < stamp[1:]) if origin == FROM_CHANGE else (rank >= stamp[1:]):
                    return False
            elif origin < stamp[0]:
                return False
        self.connection.execute(
            "INSERT OR REPLACE INTO stamp VALUES (?, ?, ?, ?, ?, ?, ?)", (kind, owner, field, origin, *rank)
        )
        return True

    def stamp(self, kind: str, owner: int, field: str) -> tuple[int, int, str, int] | None:
        """Return (origin, time, writer, place) of the record that a field has its value from."""
        found: tuple[int, int, str, int] | None = self.connection.execute(
            "SELECT origin, time, writer, place FROM stamp WHERE kind = ? AND owner = ? AND field = ?",
            (kind, owner, field),
        ).fetchone()
        return found

    def problem(self, source: Source, code: str, message: str, count: int, time: int) -> None:
        """Show a problem on the run; a later one with the same words replaces the count."""
        self.connection.execute(
            "INSERT INTO problem (run, writer, code, message, count, first, last) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (run, writer, code, message) DO UPDATE SET"
            " count = CASE WHEN excluded.last >= last THEN excluded.count ELSE count END,"
            " first = min(first, excluded.first), last = max(last, excluded.last)",
            (source.run, source.writer, code, message, count, time, time),
        )

    def _new_run(self, run_id: str, project: str | None, created: int, writer: str) -> int:
        made = self.connection.execute(
            "INSERT INTO run (id, project, name, created, grown_at, revision) VALUES (?, ?, ?, ?, 0, 0)",
            (run_id, self.project_number(project or UNKNOWN_PROJECT, created), short_id(run_id), created),
        )
        number = made.lastrowid
        assert number is not None
        self.new_runs.add(number)
        if project is not None:
            said = Said(created, writer, 0, {})
            self.may_set("run", number, "project", FROM_HEADER, said)
            self.may_set("run", number, "created", FROM_HEADER, said)
        return number
